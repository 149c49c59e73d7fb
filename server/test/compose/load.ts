/**
 * Four who write, four who follow all that is written, and mails that are asked for, while containers come and go. What was acknowledged
 * is remembered, and compared with what is there whenever the load stands still for a moment.
 *
 * A write is tried again with the same idempotency key until there is an answer, as an app does it. Keys of records are not unique in
 * Postgres, so that a write that was done twice is seen.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, createClient, type Client, type Live } from '@underpin/sdk';
import type { Untyped, UntypedRow } from '../../../sdk/src/types.ts';
import { sender } from '../support/app.ts';
import { until } from '../support/process.ts';
import { signIn, type Stack } from './stack.ts';

/** mulberry32: small, seeded, good enough to choose moments. */
export function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
export const seed = Number(process.env['UNDERPIN_TEST_SEED'] ?? 20_261_122);

const writers = 4;
const followers = 4;
/** Mails are asked for 30 times in a minute at most. */
const between = 2_200;

export interface Load {
  /** Answers so far, and tries that had none or a refusal. */
  readonly answered: number;
  readonly failed: readonly string[];
  /** Ms that each answered request took, tries before it included. */
  readonly took: readonly number[];
  /** Each who writes has had more answers since. */
  progress(timeout?: number): Promise<void>;
  /** What is there that should not be, or is missing. Empty when all is as it was acknowledged, every follower sees it, and every job is done. */
  compare(patience?: number): Promise<readonly string[]>;
  end(): Promise<void>;
}

const pattern = {
  name: 'notes',
  fields: [
    { name: 'key', type: 'text' },
    { name: 'n', type: 'number', integer: true, default: 0 },
  ],
} as const;

