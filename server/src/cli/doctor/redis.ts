/** The Redis of the queues: whether it answers, and keeps what it is told. */
import { Redis } from 'ioredis';
import type { Config } from '../../kit/config.ts';
import { fine, mend, note, type Finding } from '../../kit/finding.ts';
import { reasonOf, unreached } from './look.ts';

const about = 'redis';
const wait = 4_000;

export async function aboutRedis(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { REDIS_URL: url } = config;
  if (url === undefined) return [fine(about, 'The queues are in Postgres')];
  const redis = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: wait,
    commandTimeout: wait,
  });
  // The reason is told here; what is waited for then only says that the connection is closed.
  let problem: unknown;
  redis.on('error', (error) => (problem ??= error));
  signal.addEventListener('abort', () => redis.disconnect(), { once: true });
  try {
    await redis.connect();
    // It tells all that CONFIG GET would, which managed servers forbid.
    return aboutInfo(await redis.info());
  } catch (error) {
    return [refused(problem ?? error, new URL(url).host, config)];
  }
}

function refused(error: unknown, host: string, config: Config): Finding {
  const said = reasonOf(error, config);
  if (/WRONGPASS|NOAUTH|invalid password|AUTH/.test(said))
    return mend(about, `Redis refuses the login: ${said}`, 'Give REDIS_URL the name and password that Redis has');
  if (/NOPERM/.test(said)) return note(about, `Redis answers, but does not tell of itself: ${said}`);
  const why = unreached(error, host) ?? `Redis does not answer: ${said}`;
  return mend(about, why, 'Look at REDIS_URL and at its log; until it answers, jobs wait in Postgres');
}

export function aboutInfo(info: string): readonly Finding[] {
  const told = new Map(info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  const policy = told.get('maxmemory_policy') ?? 'unknown';
  return [
    fine(about, `Redis ${told.get('redis_version') ?? 'of an unknown version'}`),
    told.get('aof_enabled') === '1'
      ? fine('appendonly', 'What Redis is told is written to its disk')
      : mend('appendonly', 'Redis forgets what it was told when it ends', 'CONFIG SET appendonly yes, and the same in redis.conf'),
    ...(told.get('aof_last_write_status') === 'err'
      ? [mend('appendonly', 'Redis could not write to its disk the last time', 'Look at its log, and whether its disk is full')]
      : []),
    policy === 'noeviction'
      ? fine('eviction', 'noeviction')
      : mend(
          'eviction',
          `${policy}: where memory is short Redis throws jobs away`,
          'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf',
        ),
    memoryBy(Number(told.get('used_memory')), Number(told.get('maxmemory'))),
  ];
}

function memoryBy(used: number, most: number): Finding {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`;
  if (!(most > 0)) return fine('memory', `Redis uses ${megabytes(used)}, and has no bound`);
  const text = `Redis uses ${megabytes(used)} of ${megabytes(most)}`;
  return used > most * 0.8 ? note('memory', `${text}; when it is full it takes no more jobs`) : fine('memory', text);
}
