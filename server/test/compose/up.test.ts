/** The stack from nothing: how long it takes and what it weighs, the main walk with the installed client, and all of it after down and up. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { docker, run, tell } from './engine.ts';
import { makeOwner, makeStack, owner, setupToken, signIn, up, type Stack } from './stack.ts';

const mostMemory = 200;
const folder = mkdtempSync(join(tmpdir(), 'underpin-walk-'));
let stack: Stack;
let made: Readonly<Record<'id' | 'file' | 'sha256' | 'refreshToken' | 'user', string>>;
let secrets = '';
const watched = (work: () => Promise<void>) => () => stack.watched(work)();

beforeAll(async () => {
  stack = await makeStack('up');
}, 60_000);
afterAll(async () => {
  await stack?.end();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const secretsOf = async (): Promise<string> => {
  const volumes = ['app', 'db', 'redis'].flatMap((name) => ['-v', `${stack.name}_secrets-${name}:/seen/${name}:ro`]);
  return docker(
    'run',
    '--rm',
    '--user=0',
    '--network=none',
    ...volumes,
    '--entrypoint=sh',
    'underpin:local',
    '-c',
    'grep -r . /seen | sort',
  );
};

test('the file is read without a warning and without any setting', async () => {
  const bare = await stack.tryCompose('config');
  expect([bare.code, bare.stderr]).toEqual([0, '']);
  expect(bare.stdout).toContain('underpin:local');
});

test(
  'everything is built, started and healthy by one command',
  watched(async () => {
    const begun = performance.now();
    await stack.compose('build');
    tell(`built in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    tell(`up and healthy after ${(await up(stack)).toFixed(1)} s`);
    expect(await stack.inspect('secrets', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 0');
    secrets = await secretsOf();
  }),
  900_000,
);

test(
  `the app is idle with at most ${mostMemory} MiB`,
  watched(async () => {
    await pause(10_000);
    const images = await Promise.all(['app', 'db', 'redis'].map((service) => stack.inspect(service, '{{.Config.Image}}')));
    for (const image of images)
      tell(`image ${image}: ${(Number(await docker('image', 'inspect', '-f', '{{.Size}}', image)) / 1e6).toFixed(0)} MB`);
    const used = async (service: string): Promise<number> => {
      const text = await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', await stack.container(service));
      const [, number = '', unit = ''] = /^([\d.]+)([KMG]i)?B/.exec(text) ?? [];
      return Number(number) * ({ Ki: 1 / 1024, Mi: 1, Gi: 1024 }[unit] ?? 0);
    };
    for (const service of ['app', 'db', 'redis']) tell(`memory of ${service}, idle: ${(await used(service)).toFixed(0)} MiB`);
    const memory = await used('app');
    expect(memory).toBeGreaterThan(20);
    expect(memory).toBeLessThanOrEqual(mostMemory);
  }),
  60_000,
);

test(
  'the setup link of the log makes the owner, once',
  watched(async () => {
    const token = await setupToken(stack);
    expect(token).toMatch(/^[\w-]{40,}$/);
    await makeOwner(stack);
    expect((await stack.send('POST /ops/setup', { body: { token, ...owner } })).status).toBe(404);
  }),
  30_000,
);

test(
  'the client that the server gives away does its whole work over the published port',
  watched(async () => {
    const how = { cwd: folder, env: { npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, '.npm') } };
    await run('npm', ['install', `${stack.url}/sdk.tgz`, '--no-audit', '--no-fund', '--ignore-scripts'], how);
    copyFileSync('server/test/compose/walk.mjs', join(folder, 'walk.mjs'));
    const { stdout } = await run(process.execPath, ['walk.mjs', stack.url, owner.email, owner.password], how);
    made = JSON.parse(stdout);
    expect(made.sha256).toMatch(/^[0-9a-f]{64}$/);
  }),
  120_000,
);

test(
  'after down and up all of it is there: record, file, account, session, secrets; and no setup is offered',
  watched(async () => {
    await stack.compose('down');
    expect(await stack.containers()).toEqual([]);
    tell(`up again and healthy after ${(await up(stack)).toFixed(1)} s`);
    expect(await secretsOf()).toBe(secrets);
    expect(secrets.split('\n').length).toBeGreaterThan(6);
    expect(await setupToken(stack)).toBeUndefined();

    const refreshed = await stack.send('POST /auth/users/refresh', { body: { refreshToken: made.refreshToken } });
    expect([refreshed.status, refreshed.body.record?.id]).toEqual([200, made.user]);
    const token = refreshed.body.accessToken;
    const note = await stack.send(`GET /records/notes/${made.id}`, { token });
    expect([note.status, note.body.title, note.body.scan?.id, note.body.author]).toEqual([200, 'first', made.file, made.user]);
    const file = await fetch(`${stack.url}/api/v1/files/${made.file}`, { headers: { authorization: `Bearer ${token}` } });
    expect(file.status).toBe(200);
    expect(
      createHash('sha256')
        .update(Buffer.from(await file.arrayBuffer()))
        .digest('hex'),
    ).toBe(made.sha256);
    expect((await stack.send('GET /records/notes', { token })).body.data).toHaveLength(2);
    expect((await stack.send('GET /ops/queues', { token: await signIn(stack) })).status).toBe(200);
  }),
  400_000,
);
