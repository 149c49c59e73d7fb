/** Many who follow: each his own view and nothing after his right ended; who reads nothing, and who floods, costs nobody else. */
import { createConnection, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import { startTestApp, type TestApp } from '../support/app.ts';
import { connectLive, type Followed, type LiveClient, type LiveClientOptions } from '../support/live.ts';
import { until } from '../support/process.ts';

let up: TestApp;
const clients: LiveClient[] = [];
const follow = async (options: LiveClientOptions, query: object = {}): Promise<Followed> => {
  const client = connectLive(up.url, options);
  clients.push(client);
  const one = client.follow({ collection: 'notes', ...query });
  await until('it is there', () => one.state === 'in');
  return one;
};
async function start(...given: Parameters<typeof startTestApp>): Promise<void> {
  up = await startTestApp(...given);
  const body = {
    name: 'notes',
    fields: [
      { name: 'title', type: 'text', max: 200_000 },
      { name: 'state', type: 'text' },
      { name: 'owner', type: 'relation', to: 'users' },
      { name: 'secret', type: 'text', rules: { read: 'owner == auth.id' } },
    ],
    rules: { list: 'state != "draft" || owner == auth.id' },
  };
  const answer = await up.send('POST /collections', { token: up.owner, body });
  if (answer.status !== 201) throw new Error(answer.text);
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await up.close();
});

test('200 of five roles: each has its own view, and nothing after its right ended', async () => {
  await start();
  const [ann, ben] = [await up.account('ann'), await up.account('ben')];
  const scopes = [{ on: 'records:notes', actions: ['list', 'view'], filter: 'state == "open"' }];
  const made = (await up.send('POST /records/_api_keys', { token: up.owner, body: { name: 'k', scopes, account: null } })).body;
  const roles: readonly (string | undefined)[] = [undefined, ann.token, ben.token, up.owner, made.key];
  const all = await Promise.all(
    Array.from({ length: 200 }, (_none, n) => follow({ token: () => roles[n % 5] }, n % 2 ? { sort: ['title'], limit: 20 } : {})),
  );
  const change = (n: number) =>
    up.sql(
      `INSERT INTO notes (id, title, state, owner, secret) VALUES ($1, $2, $3, $4, 'of the owner')
       ON CONFLICT (id) DO UPDATE SET title = excluded.title, state = excluded.state, owner = excluded.owner`,
      [
        `00000000-0000-4000-8000-${String(n % 40).padStart(12, '0')}`,
        `n${n}`,
        ['open', 'draft', 'done'][n % 3],
        [ann.id, ben.id, null][(n >> 2) % 3],
      ],
    );
  const isWhole = async (role: number): Promise<void> => {
    const token = roles[role];
    const ask = async (more: object): Promise<string> => {
      const { body } = await up.send('POST /records/notes/query', {
        ...(token === undefined ? {} : { token }),
        body: { limit: 500, ...more },
      });
      return textOf(body.data);
    };
    const wanted = [await ask({}), await ask({ sort: ['title'], limit: 20 })];
    for (const [n, one] of all.entries())
      if (n % 5 === role) await until(`${n} sees what it may`, () => textOf([...one.rows.values()]) === wanted[n % 2]);
  };
  for (let n = 0; n < 150; n++) await change(n);
  for (let role = 0; role < 5; role++) await isWhole(role);
  // Five views, and none is another's.
  expect(new Set([0, 2, 4, 6, 8].map((n) => textOf([...(all[n]?.rows.values() ?? [])]))).size).toBe(5);

  await Promise.all([
    up.send('POST /auth/users/sign-out', { token: ann.token }),
    up.sql('UPDATE users SET disabled = true WHERE id = $1', [ben.id]),
    up.send(`DELETE /records/_api_keys/${made.id}`, { token: up.owner }),
  ]);
  const refused = all.filter((_one, n) => [1, 2, 4].includes(n % 5));
  for (let n = 150; n < 200; n++) await change(n);
  await until('who has no right any more is refused', () => refused.every(({ state }) => state === 'refused'));
  const told = refused.map((one) => [one.told.messages, one.problem?.status]);
  for (let n = 200; n < 260; n++) await change(n);
  await isWhole(0);
  await isWhole(3);
  expect(refused.map((one) => [one.told.messages, one.problem?.status])).toEqual(told);
  expect(new Set(refused.map((one) => one.problem?.status))).toEqual(new Set([401]));
  expect(refused.filter((one) => [...one.rows.values()].some(({ title }) => Number(String(title).slice(1)) >= 200))).toEqual([]);
  expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
}, 60_000);