export async function startLoad(stack: Stack, url: string): Promise<Load> {
  const next = random(seed);
  const token = await signIn(stack);
  const owner = createClient({ url, token });
  const made = await stack.send('POST /collections', { token, body: pattern });
  if (made.status !== 201) throw new Error(`no collection: ${made.text}`);
  const keyed = async (name: string): Promise<Client<Untyped>> => {
    const scopes = [{ on: 'records:notes', actions: ['list', 'view', 'create', 'update'] as const }];
    const { key } = await owner.keys.create({
      name,
      scopes: scopes.map((scope) => ({ ...scope, actions: [...scope.actions] })),
      rate: 100_000,
    });
    return createClient({ url, token: key, timeoutMs: 10_000 });
  };

  const acknowledged = new Map<string, { readonly id: unknown; readonly n: number }>();
  const failed: string[] = [];
  const took: number[] = [];
  const wrong: string[] = [];
  const counts = Array.from({ length: writers }, () => 0);
  let isOver = false;
  let isPaused = false;
  let resting = 0;

  /** Until there is an answer, however often it takes. */
  async function insist<T>(what: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    for (;;) {
      try {
        const answer = await work();
        took.push(performance.now() - begun);
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.retryable) {
          wrong.push(`${what}: ${String(error)}`);
          throw error;
        }
        if (isOver) throw error;
        failed.push(`${what}: ${error.status} ${error.code} ${error.message}`);
        await pause(Math.max(100, error.retryAfterMs ?? 0));
      }
    }
  }

  async function write(client: Client<Untyped>, writer: number): Promise<void> {
    const notes = client.collection('notes');
    for (let round = 0; !isOver; round++) {
      if (isPaused) {
        resting += 1;
        while (isPaused && !isOver) await pause(20);
        resting -= 1;
        continue;
      }
      const key = `${writer} ${round}`;
      const options = { idempotencyKey: randomUUID(), retries: 0 };
      const { id } = await insist(`create ${key}`, () => notes.create({ key }, options));
      acknowledged.set(key, { id, n: 0 });
      const again = { idempotencyKey: randomUUID(), retries: 0 };
      if (round % 3 === 0) {
        await insist(`update ${key}`, () => notes.update(String(id), { n: { $inc: 1 } }, again));
        acknowledged.set(key, { id, n: 1 });
      }
      const read = await insist(`get ${key}`, () => notes.get(String(id), {}, { retries: 0 }));
      if (read['key'] !== key) wrong.push(`${key} is read as ${JSON.stringify(read)}`);
      counts[writer] = (counts[writer] ?? 0) + 1;
      await pause(150 + next() * 200);
    }
  }

  const jobs = { acknowledged: 0, asked: 0 };
  async function ask(): Promise<void> {
    const send = sender(`${url}/api/v1`);
    while (!isOver) {
      if (!isPaused) {
        jobs.asked += 1;
        const body = { email: `${randomUUID()}@example.com` };
        const answer = await send('POST /auth/users/password/forgot', { body }).catch(() => undefined);
        if (answer !== undefined && answer.status < 300) jobs.acknowledged += 1;
      }
      await pause(between);
    }
  }

  const clients = await Promise.all(Array.from({ length: writers + followers }, (_, one) => keyed(`key ${one}`)));
  const feeds: Live<UntypedRow>[] = clients.slice(writers).map((client) => client.collection('notes').live({ sort: ['id'] }));
  const reader = clients[0] ?? owner;
  const work = Promise.allSettled([...clients.slice(0, writers).map(write), ask()]);

  const sortedJson = (rows: readonly UntypedRow[]): string =>
    JSON.stringify(
      rows.map((row) => [row['id'], row['key'], row['n'], row['version']]).sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    );

  async function stored(): Promise<string[]> {
    const rows = await stack.sql('SELECT key, count(*), min(id::text), max(n) FROM notes GROUP BY key');
    const there = new Map(
      rows.map((row) => {
        const [key = '', count, id, n] = row.split('|');
        return [key, { count: Number(count), id, n: Number(n) }];
      }),
    );
    const missing = [...acknowledged]
      .filter(([key, { id }]) => there.get(key)?.id !== id)
      .map(([key]) => `${key} was acknowledged and is not there`);
    const twice = [...there].filter(([, { count }]) => count !== 1).map(([key, { count }]) => `${key} is there ${count} times`);
    const counted = [...acknowledged]
      .filter(([key, { n }]) => there.get(key)?.n !== n)
      .map(([key, { n }]) => `${key} was counted to ${there.get(key)?.n}, and acknowledged up to ${n}`);
    const more = [...there.keys()].filter((key) => !acknowledged.has(key)).map((key) => `${key} is there and was never acknowledged`);
    return [...missing, ...twice, ...counted, ...more];
  }

  async function seen(patience: number): Promise<string[]> {
    const rows: UntypedRow[] = [];
    for await (const row of reader
      .collection('notes')
      .list({ sort: ['id'], limit: 500 })
      .all())
      rows.push(row);
    const wanted = sortedJson(rows);
    if (rows.length !== acknowledged.size) return [`${rows.length} records are listed, and ${acknowledged.size} were acknowledged`];
    const isTrue = (feed: Live<UntypedRow>): boolean => feed.status === 'live' && sortedJson(feed.value) === wanted;
    await until('every follower sees what is listed', () => feeds.every(isTrue), patience).catch(() => undefined);
    return feeds.flatMap((feed, one) =>
      isTrue(feed)
        ? []
        : [`follower ${one} is ${feed.status} and sees ${feed.value.length} of ${rows.length} ${feed.error?.message ?? ''}`],
    );
  }

  async function done(patience: number): Promise<string[]> {
    const states = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await stack.sql(`SELECT state, count(*) FROM underpin.jobs WHERE kind = 'send-message' GROUP BY 1`)).map((row) => {
          const [state = '', count] = row.split('|');
          return [state, Number(count)];
        }),
      );
    const isDone = async (): Promise<boolean> => {
      const { waiting = 0, active = 0 } = await states();
      if (waiting + active > 0) await pause(300);
      return waiting + active === 0;
    };
    await until('every job is done', isDone, patience).catch(() => undefined);
    const { done: count = 0, ...others } = await states();
    const left = await stack.sql('SELECT count(*) FROM underpin.messages');
    return [
      ...Object.entries(others).map(([state, number]) => `${number} jobs are ${state}`),
      ...(count >= jobs.acknowledged && count <= jobs.asked ? [] : [`${count} jobs are done, of ${jobs.acknowledged} to ${jobs.asked}`]),
      // A mail for nobody is taken away by its job.
      ...(left.join() === '0' ? [] : [`${left.join()} messages of jobs that are done are there`]),
    ];
  }

  return {
    get answered() {
      return took.length;
    },
    failed,
    took,
    progress: async (timeout = 120_000) => {
      const before = [...counts];
      await until(
        'everybody who writes has answers again',
        () => wrong.length > 0 || counts.every((count, one) => count > (before[one] ?? 0) + 1),
        timeout,
      );
    },
    compare: async (patience = 120_000) => {
      isPaused = true;
      await until('all who write rest', () => wrong.length > 0 || resting === writers, patience);
      // The mail that is just being asked for.
      await pause(300);
      const found = [...wrong, ...(await stored()), ...(await seen(patience)), ...(await done(patience))];
      isPaused = false;
      return found.slice(0, 20);
    },
    end: async () => {
      isOver = true;
      feeds.forEach((feed) => feed.close());
      await work;
    },
  };
}
