/** The compose file and the Dockerfile, held against the table of settings, what they promise, and what both kinds of Compose read. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig, settings } from '../../src/kit/config.ts';
import { readDoc } from '../support/markdown.ts';

const texts = z.record(z.string(), z.string());
const service = z.object({
  image: z.string(),
  build: z.unknown().optional(),
  pull_policy: z.string().optional(),
  environment: texts.default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  network_mode: z.string().optional(),
  depends_on: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  healthcheck: z
    .object({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.number() })
    .strict()
    .optional(),
  restart: z.string().optional(),
  profiles: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  user: z.string().optional(),
  mem_limit: z.string().optional(),
  stop_grace_period: z.string().optional(),
  logging: z.object({ options: texts }).optional(),
});
const shape = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  volumes: z.record(z.string(), z.object({})),
});

const text = readDoc('docker-compose.yml');
const file: Record<string, unknown> = parse(text, { merge: true });
const { services, networks, volumes } = shape.parse(file);
const all = Object.entries(services);
const ours = all.filter(([, { image }]) => image === 'underpin:local');
const lasting = all.filter(([name]) => name !== 'secrets');
const dockerfile = readDoc('Dockerfile');
const example = readDoc('.env.example');
const page = readDoc('docs/how-to/self-host.md');
/** What is meant for Compose, and is no setting of the server. */
const composeOnly = ['BIND', 'PROXY_PORT'];
/** `${NAME:-default}`, each once. */
const variables = new Map([...text.matchAll(/\$\{([A-Z0-9_]+)(:-([^}]*))?\}/g)].map(([, name = '', , fallback]) => [name, fallback]));

describe('settings', () => {
  test.each(ours)('%s is given settings that there are', (_name, { environment }) => {
    for (const name of Object.keys(environment)) expect(Object.keys(settings)).toContain(name.replace(/_FILE$/, ''));
  });
  test('so is the image', () => {
    const given = [...dockerfile.matchAll(/^ENV (.+)$/gm)].flatMap(([, pairs = '']) => pairs.split(' ').map((pair) => pair.split('=')[0]));
    expect(given).toEqual(['NODE_ENV', 'DATA_DIR']);
    for (const name of given.slice(1)) expect(Object.keys(settings)).toContain(name);
  });
  test('twelve variables at most may be set, and each is a setting or meant for Compose alone', () => {
    expect(variables.size).toBeGreaterThan(5);
    expect(variables.size).toBeLessThanOrEqual(12);
    for (const name of variables.keys()) expect([...Object.keys(settings), ...composeOnly]).toContain(name);
    for (const [name, { environment }] of ours)
      for (const [setting, value] of Object.entries(environment))
        if (value.includes('$')) expect(`${name}: ${value}`).toMatch(new RegExp(`^${name}: \\$\\{${setting}:-[^}]*\\}$`));
  });
  test('each has a default, which is the one of the server: without a .env the configuration is as without any', () => {
    expect([...variables.values()]).not.toContain(undefined);
    const given = Object.fromEntries([...variables].filter(([name]) => !composeOnly.includes(name)));
    expect(parseConfig(given).config).toEqual(parseConfig({}).config);
  });
  test('each stands in .env.example with its default and a sentence, and no other does', () => {
    const shown = [...example.matchAll(/^# (.+)\n# ([A-Z0-9_]+)=(.*)$/gm)].map(([, about = '', name = '', value = '']) => ({
      about,
      name,
      value,
    }));
    expect([...example.matchAll(/^#? ?([A-Z0-9_]+)=/gm)]).toHaveLength(shown.length);
    expect(Object.fromEntries(shown.map(({ name, value }) => [name, value]))).toEqual(Object.fromEntries(variables));
    for (const { about } of shown) expect(about.length).toBeGreaterThan(20);
  });
  test('each is explained on the page', () => {
    const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name = '']) => name);
    expect(rows.toSorted()).toEqual([...variables.keys()].toSorted());
  });
});