const textOf = (rows: readonly { readonly id: string }[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n');

test('who reads nothing is sent no more than may wait, and is right afterwards; others are told meanwhile', async () => {
  await start({}, undefined, { packets: 16, queued: 65_536 });
  const kept: Socket[] = [];
  up.app.server.on('connection', (socket: Socket) => kept.push(socket));
  const slow = await follow({});
  const other = await follow({}, { fields: ['state'] });
  const rows = 20;
  const write = (n: number) =>
    up.sql(
      `INSERT INTO notes (id, title, state) VALUES ($1, repeat('x', 100000) || $2, $2) ON CONFLICT (id) DO UPDATE SET title = excluded.title, state = excluded.state`,
      [`00000000-0000-4000-8000-${String(n % rows).padStart(12, '0')}`, `s${n}`],
    );
  expect(clients[0]?.pause()).toBe(true);
  let most = 0;
  const sent = 400;
  for (let n = 0; n < sent; n++) {
    await write(n);
    most = Math.max(most, ...kept.map(({ writableLength }) => writableLength));
  }
  await until('who reads is told of all', () => [...other.rows.values()].some(({ state }) => state === `s${sent - 1}`));
  expect(slow.told.messages).toBe(0);
  const before = other.told.messages;
  clients[0]?.read();
  await until('he has caught up', () => slow.rows.size === rows && [...slow.rows.values()].some(({ state }) => state === `s${sent - 1}`));
  // What the system holds for a connection, and a few messages, of up to all rows each: not what was written, 40 MB.
  expect([slow.told.lags, slow.told.messages < sent / 2, most < (sent * 100_000) / 2]).toEqual([1, true, true]);
  expect(before).toBeGreaterThan(10);
  const { body } = await up.send('GET /records/notes?limit=100');
  expect(textOf([...slow.rows.values()])).toBe(textOf(body.data));
  expect(clients.flatMap(({ errors }) => errors)).toEqual([]);
}, 60_000);

test('while one address floods, another is refused nothing and loses no connection', async () => {
  await start({ RATE_LIMITS: 'on' });
  const quiet = { localAddress: '127.0.0.2' };
  const good = [
    await follow(quiet),
    await follow(quiet, { sort: ['title'], limit: 10 }),
    await follow(quiet, { filter: 'state == "open"' }),
  ];
  let breaks = 0;
  for (const { socket } of clients) socket.on('disconnect', () => breaks++);
  const refusals = { http: 0, socket: 0, message: 0 };
  let isOver = false;
  const tries = { http: 0, socket: 0, message: 0, raw: 0 };
  const flood: Promise<void>[] = [];
  const again = (work: () => Promise<void>): void =>
    void flood.push(
      (async () => {
        while (!isOver) await work();
      })(),
    );
  // Connections that say nothing, or nonsense.
  const raw: Socket[] = [];
  again(async () => {
    tries.raw++;
    const socket = createConnection({ port: Number(new URL(up.url).port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(
      'GET /realtime/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    raw.push(socket);
    if (raw.length > 300) raw.shift()?.destroy();
    await pause(2);
  });
  // Sockets that ask without end.
  for (let n = 0; n < 10; n++)
    again(async () => {
      tries.socket++;
      const socket = io(up.url, { path: '/realtime', transports: ['websocket'], reconnection: false, forceNew: true });
      const ended = new Promise<void>((resolve) => {
        socket.on('connect_error', () => {
          refusals.socket++;
          resolve();
        });
        socket.on('disconnect', () => {
          refusals.message++;
          resolve();
        });
      });
      socket.on('connect', () => {
        const ask = (): void => {
          if (isOver || !socket.connected) return;
          for (let left = 0; left < 20; left++) {
            tries.message++;
            const filter = left % 2 ? 'title ==' : `title != "${tries.message}"`;
            socket.emit('subscribe', { id: `s${tries.message % 120}`, collection: 'notes', filter }, () => undefined);
            socket.emit('unsubscribe', left === 3 ? null : { id: left === 5 ? 7 : `s${(tries.message + 40) % 120}` });
          }
          setTimeout(ask, 5);
        };
        ask();
      });
      await Promise.race([ended, until('the flood ends', () => isOver, 60_000)]);
      socket.disconnect();
      await pause(5);
    });
  for (let n = 0; n < 4; n++)
    again(async () => {
      tries.http++;
      const ending = new AbortController();
      const answer = await fetch(`${up.url}/api/v1/records/notes/live`, { signal: ending.signal }).catch(() => undefined);
      if (answer?.status === 429) refusals.http++;
      if (answer?.status !== 200 || n % 2) ending.abort();
      await pause(5);
    });
  const insert = (n: number) =>
    up.sql(`INSERT INTO notes (id, title, state) VALUES (gen_random_uuid(), $1, $2)`, [
      `n${String(n).padStart(4, '0')}`,
      n % 2 ? 'open' : 'done',
    ]);
  for (let n = 0; n < 120; n++) {
    await insert(n);
    await pause(20);
  }
  await until('enough was refused', () => refusals.socket > 20 && refusals.message > 0 && refusals.http > 20, 30_000);
  const late = await follow(quiet);
  await until(
    'all are told of all',
    () => good[0]?.rows.size === 120 && good[1]?.rows.size === 10 && good[2]?.rows.size === 60 && late.rows.size === 120,
  );
  isOver = true;
  await Promise.all(flood);
  for (const socket of raw) socket.destroy();
  process.stdout.write(`flood: tried ${JSON.stringify(tries)}, refused ${JSON.stringify(refusals)}\n`);
  expect([breaks, good.map(({ told }) => told.resets), clients.flatMap(({ errors }) => errors)]).toEqual([0, [0, 0, 0], []]);
}, 90_000);
