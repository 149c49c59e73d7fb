/**
 * One run: random writers, transports that drop, subscriptions that come and go, a server that is killed, Postgres that crashes, slow
 * readers, memberships, names and rules that change. Every view that any client had at any place is noted, and held against
 * Postgres afterwards (shadow.ts); at rest each is held against the list over HTTP.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { connectLive, type Followed, type LiveClient } from '../support/live.ts';
import { until } from '../support/process.ts';
import { placeOf } from './decoded.ts';
import { blobs, choose, idOf, padOf, rules, rulesOf, shown, type Choice } from './live-model.ts';
import type { World } from './live-world.ts';
import { transaction } from './live-writing.ts';
import { randomness, type Random } from './random.ts';
import { beginOracle, judge, readOracle, type Asked, type Seen } from './shadow.ts';

/** How long, how often what happens in that time, and what is to have happened before it ends, however busy the machine is. */
export interface Plan {
  readonly seed: number;
  readonly seconds: number;
  readonly least: { readonly operations: number; readonly drops: number; readonly lags: number };
  readonly kills: number;
  readonly crashes: number;
  readonly ruleChanges: number;
  /** Times at which all comes to rest and is compared with the list over HTTP. */
  readonly rests: number;
}

export interface Outcome {
  readonly counts: Readonly<Record<string, number>>;
  /** Views that Postgres says were none, and what the protocol forbids. */
  readonly wrong: readonly string[];
  readonly errors: readonly string[];
  /** Standing subscriptions that did not see an enter, an update and a leave. */
  readonly poor: readonly string[];
}

interface Visitor {
  readonly client: LiveClient;
  readonly who: number | undefined;
  readonly isSlow: boolean;
  readonly all: Followed[];
}

