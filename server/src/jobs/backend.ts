/**
 * BullMQ's store: the schema `bullmq` in our Postgres, or Redis where REDIS_URL is set. Both do the same; in either a job is no
 * more than its id and its round (queue/enqueue.ts has the rest).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createPostgresBackend, Queue, runMigrations, Worker, type Job as BullJob } from 'bullmq';
import { Redis } from 'ioredis';
import type pg from 'pg';
import type { Base } from '../ctx.ts';
import { limits } from '../kit/limits.ts';

/** What BullMQ is told: which job is to be done, or which schedule has fired. */
export interface Told {
  readonly id: string;
}
export type Process = (job: Pick<BullJob<Told>, 'data' | 'timestamp' | 'opts'>) => Promise<void>;

/** As much of a queue as we ask of it. */
export interface BullQueue {
  addBulk(jobs: { name: string; data: Told; opts: { jobId: string; delay: number } }[]): Promise<unknown>;
  getJobState(id: string): Promise<string>;
  upsertJobScheduler(id: string, repeat: { pattern: string; tz: string }, template: { name: string; data: Told }): Promise<unknown>;
  close(): Promise<void>;
}
export interface Backend {
  queue(name: string): BullQueue;
  worker(name: string, concurrency: number, process: Process): { close(): Promise<void> };
  close(): Promise<void>;
}

const schema = 'bullmq';

export async function openBackend(base: Base): Promise<Backend> {
  const { REDIS_URL: redis } = base.config;
  return redis === undefined ? openPostgres(base, base.database.pool('owner', limits.jobs.pool, schema)) : openRedis(base, redis);
}

/** What both have in common. A stalled job is given to another worker; after a lost connection it is soon tried again. */
const settings = ({ config }: Base, concurrency: number) => ({
  concurrency,
  lockDuration: config.JOBS_LOCK * 1000,
  stalledInterval: config.JOBS_STALLED * 1000,
  maxStalledCount: limits.jobs.stalls,
  runRetryDelay: limits.jobs.reconnect,
  settings: {
    backoffStrategy: (_attempts: number, _type?: string, error?: Error) =>
      error !== undefined && 'delay' in error ? Number(error.delay) : limits.jobs.reconnect,
  },
});
const defaultJobOptions = { removeOnComplete: true, removeOnFail: true, attempts: limits.jobs.told, backoff: { type: 'ours' } };

async function openPostgres(base: Base, pool: pg.Pool): Promise<Backend> {
  // Each worker keeps a connection for LISTEN, and puts listeners on the pool.
  pool.setMaxListeners(0);
  const client = await pool.connect();
  try {
    await runMigrations(client, schema);
  } finally {
    client.release();
  }
  return {
    queue: (name) => {
      const queue = new Queue(name, { connection: pool, defaultJobOptions }, createPostgresBackend);
      queue.on('error', quiet(base));
      return queue;
    },
    worker: (name, concurrency, process) => {
      const worker = new Worker(name, process, { connection: pool, ...settings(base, concurrency) }, createPostgresBackend);
      worker.on('error', quiet(base));
      return worker;
    },
    close: () => pool.end(),
  };
}

const prefix = 'underpin';

function openRedis(base: Base, url: string): Backend {
  const open: Redis[] = [];
  const connect = (maxRetriesPerRequest: number | null): Redis => {
    const redis = new Redis(url, { maxRetriesPerRequest, retryStrategy: (times) => Math.min(times * 50, limits.jobs.reconnect) });
    redis.on('error', quiet(base));
    open.push(redis);
    return redis;
  };
  // What cannot be told is told again later, by the relay; who waited for Redis would hold a transaction open meanwhile.
  const shared = connect(1);
  return {
    queue: (name) => {
      const queue = new Queue(name, { connection: shared, defaultJobOptions, prefix });
      queue.on('error', quiet(base));
      return queue;
    },
    worker: (name, concurrency, process) => {
      const redis = connect(null);
      const atWork = new Set<Promise<void>>();
      const noted: Process = async (job) => {
        const work = process(job);
        atWork.add(work);
        await work.finally(() => atWork.delete(work));
      };
      const worker = new Worker(name, noted, { connection: redis, ...settings(base, concurrency), prefix });
      worker.on('error', quiet(base));
      return { close: () => leave(worker, redis, atWork) };
    },
    close: () => {
      for (const redis of open) redis.disconnect();
      return Promise.resolve();
    },
  };
}

/**
 * Jobs at work end in any case. To Redis a goodbye is said where it hears it; what it was not told is still at work for it, stalls,
 * and is found to be done already.
 */
async function leave(worker: Worker, redis: Redis, atWork: ReadonlySet<Promise<void>>): Promise<void> {
  const ended = async (): Promise<void> => {
    while (atWork.size > 0) await Promise.allSettled(atWork);
  };
  if (redis.status !== 'ready') {
    await ended();
    return worker.close(true);
  }
  const unheard = async (): Promise<void> => {
    await ended();
    await pause(limits.jobs.goodbye, undefined, { ref: false });
    await ended();
  };
  await Promise.race([worker.close(), unheard()]);
}

/** A lost connection is found again by whoever lost it; without a listener it would end the process. */
const quiet =
  (base: Base) =>
  ({ message }: Error): void =>
    base.log.debug({ problem: message }, 'the queue');
