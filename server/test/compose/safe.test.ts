/** What a stack shows and what it may: one port, no way out for the databases, no right in a container, no secret but in its files. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { docker, tell, tryDocker } from './engine.ts';
import { makeOwner, makeStack, profiles, up, type Stack } from './stack.ts';

const all = profiles.flatMap((profile) => ['--profile', profile]);
const nodes = ['app', 'app2', 'worker'] as const;
const running = ['db', 'redis', 'proxy', ...nodes] as const;
let stack: Stack;
let secrets: readonly string[] = [];

/** Every file of the secrets of a stack, by its path. */
async function secretsOf(name: string): Promise<readonly string[]> {
  const volumes = ['app', 'db', 'redis'].flatMap((part) => ['-v', `${name}_secrets-${part}:/seen/${part}:ro`]);
  const found = await docker(
    'run',
    '--rm',
    '--user=0',
    '--network=none',
    ...volumes,
    '--entrypoint=sh',
    'underpin:local',
    '-c',
    'grep -rh . /seen',
  );
  // What is random in them is hex.
  return [...new Set(found.match(/[0-9a-f]{32,}/g) ?? [])];
}
const linesOf = async (service: string, file: string): Promise<Readonly<Record<string, string>>> => {
  const { stdout } = await stack.inside(service, 'cat', file);
  return Object.fromEntries(
    stdout.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(/:\s*/);
      return [name, value.trim()];
    }),
  );
};

beforeAll(async () => {
  stack = await makeStack('safe');
  await stack.compose('build');
  await up(stack, running, all);
  await makeOwner(stack);
  secrets = await secretsOf(stack.name);
}, 900_000);
afterAll(() => stack?.end(), 120_000);

test('only the app and the proxy are reached from outside, where BIND says', async () => {
  const ports = await Promise.all(
    (await stack.containers()).map(async (id) => [
      await docker('inspect', '-f', '{{index .Config.Labels "com.docker.compose.service"}}', id),
      await docker(
        'inspect',
        '-f',
        '{{range $port, $to := .NetworkSettings.Ports}}{{range $to}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}',
        id,
      ),
    ]),
  );
  const open = ports.map(([service, to = '']) => [service, to.trim()] as const).filter(([, to]) => to !== '');
  expect(Object.fromEntries(open)).toEqual({ app: stack.url.replace('http://', ''), proxy: stack.proxyUrl.replace('http://', '') });
});

describe.each(['db', 'redis'])('%s', (service) => {
  test('is in the inner network alone', async () => {
    expect(await stack.inspect(service, '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}')).toBe(`${stack.name}_inside`);
    expect(await docker('network', 'inspect', '-f', '{{.Internal}}', `${stack.name}_inside`)).toBe('true');
  });
  test('reaches nobody in another network, as the app does', async () => {
    const proxy = await stack.inspect('proxy', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    const reaches = async (name: string): Promise<boolean> =>
      (await stack.inside(name, 'timeout', '3', 'bash', '-c', `exec 3<>/dev/tcp/${proxy}/8701`)).code === 0;
    expect([await reaches('app'), await reaches(service)]).toEqual([true, false]);
  });
});

describe.each(running)('a process in %s', (service) => {
  test('is not root, has no capability and gets none', async () => {
    const status = await linesOf(service, '/proc/1/status');
    expect(status['Uid']?.split(/\s+/)).not.toContain('0');
    const none = '0'.repeat(16);
    expect([status['CapEff'], status['CapPrm'], status['CapBnd'], status['NoNewPrivs']]).toEqual([none, none, none, '1']);
    expect(await stack.inspect(service, '{{.HostConfig.Privileged}}')).toBe('false');
  });
  test('cannot write to its own image', async () => {
    expect(await stack.inspect(service, '{{.HostConfig.ReadonlyRootfs}}')).toBe('true');
    for (const folder of ['/', '/usr/local/bin', '/etc', ...(service.startsWith('app') || service === 'worker' ? ['/app'] : [])]) {
      const { code, stderr } = await stack.inside(service, 'touch', `${folder}/made`);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/Read-only file system|Permission denied/)]);
    }
  });
  test('has what it is held to: memory, a log that ends', async () => {
    expect(Number(await stack.inspect(service, '{{.HostConfig.Memory}}'))).toBeGreaterThan(0);
    expect(await stack.inspect(service, '{{index .HostConfig.LogConfig.Config "max-size"}}')).toMatch(/^\d+m$/);
  });
});

