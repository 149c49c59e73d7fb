/**
 * Live views against the truth: random writers, transports that drop, subscriptions that come and go, a server that is killed, Postgres
 * that crashes, a small memory of the log, slow readers, memberships, names and rules that change, and fields that only some may
 * read. Every view that any client had at any place is held against Postgres (shadow.ts), and at rest against the list over HTTP.
 * `SEED=…` repeats it; `ABLATION=…` breaks the server on purpose (support/ablate.mjs): then it must be red.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { ownerEmail, password, sender, testSecret, type TestApp } from '../support/app.ts';
import { connectLive, type Followed, type LiveClient, type Query } from '../support/live.ts';
import { ownPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import { endProcesses, freePort, until } from '../support/process.ts';
import { randomness, type Random } from './random.ts';
import { beginOracle, judge, readOracle, type Asked, type Seen } from './shadow.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const seed = Number(process.env['SEED'] ?? 1);
const wanted = long
  ? { seconds: 600, kills: 25, crashes: 6, operations: 100_000, drops: 500, changes: 20 }
  : { seconds: Number(process.env['SECONDS'] ?? 35), kills: 5, crashes: 2, operations: 10_000, drops: 50, changes: 3 };
jest.setTimeout((wanted.seconds + 120) * 1_000);

const people = ['u0', 'u1', 'u2', 'u3'];
const statuses = ['open', 'done', 'hidden', 'hölд', '🚀x', '\uffeetop'];
const rooms = ['red', 'blue', 'green'];
/** The two rules that are in force by turns, in the language and as SQL for a viewer. */
const rules = [
  { rule: 'status != "hidden" || owner == auth.name', sql: (who: string) => `(status IS DISTINCT FROM 'hidden' OR owner = ${who})` },
  // The same for all, so that only the mask parts them.
  { rule: 'status != "done"', sql: (_who: string) => `(status IS DISTINCT FROM 'done')` },
] as const;

/** Which of the two a definition of items has, as Postgres prints it. */
const rulesOf = (definition: string): number | undefined => {
  if (!definition.includes('"name": "items"')) return undefined;
  return definition.includes(String.raw`status != \"done\"`) ? 1 : 0;
};

let postgres: OwnPostgres;
let server: ChildProcess | undefined;
let url = '';
let send: TestApp['send'];
const port = await freePort();
const accounts: { readonly token: string; readonly id: string }[] = [];

async function startServer(): Promise<void> {
  const settings = {
    url: postgres.embedded.url,
    port,
    dataDir: postgres.dataDir,
    secret: testSecret,
    owner: ownerEmail,
    password,
    // Of the last two seconds or so, so that some come back in time and some do not.
    changes: { bytes: 400_000, changes: 1_500, retain: 3_000, wal: 64 * 1_048_576 },
  };
  const support = join(import.meta.dirname, '../support');
  const child = spawn(process.execPath, ['--import', join(support, 'ablate.mjs'), join(support, 'live-server.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_NO_WARNINGS: '1',
      UNDERPIN_TEST_LIVE: JSON.stringify(settings),
      ...(process.env['ABLATION'] === undefined ? {} : { ABLATION: process.env['ABLATION'] }),
      ...(process.env['LIVE_LOG'] === undefined ? {} : { LIVE_LOG: process.env['LIVE_LOG'] }),
    },
  });
  server = child;
  const started = new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true));
    child.once('exit', () => resolve(false));
  });
  // Postgres may be away at the moment.
  if (!(await started)) return startServer();
}
async function killServer(): Promise<void> {
  const child = server;
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await ended;
}

