/**
 * From a query to the log without a gap.
 *
 * Worry: the log may be ahead of the database (a transaction is told of before a fresh query sees it) and the database ahead of
 * the log. "Query, then follow from now on" loses changes or repeats them, whichever way round it is done.
 * Decision: the statement that reads the rows reads its own snapshot too. Then a barrier: a tiny message that is committed after
 * the query and waited for in the log, so that all that the snapshot saw has passed. Then every transaction in the log that the
 * snapshot did not see is applied, in the order of commits, also what had come before the query began.
 * Why it is enough: Postgres itself says of each transaction whether the snapshot saw it; all it saw is in the rows, all it did
 * not see is applied, and what commits later comes by the log.
 */
import type { Txn } from '../changes/change.ts';
import type { ChangeLog } from '../changes/log.ts';
import type { Ctx } from '../ctx.ts';
import type { Db, Statement, Texts } from '../db/connect.ts';
import { limits } from '../kit/limits.ts';

/** `pg_current_snapshot()`. */
export interface Snapshot {
  /** Of a transaction, by the 32 bits of its id that the log tells. */
  isVisible(xid: number): boolean;
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin = 0n, xmax = 0n] = text.split(':', 2).map(BigInt);
  const running = new Set((text.split(':')[2] ?? '').split(',').filter((one) => one !== ''));
  const epoch = (xmax >> 32n) << 32n;
  return {
    isVisible: (short) => {
      // The nearest to xmax of all that end in these 32 bits: transactions that are told of are less than 2^31 apart.
      let xid = epoch | BigInt(short);
      if (xid - xmax > 0x7fff_ffffn) xid -= 1n << 32n;
      else if (xmax - xid > 0x7fff_ffffn) xid += 1n << 32n;
      return xid < xmin || (xid < xmax && !running.has(String(xid)));
    },
  };
}

/** Which of the transactions that the log told of are seen by a new query too: asked once for all who wait. */
export class Sight {
  readonly #db: Db;
  readonly #waiting = new Set<{ readonly xid: number; resolve(): void; reject(error: unknown): void }>();
  #isLooking = false;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves when a query sees the transaction, which the log may tell of a moment before. */
  of({ xid }: Txn): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ xid, resolve, reject });
      if (!this.#isLooking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#waiting.size > 0) {
      try {
        const [row] = await this.#db.texts({ name: 'snapshot', text: 'SELECT pg_current_snapshot()::text' });
        const { isVisible } = parseSnapshot(row?.[0] ?? '');
        for (const one of this.#waiting)
          if (isVisible(one.xid)) {
            this.#waiting.delete(one);
            one.resolve();
          }
      } catch (error) {
        for (const { reject } of this.#waiting) reject(error);
        this.#waiting.clear();
      }
      if (this.#waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, limits.live.unseen));
    }
    this.#isLooking = false;
  }
}

export interface Read {
  readonly rows: readonly Texts[];
  readonly snapshot: Snapshot;
}

/** Runs a statement whose first column is the snapshot, the second the id: a row without an id stands for no row. */
export async function readAt(ctx: Ctx, statement: Statement): Promise<Read> {
  const rows = await ctx.db.texts(statement);
  const snapshot = parseSnapshot(rows[0]?.[0] ?? '');
  return { snapshot, rows: rows.filter((row) => row[1] !== null).map((row) => row.slice(1)) };
}

/** A statement with the snapshot in which it reads as its first column, and one row at least. */
export const withSnapshot = ({ text, name, ...rest }: Statement): Statement => ({
  ...rest,
  ...(name === undefined ? {} : { name: `${name}s` }),
  text: `SELECT s.snapshot, q.* FROM (SELECT pg_current_snapshot()::text AS snapshot) s LEFT JOIN LATERAL (${text}) q ON true`,
});

/** What the read did not see of what the log has by now; undefined where the log let go of some of it: then read again. */
export async function missed(log: ChangeLog, seen: Seen, { snapshot }: Read): Promise<readonly Txn[] | undefined> {
  await log.barrier();
  // From here to the end nothing waits, so that nothing can come in between.
  if (seen.before(log.tail).some(({ xid }) => !snapshot.isVisible(xid))) return undefined;
  return [...log.after(log.tail)].filter(({ xid }) => !snapshot.isVisible(xid));
}

/** The transactions that were told of last: more of them than could still be unseen by a new snapshot. */
export class Seen {
  readonly #most = 20_000;
  #last: { readonly xid: number; readonly position: string }[] = [];

  add({ xid, position }: Txn): void {
    this.#last.push({ xid, position });
    if (this.#last.length > 2 * this.#most) this.#last = this.#last.slice(-this.#most);
  }

  /** Those of them that the log does not hold. */
  before(tail: string): readonly { readonly xid: number }[] {
    const first = this.#last.findIndex(({ position }) => position > tail);
    return first < 0 ? this.#last : this.#last.slice(0, first);
  }
}