describe('secrets', () => {
  test('are random, and those of another stack are others', async () => {
    expect(secrets.length).toBeGreaterThanOrEqual(4);
    const other = await makeStack('other');
    try {
      await other.compose('run', '--rm', 'secrets');
      const first = await secretsOf(other.name);
      expect(first).toHaveLength(secrets.length);
      expect(first.filter((secret) => secrets.includes(secret))).toEqual([]);
      await other.compose('run', '--rm', 'secrets');
      expect(await secretsOf(other.name)).toEqual(first);
      await other.compose('down', '--volumes');
      await other.compose('run', '--rm', 'secrets');
      expect((await secretsOf(other.name)).filter((secret) => first.includes(secret))).toEqual([]);
    } finally {
      await other.end();
    }
  }, 120_000);

  test('stand in no environment, no command, no image and no log', async () => {
    const images = await Promise.all(running.map((service) => stack.inspect(service, '{{.Image}}')));
    const { stdout: logs } = await stack.compose('logs', '--no-color');
    const told = [
      await docker('inspect', ...(await stack.containers())),
      await docker('image', 'inspect', ...images),
      (await Promise.all(images.map((image) => docker('history', '--no-trunc', image)))).join('\n'),
      (await stack.compose('config')).stdout,
      logs,
    ];
    expect(told[0]).toContain('DATABASE_URL_FILE');
    expect(logs).toContain('Underpin is ready');
    expect(secrets.filter((secret) => told.some((text) => text.includes(secret)))).toEqual([]);
  });

  test('each container has its own and no other', async () => {
    const hasFile = async (service: string, file: string): Promise<boolean> => (await stack.inside(service, 'ls', file)).code === 0;
    const seen = ['/secrets/app/secret', '/secrets/db/password', '/secrets/redis/password'];
    const by = async (service: string): Promise<boolean[]> => Promise.all(seen.map((file) => hasFile(service, file)));
    expect(await by('app')).toEqual([true, false, false]);
    expect(await by('db')).toEqual([false, true, false]);
    expect(await by('redis')).toEqual([false, false, true]);
    expect(await by('proxy')).toEqual([false, false, false]);
  });
});

describe('the proxy', () => {
  test('has both nodes, whatever a request wishes for or is', async () => {
    const statuses = async (count: number, path: string): Promise<readonly number[]> =>
      Promise.all(Array.from({ length: count }, async () => (await fetch(`${stack.proxyUrl}${path}`)).status));
    const wishes = Array.from({ length: 5 }, () =>
      stack.inside(
        'proxy',
        'bash',
        '-c',
        'exec 3<>/dev/tcp/127.0.0.1/8701; printf "GET /health/live HTTP/1.1\\r\\nHost: x\\r\\nConnection: Upgrade, close\\r\\nUpgrade: h2c\\r\\n\\r\\n" >&3; head -1 <&3',
      ),
    );
    expect(await statuses(50, '/health/live')).toEqual(Array.from({ length: 50 }, () => 200));
    for (const { stdout } of await Promise.all(wishes)) expect(stdout).toMatch(/^HTTP\/1.1 200/);
  });

  test('answers what is no request with a code, as the server does', async () => {
    const answer = await fetch(`${stack.proxyUrl}/%zz`);
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
      400,
      'application/problem+json',
      expect.objectContaining({ code: 'invalid_request', status: 400 }),
    ]);
  });

  test('says unavailable while no node is there', async () => {
    await stack.compose(...all, 'stop', 'app', 'app2');
    const away = await fetch(`${stack.proxyUrl}/api/v1/records/notes`, { method: 'DELETE' });
    expect([away.status, away.headers.get('retry-after'), await away.json()]).toEqual([
      503,
      '1',
      expect.objectContaining({ code: 'unavailable', status: 503 }),
    ]);
    await stack.compose(...all, 'start', 'app', 'app2');
    for (const service of ['app', 'app2', 'proxy']) await stack.healthy(service);
    expect((await fetch(`${stack.proxyUrl}/health/ready`)).status).toBe(200);
  }, 120_000);
});

test('the login of the app is no superuser, and Redis asks for its password', async () => {
  expect(await stack.sql(`SELECT rolsuper, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = 'underpin'`)).toEqual(['f|f|t']);
  const users = await stack.sql(`SELECT DISTINCT usename FROM pg_stat_activity WHERE client_addr IS NOT NULL`);
  expect(users.filter((user) => user !== 'underpin')).toEqual([]);
  expect((await stack.inside('redis', 'redis-cli', 'ping')).stdout).toContain('NOAUTH');
});

describe('the image by itself', () => {
  let serial = 0;
  // With a name, so that one that does not end is taken away with the stacks.
  const start = (...settings: readonly string[]) =>
    tryDocker(
      'run',
      '--rm',
      `--name=${stack.name}-${++serial}`,
      '--network=none',
      ...settings.flatMap((setting) => ['-e', setting]),
      'underpin:local',
    );

  test('does not start with a secret that can be guessed', async () => {
    const { code, stdout, stderr } = await start(`SECRET=${'a'.repeat(40)}`, 'DATABASE_URL=postgres://underpin:x@127.0.0.1:1/underpin');
    expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringMatching(/SECRET/)]);
  }, 60_000);

  test('says that it needs a Postgres', async () => {
    const { code, stdout, stderr } = await start();
    expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringMatching(/DATABASE_URL/)]);
    expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at /);
  }, 60_000);
});

describe('in the container of the app', () => {
  test('the doctor finds nothing to mend', async () => {
    const { code, stdout, stderr } = await stack.inside('app', 'underpin', 'doctor');
    tell(stdout.trimEnd().replaceAll('\n', '\n    '));
    expect([code, stderr, stdout.split('\n').filter((line) => line.startsWith('MEND'))]).toEqual([0, '', []]);
    expect(stdout).toMatch(/^ok +wal_level/m);
  }, 60_000);

  test('the settings are shown, and secrets are not', async () => {
    const { code, stdout } = await stack.inside('app', 'underpin', 'config', 'show');
    expect(code).toBe(0);
    expect(stdout).toMatch(/DATABASE_URL/);
    expect(stdout).toMatch(/REDIS_URL/);
    expect(secrets.filter((secret) => stdout.includes(secret))).toEqual([]);
  }, 60_000);
});
