/** Start and stop for real: what is left of us after each way to end, and what the next start finds. */
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { ownerEmail, password } from '../support/app.ts';
import {
  dataFolder,
  endProcesses,
  freePort,
  homeOf,
  postgresPid,
  processesIn,
  startProcess,
  superuser,
  until,
  type Process,
} from '../support/process.ts';

jest.setTimeout(90_000);
afterAll(endProcesses, 60_000);

const owner = { ADMIN_EMAIL: ownerEmail, ADMIN_PASSWORD: password, RATE_LIMITS: 'off' };
const signIn = async (server: Process): Promise<string> =>
  (await server.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
const notes = {
  name: 'notes',
  kind: 'base',
  fields: [{ name: 'text', type: 'text', required: true }],
  rules: { list: 'true', create: 'true' },
};
const write = (server: Process, text: string) => server.send('POST /records/notes', { body: { text } });
const texts = async (server: Process): Promise<string[]> =>
  (await server.send('GET /records/notes?sort=created&limit=500')).body.data.map((note: { text: string }) => note.text);
const nothingLeft = async (dataDir: string): Promise<void> => {
  expect(processesIn(homeOf(dataDir))).toEqual([]);
  expect(existsSync(join(homeOf(dataDir), 'postgres/postmaster.pid'))).toBe(false);
};

describe('one data folder, through all its days', () => {
  const dataDir = dataFolder();
  let server: Process;
  const begin = async (): Promise<void> => {
    server = await startProcess(dataDir, owner);
    await server.ready();
  };

  test('the first start is ready, with the dashboard of this clone', async () => {
    await begin();
    const page = await fetch(`${server.url}/admin`);
    expect(await page.text()).toBe(readFileSync('admin-ui/dist/index.html', 'utf8'));
    expect((await fetch(`${server.url}/sdk.tgz`)).headers.get('content-type')).toBe('application/gzip');
    expect(server.said()).toContain(`/admin`);
    expect((await server.send('POST /collections', { token: await signIn(server), body: notes })).status).toBe(201);
  });

  test('a second start on the same folder is refused and names the process; the first does not notice', async () => {
    const postgres = postgresPid(dataDir);
    const second = await startProcess(dataDir, owner);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.said()).toContain(`Another Underpin (process ${server.pid}) uses the data folder ${dataDir}`);
    expect(postgresPid(dataDir)).toBe(postgres);
    expect((await write(server, 'still here')).status).toBe(201);
  });

  test('SIGTERM lets what is under way finish, takes nothing new, and leaves nothing', async () => {
    const client = await superuser(dataDir);
    await client.query('BEGIN');
    await client.query('LOCK TABLE notes IN EXCLUSIVE MODE');
    const slow = Array.from({ length: 5 }, (_, index) => write(server, `slow ${index}`));
    await until('five wait for the lock', async () => {
      const { rows } = await client.query(`SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`);
      return rows[0]?.n === 5;
    });
    server.kill('SIGTERM');
    await until('nothing new is taken', () =>
      fetch(`${server.url}/health/live`).then(
        () => false,
        () => true,
      ),
    );
    const begun = performance.now();
    await client.query('ROLLBACK');
    await client.end();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    // The callers keep their connections open; nobody waits for that.
    expect(performance.now() - begun).toBeLessThan(5_000);
    await nothingLeft(dataDir);
  });

  test('SIGINT leaves nothing', async () => {
    await begin();
    expect((await texts(server)).sort()).toEqual(['slow 0', 'slow 1', 'slow 2', 'slow 3', 'slow 4', 'still here']);
    server.kill('SIGINT');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await nothingLeft(dataDir);
  });

  test('after SIGKILL the next start takes over from the orphan, with all that was acknowledged', async () => {
    await begin();
    expect((await write(server, 'before the kill')).status).toBe(201);
    const orphan = postgresPid(dataDir);
    server.kill('SIGKILL');
    expect(await server.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(processesIn(dataDir)).toContain(orphan);
    await begin();
    expect(postgresPid(dataDir)).not.toBe(orphan);
    expect(processesIn(dataDir)).not.toContain(orphan);
    expect(await texts(server)).toContain('before the kill');
  });

  test('when Postgres is killed, requests get 503 with Retry-After for a moment, and nothing acknowledged is lost', async () => {
    const answers: { status: number; code?: string; retryAfter: string | null; ms: number }[] = [];
    const acknowledged: string[] = [];
    let going = true;
    const caller = async (name: number): Promise<void> => {
      for (let turn = 0; going; turn++) {
        const begun = performance.now();
        const text = `${name} ${turn}`;
        const answer = await (turn % 2 === 0 ? write(server, text) : server.send('GET /records/notes?limit=1'));
        const ms = performance.now() - begun;
        if (answer.status === 201) acknowledged.push(text);
        answers.push({ status: answer.status, code: answer.body.code, retryAfter: answer.headers.get('retry-after'), ms });
      }
    };
    const callers = Array.from({ length: 8 }, (_, name) => caller(name));
    await until('there is traffic', () => acknowledged.length > 50);
    const killed = postgresPid(dataDir);
    process.kill(killed, 'SIGKILL');
    await until('it is felt', () => answers.some(({ status }) => status !== 201 && status !== 200));
    const before = acknowledged.length;
    await until('it is over', () => acknowledged.length > before + 50);
    going = false;
    await Promise.all(callers);
    const refused = answers.filter(({ status }) => status >= 300);
    expect([...new Set(refused.map(({ status, code, retryAfter }) => `${status} ${code} ${retryAfter}`))]).toEqual(['503 unavailable 1']);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(10_000);
    expect(postgresPid(dataDir)).not.toBe(killed);
    await server.ready();
    const client = await superuser(dataDir);
    const { rows } = await client.query<{ text: string }>('SELECT text FROM notes');
    await client.end();
    const stored = new Set(rows.map(({ text }) => text));
    expect(acknowledged.filter((text) => !stored.has(text))).toEqual([]);
    server.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await nothingLeft(dataDir);
  });

  test('a signal while it starts leaves nothing either', async () => {
    const starting = await startProcess(dataDir, owner);
    await until('Postgres is on its way', () => processesIn(dataDir).length > 0);
    starting.kill('SIGTERM');
    expect(await starting.ended).toEqual({ code: 0, signal: null });
    await nothingLeft(dataDir);
  });
});

describe('as root in a folder that Postgres may not enter', () => {
  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  const dataDir = dataFolder(0o700);
  const parent = dirname(dataDir);
  const homes = new Set<string>();
  afterAll(() => homes.forEach((home) => rmSync(home, { recursive: true, force: true })));
  const serve = async (dir: string, work: (server: Process) => Promise<void>): Promise<void> => {
    const server = await startProcess(dir, owner);
    await server.ready();
    homes.add(homeOf(dir));
    expect(homeOf(dir)).toMatch(/^\/var\/lib\/underpin\/[0-9a-f]{12}$/);
    expect(existsSync(join(dir, 'postgres'))).toBe(false);
    await work(server);
    server.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await nothingLeft(dir);
  };

  asRoot('its data lie elsewhere and are found again, also when he may enter by now', async () => {
    await serve(dataDir, async (server) => {
      await server.send('POST /collections', { token: await signIn(server), body: notes });
      expect((await write(server, 'first')).status).toBe(201);
    });
    chmodSync(parent, 0o711);
    await serve(dataDir, async (server) => expect(await texts(server)).toEqual(['first']));
    chmodSync(parent, 0o700);
  });

  asRoot('a moved folder keeps its data; a copy is refused, and does not disturb the original', async () => {
    const moved = join(parent, 'moved');
    renameSync(dataDir, moved);
    await serve(moved, async (server) => {
      expect(await texts(server)).toEqual(['first']);
      cpSync(moved, dataDir, { recursive: true });
      rmSync(join(dataDir, 'server.pid'));
      const copy = await startProcess(dataDir, owner);
      expect(await copy.ended).toEqual({ code: 1, signal: null });
      expect(copy.said()).toContain(`Postgres's files in ${homeOf(moved)} belong to ${moved}`);
      expect((await write(server, 'second')).status).toBe(201);
    });
  });

  asRoot('a folder that was removed begins anew', async () => {
    rmSync(dataDir, { recursive: true });
    await serve(dataDir, async (server) => expect((await server.send('GET /records/notes')).status).toBe(404));
    expect(homes.size).toBe(2);
  });
});

test('a port in use is said, and no Postgres stays', async () => {
  const dataDir = dataFolder();
  const port = await freePort();
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(port, resolve));
  const server = await startProcess(dataDir, { PORT: String(port) });
  expect(await server.ended).toEqual({ code: 1, signal: null });
  blocker.close();
  expect(server.said()).toContain(`Port ${port} is in use; stop what uses it, or set PORT to another`);
  expect(server.said()).not.toMatch(/is ready|\n {4}at /);
  await nothingLeft(dataDir);
});