export async function run(world: World, { seed, seconds, least, ...events }: Plan): Promise<Outcome> {
  const { postgres, send, accounts } = world;
  const random = randomness(seed);
  await beginOracle(postgres.sql);
  const people = (await postgres.sql('SELECT id::text, name FROM users')).map(({ id, name }) => ({ id: String(id), name: String(name) }));
  const asked: Asked[] = [];
  const seen: Seen[] = [];
  const errors: string[] = [];
  const counts = { drops: 0, kills: 0, crashes: 0, transactions: 0, rules: 0, rests: 0, pauses: 0 };
  const followed: Followed[] = [];
  const visitors: Visitor[] = [];
  const choices = new Map<Followed, Choice>();
  const numberOf = new Map<Followed, number>();
  const viewer = (who: number | undefined): string =>
    who === undefined ? 'NULL' : `(SELECT name FROM users WHERE id = '${accounts[who]?.id}')`;

  const follow = (at: Visitor, wanted?: Choice): void => {
    const isSomebody = at.who !== undefined;
    // Some follow what others of their kind follow already.
    const alike = visitors.filter(({ who }) => (who !== undefined) === isSomebody).flatMap(({ all }) => all);
    const same = random.chance(0.25) && alike.length > 0 ? choices.get(random.pick(alike)) : undefined;
    const made = wanted ?? same ?? choose(random, isSomebody);
    const one = at.client.follow(made.query);
    choices.set(one, made);
    numberOf.set(one, asked.push({ sql: made.sql(viewer(at.who)) }) - 1);
    at.all.push(one);
    followed.push(one);
  };
  for (let n = 0; n < 10; n++) {
    const who = n % 5 === 4 ? undefined : n % 5;
    const client = connectLive(world.url, {
      token: () => (who === undefined ? undefined : accounts[who]?.token),
      seen: (one) => void seen.push({ position: one.place?.position ?? '', query: numberOf.get(one) ?? -1, text: shown(one) }),
    });
    const at: Visitor = { client, who, isSlow: n < 2, all: [] };
    visitors.push(at);
    for (let query = 0; query < 4; query++) follow(at, at.isSlow && query === 0 ? blobs : undefined);
  }
  /** The first two of each stay; the others come and go. */
  const standing = visitors.flatMap(({ all }) => all.slice(0, 2));

  const poor = (): readonly Followed[] =>
    standing.filter(({ told }) => told.enter === 0 || told.update === 0 || told.leave + told.truncate === 0);
  const sum = (of: (one: Followed) => number): number => followed.reduce((all, one) => all + of(one), 0);

  /** Who is at a transaction. */
  const writing = new Set<number>();
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
        writing.add(n);
        client ??= await connected(world);
        const ids = accounts.map(({ id }) => id);
        await transaction(client, own, ids);
        counts.transactions++;
      } catch (error) {
        if (!isExpected(error)) throw error;
        const old = client;
        await old?.query('ROLLBACK').catch(() => {
          client = undefined;
          void old.end().catch(() => undefined);
        });
        await pause(20);
      }
      writing.delete(n);
      if (own.chance(0.3)) await pause(own.below(10));
    }
    await client?.end().catch(() => undefined);
  };

  const rest = async (): Promise<void> => {
    isResting = true;
    counts.rests++;
    for (const { client } of visitors) client.read();
    const answers = async (): Promise<boolean> => (await send('GET /records/items?limit=1').catch(() => undefined))?.status === 200;
    await until('the server answers', answers, 60_000);
    await until('the writers rest', () => writing.size === 0);
    const [row] = await postgres.sql(`SELECT pg_logical_emit_message(true, 'underpin.barrier', '')::text AS lsn`);
    const end = placeOf(String(row?.['lsn']));
    const late = (): Followed[] =>
      visitors.flatMap(({ all }) => all).filter((one) => one.state !== 'in' || (one.place?.position ?? '') < end);
    await until('all have come to rest', () => late().length === 0, 30_000).catch((error: unknown) => {
      for (const one of late().slice(0, 3)) errors.push(`late: ${JSON.stringify([one.query, one.state, one.place, end, one.problem])}`);
      process.stdout.write(`${errors.join('\n')}\n`);
      throw error;
    });
    for (const { all, who } of visitors) for (const one of all) errors.push(...(await differsFromList(world, one, who)));
    isResting = false;
  };

  const disturb = async (): Promise<void> => {
    while (!isOver) {
      if (!isResting) await chaos(random, random.pick(visitors), { counts, isStanding: (one) => standing.includes(one), follow });
      await pause(random.below(120));
    }
  };
  /** Stops reading until more has happened to what it follows than its connection takes. */
  const dawdle = async (at: Visitor): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      await pause(2_000);
      if (isResting || at.all[0]?.state !== 'in' || !at.client.pause()) continue;
      counts.pauses++;
      const text = `INSERT INTO blobs (id, n, pad) VALUES ($1, $2, repeat('x', ${padOf})) ON CONFLICT (id) DO UPDATE SET n = excluded.n`;
      for (let row = 0; row < 80 && !isOver && !isResting; row++)
        await postgres.sql(text, [idOf(row % 10), 100 + ((n * 80 + row) % 1_000)]).catch(() => undefined);
      at.client.read();
    }
  };
  const atWork = Promise.all([...[0, 1, 2, 3].map(writer), disturb(), ...visitors.filter(({ isSlow }) => isSlow).map(dawdle)]);
  let failure: unknown;
  atWork.catch((error: unknown) => (failure = error));

  const ends = performance.now() + seconds * 1_000;
  const happenings = [
    ...Array.from({ length: events.kills }, () => 'kill' as const),
    ...Array.from({ length: events.crashes }, () => 'crash' as const),
    ...Array.from({ length: events.ruleChanges }, () => 'rules' as const),
    ...Array.from({ length: events.rests }, () => 'rest' as const),
  ].sort(() => random.below(3) - 1);
  const each = (seconds * 1_000) / (happenings.length + 1);
  for (const [index, happening] of happenings.entries()) {
    const due = ends - (happenings.length - index) * each;
    await until('it is time', () => performance.now() >= due || failure !== undefined, 120_000);
    if (failure !== undefined) throw failure;
    if (happening === 'kill') {
      await world.killServer();
      counts.kills++;
      await pause(random.below(300));
      await world.startServer();
    } else if (happening === 'crash') {
      await postgres.crash();
      counts.crashes++;
    } else if (happening === 'rules') {
      const next = rules[(counts.rules + 1) % 2] ?? rules[0];
      await until('the rule is changed', async () => {
        const body = { rules: { list: next.rule } };
        const answer = await send('PATCH /collections/items', { token: world.owner, body }).catch(() => undefined);
        return answer?.status === 200;
      });
      counts.rules++;
    } else await rest();
  }
  const isEnough = (): boolean =>
    sum(({ told }) => told.enter + told.update + told.leave) >= least.operations &&
    sum(({ told }) => told.lags) >= least.lags &&
    counts.drops >= least.drops &&
    poor().length === 0;
  await until('enough has happened', () => failure !== undefined || isEnough(), 120_000).catch(() => undefined);
  if (failure !== undefined) throw failure;
  isOver = true;
  await atWork;
  await rest();
  for (const { client } of visitors) client.close();
  errors.push(...visitors.flatMap(({ client }) => client.errors));

  const transactions = await readOracle(postgres.sql);
  const before = people.map((values) => ({ kind: 'put', table: 'public.users', id: values.id, values }) as const);
  const wrong = await judge(await shadow(world), [{ end: '', steps: before }, ...transactions], seen, asked, rulesOf);
  const { enter, update, leave, resets, lags } = {
    enter: sum(({ told }) => told.enter),
    update: sum(({ told }) => told.update),
    leave: sum(({ told }) => told.leave),
    resets: sum(({ told }) => told.resets),
    lags: sum(({ told }) => told.lags),
  };
  return {
    counts: {
      ...counts,
      operations: enter + update + leave,
      enter,
      update,
      leave,
      resets,
      lags,
      snapshot: sum(({ modes }) => modes.snapshot),
      delta: sum(({ modes }) => modes.delta),
      current: sum(({ modes }) => modes.current),
      subscriptions: followed.length,
      views: seen.length,
      logged: transactions.length,
      poor: poor().length,
      wrong: wrong.length,
      errors: errors.length,
    },
    wrong,
    errors,
    poor: poor().map(({ query, told }) => JSON.stringify([query, told])),
  };
}

