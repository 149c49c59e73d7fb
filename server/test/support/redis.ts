/** A Redis of a suite's own, on a free port, that keeps what it was told over a kill. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort, until } from './process.ts';

const program = process.env['UNDERPIN_TEST_REDIS'] ?? '';
export const hasRedis = program !== '' || process.env['CI'] === 'true';

/** A test of one of the stores of queues: skipped by name where there is no Redis, a failure where nothing may be skipped. */
export const testOn = (store: string) => (store === 'Redis' && !hasRedis ? test.skip : test);

export interface TestRedis {
  readonly url: string;
  /** Forgets all that it was told. */
  flush(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  end(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  if (program === '') throw new Error('UNDERPIN_TEST_REDIS names no redis-server; `npm test -- --install` installs one');
  const folder = mkdtempSync(join(tmpdir(), 'underpin-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
    child = spawn(program, options, { stdio: 'ignore' });
    await until('Redis answers', () => asked((redis) => redis.ping().then(() => true)).catch(() => false));
  };
  const asked = async <T>(ask: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  };
  const kill = async (): Promise<void> => {
    const gone = child;
    if (gone === undefined || gone.exitCode !== null) return;
    const ended = new Promise((resolve) => gone.once('exit', resolve));
    gone.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url,
    start,
    kill,
    flush: async () => void (await asked((redis) => redis.flushall())),
    end: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