describe('a setting that does not fit is named, and nothing is begun', () => {
  const wrong: readonly (readonly [name: string, env: Readonly<Record<string, string>>, says: string])[] = [
    ['a port that is none', { PORT: '99999' }, 'PORT must be a whole number from 0 to 65535'],
    ['a word for a switch', { RATE_LIMITS: 'yes' }, 'RATE_LIMITS must be on or off'],
    ['another database', { DATABASE_URL: 'mysql://localhost/x' }, 'DATABASE_URL must be a URL that begins with postgres://'],
    ['a short secret', { SECRET: 'short' }, 'SECRET must have at least 32 characters'],
    ['half an admin', { ADMIN_EMAIL: 'a@example.com' }, 'ADMIN_EMAIL and ADMIN_PASSWORD go together'],
    ['a file that is not there', { SECRET_FILE: '/nowhere/secret' }, 'SECRET_FILE names a file that cannot be read'],
    ['a secret of examples', { SECRET: 'hidden-changeme-changeme-changeme' }, 'SECRET is made of words that stand in every example'],
    ['a password of examples', { DATABASE_URL: 'postgres://hidden:hidden@db/x' }, 'DATABASE_URL holds a password that is tried first'],
  ];
  test.each(wrong)('%s', async (_name, env, says) => {
    const dataDir = dataFolder();
    const server = await startProcess(dataDir, { PORT: '0', ...env });
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.said()).toContain(says);
    expect(server.said()).not.toMatch(/hidden|\n {4}at /);
    expect(existsSync(join(dataDir, 'postgres'))).toBe(false);
  });
});