interface Around {
  readonly counts: { drops: number };
  readonly isStanding: (one: Followed) => boolean;
  readonly follow: (at: Visitor) => void;
}

/** Something that happens to one client. */
const chaos = (random: Random, at: Visitor, { counts, isStanding, follow }: Around): Promise<void> =>
  random.branch<() => Promise<void>>([
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
        const gone = random.pick(at.all);
        if (isStanding(gone)) return;
        at.all.splice(at.all.indexOf(gone), 1);
        at.client.forget(gone);
        follow(at);
      },
    ],
    [
      1,
      () => async () => {
        // Away for longer than the log remembers, now and then.
        at.client.socket.disconnect();
        await pause(200 + random.below(1_500));
        at.client.socket.connect();
      },
    ],
  ])();

/** At rest a view is what the list answers. */
async function differsFromList({ send, accounts }: World, one: Followed, who: number | undefined): Promise<readonly string[]> {
  const token = who === undefined ? undefined : accounts[who]?.token;
  const { collection, ...query } = one.query;
  const as = token === undefined ? {} : { token };
  const answer = await send(`POST /records/${collection}/query`, { ...as, body: { limit: 500, ...query } });
  if (answer.status !== 200) throw new Error(answer.text);
  const list = { ...one, rows: new Map(answer.body.data.map((record: { id: string }) => [record.id, record])) };
  // cast: only its rows are looked at
  const wanted = shown(list as unknown as Followed);
  return wanted === shown(one) ? [] : [`at rest ${JSON.stringify(one.query)}\n  wanted ${wanted}\n  seen   ${shown(one)}`];
}

async function connected({ postgres }: World): Promise<pg.Client> {
  const { options } = postgres.superuser;
  const fresh = new pg.Client({ ...options, password: options.password });
  fresh.on('error', () => undefined);
  await fresh.connect().catch((error: unknown) => {
    void fresh.end().catch(() => undefined);
    throw error;
  });
  return fresh;
}

/** What a crash of Postgres, a deadlock and a row that is there already say. */
const isExpected = (error: unknown): boolean =>
  error instanceof pg.DatabaseError
    ? /^(40|57|08|23|53)/.test(error.code ?? '')
    : /terminat|ECONN|closed|shut|not queryable/i.test(String(error));

async function shadow({ postgres }: World): Promise<string> {
  await postgres.sql('CREATE DATABASE shadow');
  const url = new URL(postgres.embedded.url);
  const { user = '', password = '' } = postgres.superuser.options;
  url.pathname = '/shadow';
  url.username = user;
  url.password = typeof password === 'string' ? password : '';
  return url.href;
}
