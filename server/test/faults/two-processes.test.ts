/** Two processes on one database: what one changes holds in the other within a second. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import pg from 'pg';
import { ownerEmail, password, testSecret } from '../support/app.ts';
import { connectLive, type LiveClient } from '../support/live.ts';
import { dataFolder, endProcesses, postgresPort, startProcess, until, type Process } from '../support/process.ts';

jest.setTimeout(60_000);
const env = { SECRET: testSecret, RATE_LIMITS: 'off', ADMIN_EMAIL: ownerEmail, ADMIN_PASSWORD: password };
const within = 5_000;
let one: Process;
let other: Process;
let database = '';
let token = '';
let clients: readonly LiveClient[] = [];

beforeAll(async () => {
  const dataDir = dataFolder();
  one = await startProcess(dataDir, env);
  await one.ready();
  const login = readFileSync(join(dataDir, 'postgres.login'), 'utf8').trim();
  database = `postgres://underpin:${login}@127.0.0.1:${postgresPort(dataDir)}/underpin`;
  other = await startProcess(dataFolder(), { ...env, DATABASE_URL: database });
  await other.ready();
  token = (await one.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
}, 90_000);
afterAll(async () => {
  for (const client of clients) client.close();
  other?.kill('SIGTERM');
  expect(await other?.ended).toEqual({ code: 0, signal: null });
  await endProcesses();
}, 60_000);

test('the second needs no Postgres of its own, and knows the collections and the admin of the first', async () => {
  const fields = [
    { name: 'title', type: 'text', required: true },
    { name: 'views', type: 'number', default: 0 },
  ];
  const made = await one.send('POST /collections', {
    token,
    body: { name: 'posts', kind: 'base', fields, rules: { list: 'true', create: 'true' } },
  });
  expect(made.status).toBe(201);
  expect((await other.send('GET /collections/posts', { token })).body.hash).toBe(made.body.hash);
  expect((await other.send('POST /records/posts', { body: { title: 'a' } })).status).toBe(201);
  expect((await one.send('GET /records/posts')).body.data).toMatchObject([{ title: 'a', views: 0 }]);
  expect(await one.send('GET /auth/_admins/me', { token })).toMatchObject({ status: 200 });
});

test('a rename in one is served by the other within a second; no request meanwhile fails but by name', async () => {
  const seen: string[] = [];
  let going = true;
  const caller = async (request: string, body?: unknown): Promise<void> => {
    while (going) {
      const answer = await other.send(request, body === undefined ? {} : { body });
      const names = answer.body.errors?.map((error: { code: string }) => error.code).join() ?? '';
      seen.push(`${request.split('?')[0]} ${answer.status} ${answer.body.code ?? ''} ${names}`.trim());
    }
  };
  const callers = [
    caller('GET /records/posts?limit=1'),
    caller('GET /records/posts?limit=1&sort=title'),
    caller(`GET /records/posts?limit=1&filter=${encodeURIComponent('title == "a"')}`),
    caller('POST /records/posts', { title: 'old name' }),
    caller('POST /records/posts', { headline: 'new name' }),
  ];
  await until('there is traffic', () => seen.length > 100);
  const definition = (await one.send('GET /collections/posts', { token })).body;
  const fields = definition.fields.map((field: { name: string }) => (field.name === 'title' ? { ...field, name: 'headline' } : field));
  expect((await one.send('PATCH /collections/posts', { token, body: { fields } })).status).toBe(200);
  const changed = performance.now();
  await until('the other serves the new name', async () => 'headline' in (await other.send('GET /records/posts?limit=1')).body.data[0]);
  expect(performance.now() - changed).toBeLessThan(within);
  const renamed = seen.length;
  await until('there is traffic after it', () => seen.length > renamed + 100);
  going = false;
  await Promise.all(callers);
  expect([...new Set(seen)].sort()).toEqual([
    'GET /records/posts 200',
    'GET /records/posts 400 unknown_field unknown_field',
    'POST /records/posts 201',
    'POST /records/posts 400 unknown_field unknown_field',
  ]);
  const { total } = (await other.send('GET /records/posts?count=exact&limit=1')).body.page;
  expect(total).toBe(seen.filter((line) => line === 'POST /records/posts 201').length + 1);
});

test('a session ended in one has ended in the other within a second', async () => {
  const { accessToken, refreshToken } = (
    await one.send('POST /auth/users/sign-up', { body: { email: 'ann@example.com', password, name: 'ann' } })
  ).body;
  const me = () => other.send('GET /auth/users/me', { token: accessToken });
  expect((await me()).status).toBe(200);
  expect((await one.send('POST /auth/users/sign-out', { token: accessToken, body: { refreshToken } })).status).toBe(204);
  const ended = performance.now();
  await until('it is refused', async () => (await me()).status === 401);
  expect(performance.now() - ended).toBeLessThan(within);
  expect((await other.send('POST /auth/users/refresh', { body: { refreshToken } })).status).toBe(401);
  expect((await one.send('GET /auth/_admins/me', { token })).status).toBe(200);
});

test('a rule tightened in one holds in the other within a second', async () => {
  expect((await other.send('GET /records/posts')).status).toBe(200);
  expect((await one.send('PATCH /collections/posts', { token, body: { rules: { list: null } } })).status).toBe(200);
  const tightened = performance.now();
  await until('it is refused', async () => (await other.send('GET /records/posts')).status !== 200);
  expect(performance.now() - tightened).toBeLessThan(within);
});

test('live queries are served by the one that reads the log; the other says so, and serves all else', async () => {
  clients = [one, other].map(({ url }) => connectLive(url, { token: () => token }));
  const queries = clients.map((client) => client.follow({ collection: 'posts' }));
  const isParted = (): boolean => queries.some(({ state }) => state === 'in') && queries.some(({ problem }) => problem !== undefined);
  await until('one follows, and the other is told why not', isParted);
  const leads = queries[0]?.state === 'in' ? 0 : 1;
  const [first, second] = leads === 0 ? queries : queries.toReversed();
  expect(second?.problem).toMatchObject({ status: 503, code: 'unavailable', detail: 'Another process reads the log of changes.' });
  const follower = leads === 0 ? other : one;
  expect(await follower.send('GET /records/posts/live', { token })).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  const before = first?.rows.size ?? 0;
  expect((await follower.send('POST /records/posts', { token, body: { headline: 'from the other' } })).status).toBe(201);
  await until('what the other wrote is told', () => first?.rows.size === before + 1);
  expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
});

/** What a socket is answered before it is one. */
const handshake = (url: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const asked = get(`${url}/realtime/?EIO=4&transport=websocket`, { headers }, (answer) => resolve(answer.resume().statusCode));
    asked.once('upgrade', (answer, socket) => resolve((socket.destroy(), answer.statusCode)));
    asked.once('error', reject);
  });

