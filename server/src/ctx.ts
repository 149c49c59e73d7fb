/** What every function is given: first argument, always called `ctx`. */
import type { ChangeLog } from './changes/log.ts';
import type { Config } from './kit/config.ts';
import type { Actor } from './kit/actor.ts';
import type { Cache } from './kit/cache.ts';
import type { Log } from './kit/log.ts';
import type { Timing } from './kit/timing.ts';
import type { Database, Db } from './db/connect.ts';
import type { Driver } from './storage/driver.ts';
import type { Listener } from './db/listen.ts';

/** The parts that live as long as the app. */
export interface Base {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly listener: Listener;
  readonly changes: ChangeLog;
  /** Where the bytes of files lie. */
  readonly storage: Driver;
  readonly cache: Cache;
  /** The installation's secret, from which keys are derived. */
  readonly secret: string;
  /** ms since 1970. Every decision on time asks this clock, in SQL too: bound as a parameter. */
  readonly clock: () => number;
}

export interface Ctx extends Base {
  /** The pool, or the transaction that this ctx stands in. */
  readonly db: Db;
  readonly actor: Actor;
  readonly requestId: string;
  /** The moment of this request: one value for every rule and default in it. */
  readonly now: number;
  readonly request: { readonly ip: string; readonly method: string };
  /** Where it is to be told how long each step took. */
  readonly timing?: Timing | undefined;
  /** In a batch: the ids of the records that it has made so far, by collection. They may be referred to unseen. */
  readonly created?: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The ctx of work that we start ourselves. */
export const systemCtx = (base: Base): Ctx => ({
  ...base,
  db: base.database.app,
  actor: { kind: 'system', address: '127.0.0.1' },
  requestId: 'system',
  now: base.clock(),
  request: { ip: '127.0.0.1', method: 'GET' },
});

/** Runs `fn` with a ctx whose `db` is a transaction; within one already, in a savepoint of it. */
export const withTx = <T>(ctx: Ctx, fn: (ctx: Ctx) => Promise<T>): Promise<T> => ctx.db.transaction((db) => fn({ ...ctx, db }));

/** The same as the role that may change the schema. */
export const withOwnerTx = <T>(ctx: Ctx, fn: (ctx: Ctx) => Promise<T>): Promise<T> =>
  ctx.database.owner.transaction((db) => fn({ ...ctx, db }));