describe('safe as it stands', () => {
  test('no secret stands in it: what is one comes from a file, or from who writes a .env', () => {
    for (const [, { environment }] of all)
      for (const [name, value] of Object.entries(environment)) {
        if (/SECRET|PASSWORD|_URL|KEY/.test(name) && !name.endsWith('_FILE')) expect(`${name}=${value}`).toBe(`${name}=\${${name}:-}`);
        if (name.endsWith('_FILE')) expect(value).toMatch(/^\/secrets\//);
      }
  });
  test('only the app is reached from outside, and the proxy before two of them', () => {
    expect(all.filter(([, { ports }]) => ports.length > 0).map(([name]) => name)).toEqual(['app', 'proxy']);
    expect(services['proxy']?.profiles).toEqual(['scale']);
  });
  test('the database and the queue are where nobody is reached from and nobody reaches', () => {
    expect(networks['inside']?.internal).toBe(true);
    for (const name of ['db', 'redis']) expect(services[name]?.networks).toEqual(['inside']);
    expect(services['secrets']?.network_mode).toBe('none');
  });
  test.each(all)('%s has no right, nothing to write to and no more memory than it needs', (_name, one) => {
    expect(one).toMatchObject({ read_only: true, cap_drop: ['ALL'], cap_add: [], security_opt: ['no-new-privileges:true'] });
    expect(one.mem_limit).toMatch(/^\d+[mg]$/);
    expect(one.logging?.options).toHaveProperty('max-size');
    // Ours says in its image who it is.
    if (one.image !== 'underpin:local') expect(one.user).toMatch(/^(postgres|redis|\d+:\d+)$/);
  });
  test.each(lasting)('%s comes back, is looked after and has time to end', (name, one) => {
    expect(one.restart).toBe('unless-stopped');
    expect(one.stop_grace_period).toMatch(/^\d+s$/);
    if (one.image !== 'underpin:local') expect([name, one.healthcheck]).not.toContain(undefined);
  });
  test('nobody begins before what he needs is there', () => {
    const waits = (name: string): unknown => services[name]?.depends_on;
    for (const name of ['db', 'redis']) expect(waits(name)).toEqual({ secrets: { condition: 'service_completed_successfully' } });
    for (const name of ['app', 'app2', 'worker'])
      expect(waits(name)).toEqual({ db: { condition: 'service_healthy' }, redis: { condition: 'service_healthy' } });
  });
  test('each sees the secrets that are his', () => {
    const seen = (name: string): readonly string[] => (services[name]?.volumes ?? []).filter((one) => one.startsWith('secrets-'));
    for (const [name] of ours.filter(([one]) => one !== 'secrets')) expect(seen(name)).toEqual(['secrets-app:/secrets/app:ro']);
    expect(seen('redis')).toEqual(['secrets-redis:/secrets/redis:ro']);
    expect(seen('db')).toEqual(['secrets-db:/secrets/db:ro', 'secrets-db:/docker-entrypoint-initdb.d:ro']);
    expect(seen('proxy')).toEqual([]);
    for (const one of Object.keys(volumes)) expect(page).toContain(`\`${one}\``);
  });
  test('the database keeps its log for live queries, and a bounded part of it', () => {
    expect(text).toContain('-cwal_level=logical');
    expect(text).toMatch(/-cmax_slot_wal_keep_size=\d+GB/);
    expect(services['db']?.volumes).toContain('db:/var/lib/postgresql');
    expect(text).toMatch(/--appendonly, 'yes'/);
    expect(text).toContain('noeviction');
  });
});

describe('what reads it', () => {
  test('docker-compose 1.29 knows all of it', () => {
    for (const key of ['version', 'name', 'include', 'configs', 'models']) expect(file).not.toHaveProperty(key);
    for (const key of ['env_file', 'develop', 'required:', 'start_interval', 'deploy:', 'post_start', 'extends'])
      expect(text).not.toContain(key);
    // It puts no second default into a default.
    expect(text).not.toMatch(/\$\{[^}]*\$\{/);
  });
  test('the classic builder knows all of the Dockerfile', () => {
    expect(dockerfile).not.toMatch(/^# *syntax|--mount|--link|<<|COPY --chmod/m);
  });
  test('one builds the image, so that it is built once, and it is the first', () => {
    expect(all.filter(([, { build }]) => build !== undefined).map(([name]) => name)).toEqual(['secrets']);
    // Nor is it looked for in a registry, where somebody else could have put one of that name.
    for (const [, { pull_policy }] of ours) expect(pull_policy).toBe('never');
  });
});

describe('the image', () => {
  test('is made from one base image, with glibc, that may be another', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:24-bookworm-slim$/m);
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(new Set(bases)).toEqual(new Set(['${NODE_IMAGE}']));
  });
  test('runs as nobody in particular, and says how it is', () => {
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK .*CMD \["bash", "\/app\/docker\/healthy.sh"\]$/m);
    // Not by a shell, which would keep signals to itself.
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", /m);
  });
  test('every native package that it needs is there for both kinds of processor', () => {
    const lock = z
      .object({
        packages: z.record(
          z.string(),
          z.object({
            os: z.array(z.string()).optional(),
            cpu: z.array(z.string()).optional(),
            libc: z.array(z.string()).optional(),
            dev: z.boolean().default(false),
            integrity: z.string().optional(),
          }),
        ),
      })
      .parse(JSON.parse(readDoc('package-lock.json')));
    const native = Object.entries(lock.packages).filter(
      ([, { os, cpu, dev, libc }]) =>
        os?.includes('linux') === true && cpu?.includes('x64') === true && !dev && libc?.includes('musl') !== true,
    );
    expect(native.map(([name]) => name)).toEqual(
      expect.arrayContaining([expect.stringContaining('argon2'), expect.stringContaining('sharp')]),
    );
    for (const [name] of native) {
      const other = lock.packages[name.replace('x64', 'arm64')];
      expect([name, other?.cpu, typeof other?.integrity]).toEqual([name, ['arm64'], 'string']);
    }
  });
});
