/**
 * Jobs whose effect nothing protects from being there twice, while workers, Postgres and Redis are killed: none is lost, none has its
 * effect twice, and no more of them begin again than were at work. And a clock that three processes look at strikes once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import pg from 'pg';
import { testSecret } from '../support/app.ts';
import { dataFolder, endProcesses, postgresPid, postgresPort, startProcess, superuser, until, type Process } from '../support/process.ts';
import { hasRedis, startRedis, testOn, type TestRedis } from '../support/redis.ts';
import { randomness } from '../property/random.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const seed = Number(process.env['SEED'] ?? 20_261_122);
const jobs = long ? 10_000 : 1_000;
const kills = long ? 25 : 4;
/** Jobs that a worker has at work at once, as limits.jobs.now says. */
const atOnce = 8;
jest.setTimeout(long ? 900_000 : 120_000);

describe.each(['Postgres', 'Redis'])('with queues in %s', (store) => {
  const suite = testOn(store);
  const workers = new Set<ChildProcess>();
  let server: Process;
  let redis: TestRedis | undefined;
  let url = '';

  beforeAll(async () => {
    const dataDir = dataFolder();
    // It has Postgres, and starts it again; jobs are done by others.
    server = await startProcess(dataDir, { SECRET: testSecret, ROLE: 'web', LOG_LEVEL: 'fatal' });
    await server.ready();
    redis = store === 'Redis' && hasRedis ? await startRedis() : undefined;
    const login = readFileSync(join(dataDir, 'postgres.login'), 'utf8').trim();
    url = `postgres://underpin:${login}@127.0.0.1:${postgresPort(dataDir)}/underpin`;
    await sql('CREATE TABLE public.test_effects (n integer)');
    await sql('CREATE TABLE public.test_ticks (job uuid, at timestamptz DEFAULT now())');
    await sql('GRANT ALL ON public.test_effects, public.test_ticks TO underpin_app');
  }, 60_000);
  afterAll(async () => {
    for (const worker of [...workers]) await end(worker, 'SIGKILL');
    await redis?.end();
    await endProcesses();
  }, 60_000);

  let client: pg.Client | undefined;
  /** Asks until there is a Postgres to answer. */
  async function sql(text: string): Promise<Record<string, unknown>[]> {
    let rows: Record<string, unknown>[] | undefined;
    await until('Postgres answers', async () => {
      try {
        client ??= await superuser(server.dataDir);
        ({ rows } = await client.query<Record<string, unknown>>(text));
      } catch (error) {
        // What is wrong with the statement is no matter of waiting.
        if (error instanceof pg.DatabaseError && error.code?.startsWith('42') === true) throw error;
        void client?.end().catch(() => undefined);
        client = undefined;
      }
      return rows !== undefined;
    });
    return rows ?? [];
  }
  const count = async (text: string): Promise<number> => Number((await sql(`SELECT (${text}) AS n`))[0]?.['n']);

  async function startWorker(seconds?: number): Promise<ChildProcess> {
    const env = { SECRET: testSecret, DATA_DIR: server.dataDir, ...(redis === undefined ? {} : { REDIS_URL: redis.url }) };
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/worker.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', NODE_NO_WARNINGS: '1', UNDERPIN_TEST_WORKER: JSON.stringify({ url, env, seconds }) },
    });
    workers.add(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child;
  }
  async function end(worker: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    workers.delete(worker);
    worker.kill(signal);
    await ended;
  }

  suite(`${jobs} jobs and ${kills} kills: none lost, none twice (seed ${seed})`, async () => {
    const random = randomness(seed);
    await sql(
      `INSERT INTO underpin.jobs (id, created, queue, kind, payload, due, actor)
       SELECT gen_random_uuid(), now(), 'now', 'test-number', jsonb_build_object('n', n), now(), 'system' FROM generate_series(1, ${jobs}) n`,
    );
    let worker = await startWorker();
    const victims = ['worker', 'Postgres', store === 'Redis' ? 'Redis' : 'worker'] as const;
    const done = "SELECT count(*) FROM underpin.jobs WHERE kind = 'test-number' AND state = 'done'";
    const said: string[] = [];
    let atWork = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      const least = Math.floor((jobs * kill) / (kills + 1)) + random.below(20);
      await until(`${least} jobs are done`, async () => (await count(done)) >= least, 60_000);
      // Each kind of victim at least once, then any.
      const victim = kill <= victims.length ? victims[kill - 1] : random.pick(victims);
      const active = await count("SELECT count(*) FROM underpin.jobs WHERE state = 'active'");
      // It may have taken more between this look and the kill.
      atWork += Math.max(active, atOnce);
      said.push(`${victim} at ${await count(done)} done, ${active} active`);
      if (victim === 'worker') {
        await end(worker, 'SIGKILL');
        worker = await startWorker();
      } else if (victim === 'Postgres') {
        process.kill(postgresPid(server.dataDir), 'SIGKILL');
      } else {
        await redis?.kill();
        await redis?.start();
      }
    }
    await until('all jobs are done', async () => (await count(done)) === jobs, 60_000);
    const effects = await count('SELECT count(*) FROM public.test_effects');
    const twice = await count('SELECT count(*) FROM (SELECT n FROM public.test_effects GROUP BY n HAVING count(*) > 1) x');
    const again = await count("SELECT sum(executions) - count(*) FROM underpin.jobs WHERE kind = 'test-number'");
    process.stdout.write(`${store}: killed ${said.join('; ')}. ${effects} effects, ${twice} double, ${again} executions again\n`);
    expect({ effects, twice }).toEqual({ effects: jobs, twice: 0 });
    expect(again).toBeLessThanOrEqual(atWork);
    await end(worker, 'SIGTERM');
  });

  suite('a schedule that three processes know fires once each time', async () => {
    const three = await Promise.all([startWorker(1), startWorker(1), startWorker(1)]);
    await until('it fired four times', async () => (await count('SELECT count(*) FROM public.test_ticks')) >= 4, 30_000);
    await Promise.all(three.map((worker) => end(worker, 'SIGTERM')));
    const [firings, moments, span] = await Promise.all(
      [
        'SELECT count(*) FROM public.test_ticks',
        `SELECT count(DISTINCT date_trunc('second', at)) FROM public.test_ticks`,
        'SELECT extract(epoch FROM max(at) - min(at)) FROM public.test_ticks',
      ].map(count),
    );
    process.stdout.write(`${store}: fired ${firings} times in ${span?.toFixed(1)} s\n`);
    // One each second: as many as seconds have begun meanwhile, and not three times as many.
    expect(firings).toBeLessThanOrEqual(Math.ceil(span ?? 0) + 1);
    expect(moments).toBeGreaterThanOrEqual(3);
  });
});
