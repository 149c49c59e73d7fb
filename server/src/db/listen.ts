/**
 * What other processes (and psql) changed, told by Postgres's NOTIFY on one connection of its own.
 *
 * Worry: a revoked session or a changed rule must hold in every process within a second, without a look-up per
 * request; but a listening connection can be dead without anybody noticing, and then nothing is ever told.
 * Decision: the connection is asked to answer every 500 ms. Silent for a second, `isFresh()` is false, and whoever
 * trusts the memory asks the database instead, until the connection is back and everything remembered was dropped
 * (`resync`). Why it is enough: a NOTIFY is delivered in the order of commits on a live connection, and a dead one
 * is known to be dead within the second that is promised.
 */
import type pg from 'pg';
import { limits } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { Database } from './connect.ts';

export const channel = 'underpin';

export interface Listener {
  /** Calls `fn` with what follows `topic:` in each payload; `resync` when messages may have been missed. */
  on(topic: string, fn: (text: string) => void, resync: () => void): void;
  isFresh(): boolean;
  close(): Promise<void>;
}

export async function listen(database: Pick<Database, 'connect'>, log: Log): Promise<Listener> {
  const handlers = new Map<string, ((text: string) => void)[]>();
  const resyncs: (() => void)[] = [];
  let client: pg.Client | undefined;
  let answered = 0;
  let closed = false;
  let asking = false;

  const connect = async (): Promise<void> => {
    const fresh = await database.connect();
    fresh.on('notification', (message) => {
      const [topic = '', ...rest] = (message.payload ?? '').split(':');
      for (const handler of handlers.get(topic) ?? []) handler(rest.join(':'));
    });
    fresh.on('end', () => {
      if (client === fresh) client = undefined;
    });
    await fresh.query(`LISTEN ${channel}`);
    for (const resync of resyncs) resync();
    client = fresh;
    answered = performance.now();
  };
  const beat = async (): Promise<void> => {
    if (asking || closed) return;
    asking = true;
    try {
      if (client === undefined) await connect();
      else {
        await client.query('SELECT 1');
        answered = performance.now();
      }
    } catch (error) {
      log.warn(
        { problem: error instanceof Error ? error.message : String(error) },
        'not listening for changes; asking the database meanwhile',
      );
      const broken = client;
      client = undefined;
      // Ended without waiting: one that does not answer does not say goodbye either.
      void broken?.end().catch(() => undefined);
    } finally {
      asking = false;
    }
  };

  await connect();
  const timer = setInterval(() => void beat(), limits.listen.heartbeat);
  return {
    on: (topic, fn, resync) => {
      handlers.set(topic, [...(handlers.get(topic) ?? []), fn]);
      resyncs.push(resync);
    },
    isFresh: () => client !== undefined && performance.now() - answered < limits.listen.silent,
    close: async () => {
      closed = true;
      clearInterval(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
