/** Jobs, the same on both stores: what was committed is done, once, and what was not never is. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { z } from 'zod';
import { systemCtx, withTx, type Ctx } from '../../src/ctx.ts';
import { defineJob, type Doing } from '../../src/jobs/job.ts';
import { enqueue, type JobOptions } from '../../src/queue/enqueue.ts';
import { jobKind } from '../../src/queue/kinds.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { hasRedis, startRedis, testOn, type TestRedis } from '../support/redis.ts';

const note = jobKind('test-note', 'now', z.strictObject({ text: z.string() }));
const slow = jobKind('test-slow', 'bulk', z.strictObject({ text: z.string() }));
const tick = jobKind('test-tick', 'now', z.strictObject({}));
const unknown = jobKind('test-unknown', 'now', z.strictObject({}));

describe.each(['Postgres', 'Redis'])('jobs on %s', (store) => {
  const suite = testOn(store);
  let up: TestApp;
  let others: TestApp[] = [];
  let redis: TestRedis | undefined;
  /** What a job waits for, where a test wants it to. */
  let gate: Promise<void> = Promise.resolve();
  let failing = 0;

  const write = async (ctx: Ctx, text: string): Promise<void> => {
    await ctx.db.run({ text: 'INSERT INTO underpin.test_effects (text) VALUES ($1)', values: [text] });
  };
  const work = {
    jobs: [
      defineJob(note, {
        attempts: 3,
        patience: () => 20,
        run: async (ctx, { text }, { execution }: Doing) => {
          await write(ctx, text);
          if (failing > 0) {
            failing -= 1;
            throw new Error(`not yet: ${execution}`);
          }
          return { said: text };
        },
      }),
      defineJob(slow, {
        run: async (ctx, { text }, { progress }) => {
          await write(ctx, text);
          await progress(0.5);
          await gate;
        },
      }),
      defineJob(tick, { run: (ctx) => write(ctx, 'tick') }),
    ],
    schedules: [],
  };

  beforeAll(async () => {
    if (store === 'Redis' && !hasRedis) return;
    redis = store === 'Redis' ? await startRedis() : undefined;
    const env = { ROLE: 'all', JOBS_LOCK: '1', JOBS_STALLED: '1', ...(redis === undefined ? {} : { REDIS_URL: redis.url }) };
    up = await startTestApp(env, work);
    await up.sql('CREATE TABLE underpin.test_effects (text text)');
    await up.sql('GRANT ALL ON underpin.test_effects TO underpin_app');
    others = [];
  }, 60_000);
  afterAll(async () => {
    for (const one of others) await one.close();
    await up?.close();
    await redis?.end();
  });

  const ctx = (): Ctx => systemCtx(up.app.base);
  const say = (text: string, options?: JobOptions): Promise<string> => enqueue(ctx(), note, { text }, options);
  const job = async (id: string): Promise<Record<string, unknown>> =>
    (await up.sql('SELECT * FROM underpin.jobs WHERE id = $1', [id]))[0] ?? {};
  const is = (id: string, state: string): Promise<void> => until(`it is ${state}`, async () => (await job(id))['state'] === state, 20_000);
  const effects = async (text: string): Promise<number> =>
    Number((await up.sql('SELECT count(*) AS n FROM underpin.test_effects WHERE text = $1', [text]))[0]?.['n']);

  suite('is done, once, with what it answers', async () => {
    const id = await say('once');
    await is(id, 'done');
    expect(await job(id)).toMatchObject({ result: { said: 'once' }, progress: 1, executions: 1, failures: 0, error: null });
    expect(await effects('once')).toBe(1);
  });

  suite('belongs to the write that wants it: rolled back, it never was', async () => {
    const id = await withTx(ctx(), async (inside) => {
      await enqueue(inside, note, { text: 'undone' });
      throw new Error('no');
    }).catch(() => 'rolled back');
    expect(id).toBe('rolled back');
    await is(await say('after it'), 'done');
    expect([await effects('undone'), await up.sql(`SELECT FROM underpin.jobs WHERE payload ->> 'text' = 'undone'`)]).toEqual([0, []]);
  });

  suite('is tried again, and its effect is there once', async () => {
    failing = 2;
    const id = await say('third time');
    await is(id, 'done');
    expect(await job(id)).toMatchObject({ executions: 3, failures: 2, error: null });
    expect(await effects('third time')).toBe(1);
  });

  suite('fails for good after its attempts, and says why', async () => {
    failing = 3;
    const id = await say('never');
    await is(id, 'failed');
    expect(await job(id)).toMatchObject({ executions: 3, failures: 3, error: 'not yet: 3' });
    expect(await effects('never')).toBe(0);
  });

  suite('does not begin before its time', async () => {
    const id = await say('later', { delay: 1_500 });
    await is(await say('sooner'), 'done');
    expect([(await job(id))['state'], await effects('later')]).toEqual(['waiting', 0]);
    await is(id, 'done');
    const { due, started } = await job(id);
    expect(Number(started)).toBeGreaterThanOrEqual(Number(due) - 50);
  });

  suite('is one for a key while it is not done, and another afterwards', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => say('keyed', { key: 'k', delay: 300 })));
    expect(new Set(ids).size).toBe(1);
    await is(ids[0] ?? '', 'done');
    const next = await say('keyed', { key: 'k' });
    expect(next).not.toBe(ids[0]);
    await is(next, 'done');
    expect(await effects('keyed')).toBe(2);
  });

  suite('tells its progress, and cancelled meanwhile has no effect', async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const id = await enqueue(ctx(), slow, { text: 'half' });
    await until('it is half done', async () => (await job(id))['progress'] === 0.5);
    await up.sql(`UPDATE underpin.jobs SET state = 'cancelled' WHERE id = $1`, [id]);
    open();
    await is(await say('after the cancelled one'), 'done');
    await until(
      'its transaction ended',
      async () => (await up.sql(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`)).length === 0,
    );
    expect([(await job(id))['state'], await effects('half')]).toEqual(['cancelled', 0]);
  });

  suite('with a payload that does not fit fails with a reason', async () => {
    // cast: what a newer or older process may have written.
    const id = await enqueue(ctx(), note, { txt: 'wrong' } as unknown as { text: string });
    await is(id, 'failed');
    expect(String((await job(id))['error'])).toContain('text');
  });

  suite('of a kind that this process does not know waits for one that does', async () => {
    const id = await enqueue(ctx(), unknown, {});
    await until('it was looked at', async () => (await job(id))['failures'] === 1);
    expect(await job(id)).toMatchObject({ state: 'waiting', error: 'this process knows no job of the kind "test-unknown"' });
  });

  suite('is done although the store lost it', async () => {
    const id = await say('lost', { delay: 500 });
    await until('it was handed over', async () => (await job(id))['queued'] !== null);
    if (redis === undefined) await up.sql('DELETE FROM bullmq.job');
    else await redis.flush();
    await is(id, 'done');
    expect([(await job(id))['round'], await effects('lost')]).toEqual([1, 1]);
  });

  suite('a hundred at once are a hundred effects', async () => {
    const ids = await withTx(ctx(), async (inside) => {
      const made: string[] = [];
      for (let n = 0; n < 100; n += 1) made.push(await enqueue(inside, note, { text: 'many' }));
      return made;
    });
    await until('all are done', async () => (await effects('many')) === 100, 20_000);
    expect(ids.length).toBe(100);
  });

  suite('is seen, done again and cancelled by admins, and by nobody else', async () => {
    const anybody = await up.account(`ann-${store.toLowerCase()}`);
    failing = 3;
    const failed = await say('again by hand');
    await is(failed, 'failed');
    const later = await say('not at all', { delay: 3_600_000 });
    for (const [request, caller, status] of [
      ['GET /ops/queues', {}, 401],
      ['GET /ops/queues', { token: anybody.token }, 403],
      ['GET /records/_jobs', { token: anybody.token }, 404],
      [`POST /ops/queues/jobs/${failed}/retry`, { token: anybody.token }, 403],
      ['POST /ops/queues/retry', {}, 401],
      ['POST /ops/queues/jobs/nonsense/retry', { token: up.owner }, 404],
      [`POST /ops/queues/jobs/${later}/retry`, { token: up.owner }, 409],
      ['GET /ops/queues?x=1', { token: up.owner }, 400],
    ] as const)
      expect([request, (await up.send(request, caller)).status]).toEqual([request, status]);
    expect(await job(failed)).toMatchObject({ state: 'failed' });
    const { body: queues } = await up.send('GET /ops/queues', { token: up.owner });
    expect(queues.queues[0]).toMatchObject({ name: 'now', failed: 3, delayed: 2 });
    expect(queues.schedules).toMatchObject([
      { name: 'sweep', kind: 'sweep', cron: '17 * * * *', zone: 'UTC', next: expect.stringMatching(/:17:00.000Z$/) },
    ]);
    const { body: seen } = await up.send(`GET /records/_jobs/${failed}`, { token: up.owner });
    expect(seen).toMatchObject({
      id: failed,
      kind: 'test-note',
      state: 'failed',
      failures: 3,
      error: 'not yet: 3',
      payload: { text: 'again by hand' },
    });
    expect((await up.send(`POST /ops/queues/jobs/${failed}/retry`, { token: up.owner })).status).toBe(204);
    await is(failed, 'done');
    expect((await up.send(`POST /ops/queues/jobs/${later}/cancel`, { token: up.owner })).status).toBe(204);
    expect((await up.send(`POST /ops/queues/jobs/${later}/cancel`, { token: up.owner })).status).toBe(409);
    expect([await effects('again by hand'), await effects('not at all'), (await job(later))['state']]).toEqual([1, 0, 'cancelled']);
    expect(await up.sql(`SELECT action, target FROM underpin.audit WHERE action LIKE 'job.%' ORDER BY id`)).toEqual([
      { action: 'job.retried', target: `_jobs:${failed}` },
      { action: 'job.cancelled', target: `_jobs:${later}` },
    ]);
  });

  suite('all that failed are done again at once', async () => {
    const before = (await up.sql(`SELECT id FROM underpin.jobs WHERE state = 'failed'`)).length;
    expect(before).toBeGreaterThan(0);
    const { body } = await up.send('POST /ops/queues/retry', { token: up.owner });
    expect(body).toEqual({ retried: before });
    // One never fits.
    await until('they are done', async () => (await up.sql(`SELECT FROM underpin.jobs WHERE state = 'failed'`)).length === 1, 20_000);
  });
});