test('whose log another took over sends everybody away, and who comes is answered 503, so that a proxy asks the next', async () => {
  const third = new pg.Client({ connectionString: database });
  await third.connect();
  const statuses = (): Promise<(number | undefined)[]> => Promise.all([one, other].map(({ url }) => handshake(url)));
  expect((await statuses()).sort()).toEqual([101, 503]);
  const leader = clients.find(({ socket }) => socket.connected);
  const left = new Promise<string>((resolve) => leader?.socket.once('disconnect', resolve));
  // Waits in the line for the log, and so comes before both when the connection of the one who reads is cut.
  const taken = third.query(`SELECT pg_advisory_lock(${0x756e6474})`);
  const cutter = new pg.Client({ connectionString: database });
  await cutter.connect();
  await until('the third waits', async () => {
    const { rows } = await cutter.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    return rows.length > 0;
  });
  await cutter.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'");
  await taken;
  expect(await left).toBe('io server disconnect');
  await until('both send away who comes', async () => (await statuses()).join() === '503,503');
  expect(await one.send('GET /records/posts/live', { token })).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect((await one.send('POST /records/posts', { token, body: { headline: 'all the same' } })).status).toBe(201);
  await third.end();
  await cutter.end();
  await until('one of both reads again', async () => (await statuses()).sort().join() === '101,503');
});

test('a worker never reads the log, though nobody else does', async () => {
  const third = new pg.Client({ connectionString: database });
  await third.connect();
  const worker = await startProcess(dataFolder(), { ...env, DATABASE_URL: database, ROLE: 'worker' });
  await worker.ready();
  const cut = async (): Promise<void> => {
    await third.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'");
  };
  for (let times = 0; times < 5; times++) {
    await cut();
    await until('one of both reads again', async () => {
      const statuses = await Promise.all([one, other].map(({ url }) => handshake(url)));
      return statuses.includes(101);
    });
    expect(await handshake(worker.url)).toBe(503);
  }
  expect(await worker.send('GET /records/posts/live', { token })).toMatchObject({
    status: 503,
    body: { code: 'unavailable', detail: 'This process does jobs and does not read the log of changes.' },
  });
  expect((await worker.send('GET /records/posts', { token })).status).toBe(200);
  worker.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  await third.end();
});