const open: LiveClient[] = [];
let owner = '';
beforeAll(async () => {
  postgres = await ownPostgres();
  url = `http://127.0.0.1:${port}`;
  send = sender(`${url}/api/v1`);
  await startServer();
  owner = (await send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
  const make = async (body: unknown): Promise<void> => {
    const answer = await send('POST /collections', { token: owner, body });
    if (answer.status !== 201) throw new Error(answer.text);
  };
  const text = (name: string, more: object = {}) => ({ name, type: 'text', ...more });
  const whole = (name: string) => ({ name, type: 'number', integer: true });
  await make({
    name: 'items',
    fields: [text('owner'), text('status'), whole('prio'), whole('v'), text('secret', { rules: { read: 'owner == auth.name' } })],
    rules: { list: rules[0].rule },
  });
  await make({ name: 'members', fields: [text('room'), text('name')], rules: { list: 'true' } });
  await make({
    name: 'messages',
    fields: [text('room'), text('text')],
    rules: { list: 'collections.members.exists(m, m.room == room && m.name == auth.name)' },
  });
  for (const name of people) {
    const { body } = await send('POST /auth/users/sign-up', { body: { email: `${name}@example.com`, password, name } });
    accounts.push({ token: body.accessToken, id: body.record.id });
  }
}, 120_000);
afterAll(async () => {
  for (const client of open) client.close();
  await killServer();
  await postgres.close();
  await endProcesses();
}, 60_000);

/** Ids that come again, so that rows are changed and not only made. */
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ids = 120;

async function writeOnce(client: pg.Client, random: Random): Promise<void> {
  const maybe = <T>(value: T): T | null => (random.chance(0.1) ? null : value);
  const item = (): unknown[] => [
    idOf(random.below(ids)),
    maybe(random.pick(people)),
    maybe(random.pick(statuses)),
    maybe(random.below(8)),
    random.below(1_000),
    random.pick(['s1', 's2', null]),
  ];
  const insert = 'INSERT INTO items (id, owner, status, prio, v, secret) VALUES ($1, $2, $3, $4, $5, $6)';
  const id = (): string => idOf(random.below(ids));
  const pairs = (): unknown[] => [idOf(random.below(30)), random.pick(rooms), random.pick(people)];
  const [sql, values] = random.branch<readonly [string, readonly unknown[]]>([
    [
      6,
      () => [
        `${insert} ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, status = excluded.status, prio = excluded.prio, v = excluded.v, secret = excluded.secret`,
        item(),
      ],
    ],
    [6, () => ['UPDATE items SET owner = $2, status = $3, prio = $4 WHERE id = $1', item().slice(0, 4)]],
    [4, () => ['UPDATE items SET v = $2 WHERE id = $1', [id(), random.below(1_000)]]],
    [3, () => ['DELETE FROM items WHERE id = $1', [id()]]],
    [2, () => ['UPDATE items SET prio = (prio + 1) % 8 WHERE id BETWEEN $1 AND $2', [idOf(random.below(ids)), idOf(random.below(ids))]]],
    [1, () => ['UPDATE items SET id = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM items WHERE id = $2)', [id(), id()]]],
    [0.03, () => ['TRUNCATE items', []]],
    [
      2,
      () => [
        'INSERT INTO messages (id, room, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET room = excluded.room, text = excluded.text',
        pairs(),
      ],
    ],
    [
      0.5,
      () => [
        'INSERT INTO members (id, room, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET room = excluded.room, name = excluded.name',
        pairs(),
      ],
    ],
    [0.3, () => ['DELETE FROM members WHERE id = $1', [idOf(random.below(30))]]],
    [0.1, () => ['UPDATE users SET name = $2 WHERE id = $1', [random.pick(accounts).id, random.pick([...people, 'u9'])]]],
  ]);
  await client.query(sql, [...values]);
}

async function transaction(client: pg.Client, random: Random): Promise<void> {
  await client.query('BEGIN');
  if (random.chance(0.1)) await client.query('SET LOCAL synchronous_commit = off');
  for (let left = 1 + random.below(5); left > 0; left--) {
    if (random.chance(0.1)) {
      await client.query('SAVEPOINT s');
      await writeOnce(client, random);
      await client.query(random.chance(0.5) ? 'ROLLBACK TO s' : 'RELEASE s');
    } else await writeOnce(client, random);
    if (random.chance(0.05)) await pause(random.below(20));
  }
  await client.query(random.chance(0.08) ? 'ROLLBACK' : 'COMMIT');
}

/** A query in the language and, for a viewer, as SQL. */
interface Choice {
  readonly query: Query;
  readonly sql: (who: string) => (ruleset: number) => string;
}
function choose(random: Random, isSomebody: boolean): Choice {
  if (isSomebody && random.chance(0.15))
    return {
      query: { collection: 'messages', fields: ['room', 'text'], sort: ['text'] },
      sql: (who) => () =>
        `SELECT json_build_array(id, room, text)::text AS json FROM messages r WHERE EXISTS (SELECT FROM members m WHERE m.room = r.room AND m.name = ${who})`,
    };
  const conditions = [
    ...(random.chance(0.6) ? [random.pick(people)].map((name) => [`owner == "${name}"`, `coalesce(owner = '${name}', false)`]) : []),
    ...(random.chance(0.3) ? [[`status in ["open", "🚀x"]`, `coalesce(status IN ('open', '🚀x'), false)`]] : []),
    ...(random.chance(0.3) ? [random.below(6)].map((least) => [`prio >= ${least}`, `coalesce(prio >= ${least}, false)`]) : []),
    ...(isSomebody && random.chance(0.2) ? [[`secret == "s1"`, `coalesce(owner = WHO AND secret = 's1', false)`]] : []),
  ];
  const [key, order] = random.pick([
    ['prio', 'prio ASC NULLS LAST, id'],
    ['-prio', 'prio DESC NULLS FIRST, id DESC'],
    ['status', 'status ASC NULLS LAST, id'],
    ['-v', 'v DESC NULLS FIRST, id DESC'],
  ]);
  const limit = random.chance(0.5) ? 3 + random.below(8) : undefined;
  return {
    query: {
      collection: 'items',
      fields: ['owner', 'status', 'prio', 'v', ...(isSomebody ? ['secret'] : [])],
      sort: [key],
      ...(conditions.length > 0 ? { filter: conditions.map(([text]) => `(${text})`).join(' && ') } : {}),
      ...(limit === undefined ? {} : { limit }),
    },
    sql: (who) => (ruleset) => {
      const rule = rules[ruleset % 2] ?? rules[0];
      const where = [rule.sql(who), ...conditions.map(([, sql]) => sql?.replaceAll('WHO', who) ?? '')].join(' AND ');
      const shown = `json_build_array(id, owner, status, prio, v${isSomebody ? `, CASE WHEN owner = ${who} THEN secret END` : ''})::text`;
      return `SELECT ${shown} AS json FROM items WHERE ${where} ORDER BY ${order} ${limit === undefined ? '' : `LIMIT ${limit}`}`;
    },
  };
}

const shown = (one: Followed): string => {
  const fields = one.query.fields ?? [];
  return [...one.rows.values()]
    .map((row) => `[${['id', ...fields].map((name) => JSON.stringify(row[name] ?? null)).join(', ')}]`)
    .sort()
    .join('\n');
};

test(`every view at every place is what Postgres says (seed ${seed})`, async () => {
  const random = randomness(seed);
  await beginOracle(postgres.sql);
  expect(await postgres.sql('SELECT FROM items')).toEqual([]);
  const people = (await postgres.sql('SELECT id::text, name FROM users')).map(({ id, name }) => ({ id: String(id), name: String(name) }));
  const asked: Asked[] = [];
  const seen: Seen[] = [];
  const numberOf = new Map<Followed, number>();
  const errors: string[] = [];
  const counts = { drops: 0, kills: 0, crashes: 0, transactions: 0, rules: 0, slow: 0, rests: 0 };
  const followed: Followed[] = [];
  const clients: { readonly client: LiveClient; readonly who: number | undefined; readonly all: Followed[] }[] = [];
  const viewer = (who: number | undefined): string =>
    who === undefined ? 'NULL' : `(SELECT name FROM users WHERE id = '${accounts[who]?.id}')`;

  const follow = (at: (typeof clients)[number]): void => {
    // Some follow what others of their kind follow already.
    const alike = followed.filter((other) => isOf.get(other) === (at.who !== undefined));
    const made =
      (random.chance(0.25) && alike.length > 0 ? choices.get(random.pick(alike)) : undefined) ?? choose(random, at.who !== undefined);
    const one = at.client.follow(made.query);
    choices.set(one, made);
    isOf.set(one, at.who !== undefined);
    numberOf.set(one, asked.push({ sql: made.sql(viewer(at.who)) }) - 1);
    at.all.push(one);
    followed.push(one);
  };
  const choices = new Map<Followed, Choice>();
  const isOf = new Map<Followed, boolean>();
  for (let n = 0; n < 10; n++) {
    const who = n % 5 === 4 ? undefined : n % 5;
    const client = connectLive(url, {
      token: () => (who === undefined ? undefined : accounts[who]?.token),
      seen: (one) => void seen.push({ position: one.place?.position ?? '', query: numberOf.get(one) ?? -1, text: shown(one) }),
    });
    open.push(client);
    const at = { client, who, all: [] };
    clients.push(at);
    for (let query = 0; query < 4; query++) follow(at);
  }

  /** Who is at a transaction. */
  const writers = new Set<number>();
  let isOver = false;
  let isResting = false;
  const writer = async (n: number): Promise<void> => {
    const own = randomness(seed * 1_000 + n);
    let client: pg.Client | undefined;
    while (!isOver) {
      if (isResting) {
        await pause(10);
        continue;
      }
      try {
        writers.add(n);
        client ??= await connected();
        await transaction(client, own);
        counts.transactions++;
      } catch (error) {
        if (
          error instanceof pg.DatabaseError
            ? !/^(40|57|08|23|53)/.test(error.code ?? '')
            : !/terminat|ECONN|closed|shut|not queryable/i.test(String(error))
        )
          throw error;
        const old = client;
        await old?.query('ROLLBACK').catch(() => {
          client = undefined;
          void old.end().catch(() => undefined);
        });
        await pause(20);
      }
      writers.delete(n);
      if (own.chance(0.3)) await pause(own.below(10));
    }
    await client?.end().catch(() => undefined);
  };
  const connected = async (): Promise<pg.Client> => {
    const fresh = new pg.Client({ ...postgres.superuser.options, password: postgres.superuser.options.password });
    fresh.on('error', () => undefined);
    await fresh.connect().catch((error: unknown) => {
      void fresh.end().catch(() => undefined);
      throw error;
    });
    return fresh;
  };

  const rest = async (): Promise<void> => {
    isResting = true;
    counts.rests++;
    await until(
      'the server answers',
      async () => (await send('GET /records/items?limit=1').catch(() => undefined))?.status === 200,
      60_000,
    );
    await until('the writers rest', () => writers.size === 0);
    const [row] = await postgres.sql(`SELECT pg_logical_emit_message(true, 'underpin.barrier', '')::text AS lsn`);
    const end = String(row?.['lsn'])
      .split('/')
      .map((half) => half.padStart(8, '0').toLowerCase())
      .join('');
    const late = (): Followed[] =>
      clients.flatMap(({ all }) => all).filter((one) => one.state !== 'in' || (one.place?.position ?? '') < end);
    await until('all have come to rest', () => late().length === 0, 15_000).catch((error: unknown) => {
      for (const one of late().slice(0, 3))
        process.stdout.write(`late: ${JSON.stringify([one.query, one.state, one.place, end, one.problem])}\n`);
      throw error;
    });
    for (const { all, who } of clients)
      for (const one of all) {
        const token = who === undefined ? undefined : accounts[who]?.token;
        const { collection, ...query } = one.query;
        const answer = await send(`POST /records/${collection}/query`, {
          ...(token === undefined ? {} : { token }),
          body: { limit: 500, ...query },
        });
        if (answer.status !== 200) throw new Error(answer.text);
        const list = { ...one, rows: new Map(answer.body.data.map((record: { id: string }) => [record.id, record])) };
        // cast: only its rows are looked at
        const wantedText = shown(list as unknown as Followed);
        if (wantedText !== shown(one)) errors.push(`at rest ${JSON.stringify(one.query)}\n  wanted ${wantedText}\n  seen   ${shown(one)}`);
      }
    isResting = false;
  };

  const chaos = async (): Promise<void> => {
    const at = random.pick(clients);
    await random.branch<() => Promise<void>>([
      [
        6,
        () => async () => {
          if (!at.client.socket.connected) return;
          counts.drops++;
          at.client.socket.io.engine.close();
        },
      ],
      [
        4,
        () => async () => {
          const [gone] = at.all.splice(random.below(at.all.length), 1);
          if (gone !== undefined) {
            at.client.forget(gone);
            follow(at);
          }
        },
      ],
      [
        1,
        () => async () => {
          // Away for longer than the log remembers.
          at.client.socket.disconnect();
          await pause(200 + random.below(1_500));
          at.client.socket.connect();
        },
      ],
    ])();
  };

  const disturb = async (): Promise<void> => {
    while (!isOver) {
      if (!isResting) await chaos();
      await pause(random.below(120));
    }
  };
  const writing = Promise.all([...[0, 1, 2, 3].map(writer), disturb()]);
  let failure: unknown;
  writing.catch((error: unknown) => (failure = error));
  const ends = performance.now() + wanted.seconds * 1_000;
  const events = [
    ...Array.from({ length: wanted.kills }, () => 'kill' as const),
    ...Array.from({ length: wanted.crashes }, () => 'crash' as const),
    ...Array.from({ length: wanted.changes }, () => 'rules' as const),
    ...Array.from({ length: 3 }, () => 'rest' as const),
  ].sort(() => random.below(3) - 1);
  const each = (wanted.seconds * 1_000) / (events.length + 1);
  for (const [index, event] of events.entries()) {
    const due = ends - (events.length - index) * each;
    await until('it is time', () => performance.now() >= due || failure !== undefined, 120_000);
    if (event === 'kill') {
      await killServer();
      counts.kills++;
      await pause(random.below(300));
      await startServer();
    } else if (event === 'crash') {
      await postgres.crash();
      counts.crashes++;
    } else if (event === 'rules') {
      const next = rules[(counts.rules + 1) % 2] ?? rules[0];
      await until('the rule is changed', async () => {
        const answer = await send('PATCH /collections/items', { token: owner, body: { rules: { list: next.rule } } }).catch(
          () => undefined,
        );
        return answer?.status === 200;
      });
      counts.rules++;
    } else await rest();
  }
  if (failure !== undefined) throw failure;
  isOver = true;
  await writing;
  await rest();
  for (const { client } of clients) client.close();
  errors.push(...clients.flatMap(({ client }) => client.errors));

  const transactions = await readOracle(postgres.sql);
  await postgres.sql('CREATE DATABASE shadow');
  const shadow = new URL(postgres.embedded.url);
  shadow.pathname = '/shadow';
  const { user = '', password: secret = '' } = postgres.superuser.options;
  shadow.username = user;
  shadow.password = typeof secret === 'string' ? secret : '';
  const wrong = await judge(
    shadow.href,
    [{ end: '', steps: people.map((values) => ({ kind: 'put', table: 'public.users', id: values.id, values })) }, ...transactions],
    seen,
    asked,
    rulesOf,
  );
  const sum = (of: (one: Followed) => number): number => followed.reduce((all, one) => all + of(one), 0);
  const operations = sum(({ told }) => told.enter + told.update + told.leave);
  const modes = {
    snapshot: sum(({ modes: { snapshot } }) => snapshot),
    delta: sum(({ modes: { delta } }) => delta),
    current: sum(({ modes: { current } }) => current),
  };
  const told = {
    enter: sum((one) => one.told.enter),
    update: sum((one) => one.told.update),
    leave: sum((one) => one.told.leave),
    resets: sum((one) => one.told.resets),
  };
  process.stdout.write(
    `seed ${seed}: ${JSON.stringify({ ...counts, operations, ...told, ...modes, views: seen.length, logged: transactions.length, wrong: wrong.length, errors: errors.length })}\n`,
  );
  for (const one of [...errors.slice(0, 2), ...wrong.slice(0, 2)]) process.stdout.write(`${one}\n`);
  expect([wrong.length, errors.length]).toEqual([0, 0]);
  expect(operations).toBeGreaterThanOrEqual(wanted.operations);
  expect(counts.drops).toBeGreaterThanOrEqual(wanted.drops);
  expect(counts.kills).toBeGreaterThanOrEqual(wanted.kills);
  expect(counts.crashes).toBeGreaterThanOrEqual(wanted.crashes);
});
