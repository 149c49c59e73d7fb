/**
 * Reads the log of the database for as long as the process lives, one process at a time.
 *
 * States: connecting → live; or elsewhere, while another process has the lead; or unavailable, while the server or the login is not as
 * it has to be. Whatever ends a connection leads back to connecting, at once the first time and later with growing pauses.
 * Worry: what was read and lost with this process must come again, and what comes again must not be told twice.
 * Decision: confirmed is what the log of this process says (`confirmed`, late on purpose), never what was received; and what is at or
 * before its head is passed over. Why it is enough: Postgres sends all that ended after the place confirmed last, in the order of
 * commits, which is the order of positions.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { limits } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';
import type { Position, Txn } from './change.ts';
import type { Keeper } from './effects/keeper.ts';
import { createDecoder } from './pgoutput.ts';
import { openConnection, readLog } from './replication.ts';
import { checkServer, openSlot, publication, takeLead, Unavailable, type Slot } from './slot.ts';
import { joinTransactions } from './transactions.ts';

export type LogState = 'off' | 'connecting' | 'live' | 'elsewhere' | 'unavailable';

/** What is told of the log. */
export interface Heard {
  state(state: LogState, reason?: string): void;
  /** Reading begins anew at a place of a history; before `live`. */
  opened(epoch: string, from: Position): void;
  txn(txn: Txn, bytes: number): void;
  /** All that ended before has been told. */
  alive(end: Position): void;
  head(): Position;
  confirmed(): Position;
}

export interface Capture {
  start(): void;
  close(): Promise<void>;
}

export function createCapture(url: string, log: Log, heard: Heard, keeper: Keeper): Capture {
  const ending = new AbortController();
  const decoder = createDecoder();
  let client: pg.Client | undefined;
  let running: Promise<void> | undefined;
  let failures = 0;
  let lost: string | undefined;

  const rest = (ms: number): Promise<unknown> => pause(ms * (0.5 + Math.random()), undefined, { signal: ending.signal });

  const lead = async (mine: pg.Client): Promise<never> => {
    await soon(mine, checkServer(mine));
    while (!(await soon(mine, takeLead(mine)))) {
      heard.state('elsewhere', 'Another process reads the log of changes.');
      await rest(limits.changes.again);
    }
    // Making a slot waits for every transaction that is under way.
    const slot = await openSlot(mine, lost);
    lost = undefined;
    return read(mine, slot);
  };

  const read = async (mine: pg.Client, slot: Slot): Promise<never> => {
    heard.opened(slot.epoch, slot.from);
    decoder.restart();
    await keeper.open(slot);
    const reading = readLog(mine, {
      slot: slot.name,
      publication,
      started: () => heard.state('live'),
      heard: joinTransactions(decoder, heard.head, heard.txn, keeper),
      busy: keeper.busy,
      alive: (end) => {
        keeper.alive(end);
        heard.alive(end);
      },
      confirmed: () => {
        const [until, kept] = [heard.confirmed(), keeper.written()];
        return kept < until ? kept : until;
      },
    });
    return Promise.race([reading, keeper.failed()]).catch((error: unknown) => {
      // The slot was invalidated, or what is published began after the place where it stands.
      if (codeOf(error) === '55000' || codeOf(error) === '42704') lost = slot.name;
      throw error;
    });
  };

  /** Says what went wrong; gives back ms until it is tried again. */
  const failed = (error: unknown): number => {
    const problem = error instanceof Error ? error.message : String(error);
    const code = codeOf(error);
    if (code === '55006') {
      heard.state('elsewhere', 'Another process reads the log of changes.');
      return limits.changes.again / 4;
    }
    const reason = error instanceof Unavailable ? problem : reasons[code];
    if (reason !== undefined) {
      log.warn({ problem }, 'the log of changes cannot be read');
      heard.state('unavailable', reason);
      return code.startsWith('53') ? limits.changes.backoff.most : limits.changes.unavailable;
    }
    log.warn(
      { problem, sqlstate: code, slot: lost },
      lost === undefined ? 'the log of changes was cut off' : 'the log of changes begins anew',
    );
    heard.state('connecting', problem);
    return Math.min(limits.changes.backoff.first * 2 ** failures++, limits.changes.backoff.most);
  };

  const run = async (): Promise<void> => {
    heard.state('connecting');
    while (!ending.signal.aborted) {
      let wait = 0;
      const before = heard.head();
      try {
        const mine = await openConnection(url);
        client = mine;
        ending.signal.throwIfAborted();
        await lead(mine);
      } catch (error) {
        if (heard.head() > before) failures = 0;
        if (!ending.signal.aborted) wait = failed(error);
      } finally {
        client?.connection.stream.destroy();
        client = undefined;
      }
      await rest(wait).catch(() => undefined);
    }
  };

  return {
    start: () => {
      if (!ending.signal.aborted) running ??= run();
    },
    close: async () => {
      ending.abort();
      client?.connection.stream.destroy();
      await running;
      await keeper.close();
    },
  };
}

const noRight = 'The database login may not read the log of changes; give it the attribute: ALTER ROLE … REPLICATION';
const reasons: Readonly<Record<string, string>> = {
  '42501': noRight,
  '28000': noRight,
  '53300': 'Postgres has no connection left for reading the log of changes; raise max_wal_senders',
  '53400': 'Postgres has no replication slot left; raise max_replication_slots',
  '0A000': 'Postgres cannot read its log for us; is DATABASE_URL a pooler?',
};

const codeOf = (error: unknown): string => (error instanceof pg.DatabaseError ? (error.code ?? '') : '');

/** A connection that does not answer a short question is no connection. */
async function soon<T>(client: pg.Client, answer: Promise<T>): Promise<T> {
  const cut = setTimeout(() => client.connection.stream.destroy(), limits.changes.partition);
  try {
    return await answer;
  } finally {
    clearTimeout(cut);
  }
}
