/**
 * Copies the changes that somebody may not miss out of the log into `underpin.effects`, before Postgres may forget them.
 *
 * Worries: what was read and not yet written is lost with this process; what was written is read again by the next one; a process that
 * lost the lead without knowing it still writes; a transaction may be larger than any memory, and may be undone after all; and where
 * the log cannot be had for good, triggers write instead, and at the change from one to the other nothing may be left out or be twice.
 * Decision: effects and the place up to which they were copied (`effects_place`) are written in one transaction, and no place is
 * confirmed to Postgres before that (`written`). Each connection that reads the log signs the place with a session of its own, and
 * writes only while the place bears it. What comes of a transaction whose end is not known goes into `effects_pieces` when it is too
 * much to be held, and becomes effects with the commit; what is there of older sessions is thrown away, since it is sent again.
 * Every table begins with triggers, in the transaction that makes it one of those concerned. Only a slot that outlives its reader lets it
 * change over to the log: in one transaction the writers are waited for and kept out, the triggers are switched off, and `since` is
 * noted. Whatever was committed before lies at or before `since`, and all later changes behind it; only these are copied.
 * Why it is enough: a change is copied exactly where it lies behind the place and behind `since`, both of which are judged by the
 * transaction that copies it; and what is not copied yet is not confirmed, so that Postgres sends it again.
 * Not covered: a slot that Postgres gave up (`max_slot_wal_keep_size`) while nobody read it. That is noted (`lost`) and told.
 */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/connect.ts';
import { limits } from '../../kit/limits.ts';
import type { Log } from '../../kit/log.ts';
import type { Change, Position, Relation } from '../change.ts';
import type { Slot } from '../slot.ts';
import type { Ended, Keeping } from '../transactions.ts';
import { metaOf, rowsOf, sizeOf, type Row } from './rows.ts';
import { openEffects, type Followed } from './place.ts';
import { write, type Step, type Top } from './steps.ts';
import { createTaking } from './take.ts';

export type Effects = Pick<Database, 'app' | 'jobs' | 'owner'>;

export interface Keeper extends Keeping {
  /** The log is read from a place of a slot: before its first message. */
  open(slot: Slot): Promise<void>;
  /** Rejects when what was read cannot be written: then it has to be read again. */
  failed(): Promise<never>;
  close(): Promise<void>;
  /** Reading has to wait for it; undefined where it may go on. */
  busy(): Promise<void> | undefined;
  /** All that ended at or before it has been told. */
  alive(end: Position): void;
  /** Up to where nothing has to be sent again. Asked at each beat. */
  written(): Position;
}

/** Whoever writes such a message can read in `effects_place` when all before it has been copied. */
export const keptPrefix = 'underpin.kept';
const schemaPrefix = 'underpin.schema';

export function createKeeper(database: Effects, log: Log): Keeper {
  let session = '';
  let slot: Slot | undefined;
  let followed: ReadonlyMap<number, Followed> = new Map();
  let place: Position = '';
  /** All up to it was told; and, while something waits to be written, what lay before that. */
  let seen: Position = '';
  let safe: Position = '';
  let tops = new Map<number, Top>();
  let held = 0;
  let queue: Step[] = [];
  let waiting = 0;
  let writing: Promise<void> | undefined;
  let arranging: Promise<void> | undefined;
  let fail: (error: unknown) => void = () => undefined;
  let failure: Promise<never> = new Promise(() => undefined);

  /** Which tables are concerned, and those that can be, changed over to the log. */
  const arrange = async (): Promise<void> => {
    if (slot === undefined) return;
    const mine = session;
    const found = await openEffects(database, slot, mine, seen === '', log);
    if (mine !== session) return;
    [followed, place] = [found.followed, found.place];
  };

  const taking = createTaking(database.jobs, log);

  /** Of what triggers write, nothing is copied. */
  const copied = ({ oid }: Relation): Followed | undefined => {
    const table = followed.get(oid);
    return table?.since === undefined ? undefined : table;
  };

  const topOf = (xid: number): Top => {
    const top = tops.get(xid) ?? { xid, rows: [], aside: false, stored: 0, count: 0 };
    tops.set(xid, top);
    return top;
  };

  const push = (step: Step): void => {
    if (queue.length === 0 && writing === undefined) safe = seen;
    queue.push(step);
    waiting += step.size;
    writing ??= drain(session).finally(() => (writing = undefined));
  };

  const drain = async (mine: string): Promise<void> => {
    // What comes in the same turn is written together.
    await Promise.resolve();
    try {
      while (queue.length > 0 && mine === session) {
        const steps = queue.splice(0, limits.effects.steps);
        await write(database.jobs, mine, slot?.epoch ?? '', steps);
        waiting = queue.reduce((sum, { size }) => sum + size, 0);
        const ended = steps.findLast((step) => step.kind === 'commit');
        if (mine === session && ended?.kind === 'commit' && ended.ended.position > safe) safe = ended.ended.position;
      }
      taking.soon();
    } catch (error) {
      if (mine === session) fail(error);
    }
  };

  /** What is held of transactions under way is put aside. */
  const store = (): void => {
    for (const top of tops.values()) {
      if (top.rows.length > 0) {
        top.aside = true;
        push({ kind: 'store', top, rows: top.rows.splice(0), size: held });
      }
      held = 0;
    }
  };

  return {
    wants: (relation) => copied(relation) !== undefined,
    add: (of: number, xid: number, change: Change) => {
      const table = copied(change.relation);
      if (table === undefined) return;
      const top = topOf(of);
      for (const row of rowsOf(table.collection, change)) top.rows.push({ ...row, xid, n: ++top.count });
      held += sizeOf(change);
      if (held > limits.effects.held) store();
    },
    undo: (of: number, xid: number) => {
      const top = tops.get(of);
      if (top === undefined) return;
      if (of === xid) tops.delete(of);
      top.rows = of === xid ? [] : top.rows.filter((row) => row.xid !== xid);
      if (top.aside) push({ kind: 'undo', top, xid: of === xid ? undefined : xid, size: 0 });
    },
    commit: (of: number, ended: Ended) => {
      const top = tops.get(of);
      tops.delete(of);
      const rows: Row[] = top?.rows ?? [];
      for (const change of ended.changes) {
        const table = copied(change.relation);
        if (table !== undefined) for (const row of rowsOf(table.collection, change)) rows.push({ ...row, xid: of, n: rows.length + 1 });
      }
      const isAsked = ended.messages.some(({ prefix }) => prefix === keptPrefix);
      const isNew = ended.position > place;
      if (top?.aside === true || (isNew && (rows.length > 0 || isAsked))) {
        const size = ended.changes.reduce((sum, change) => sum + sizeOf(change), 0);
        push({ kind: 'commit', top, rows, ended, meta: metaOf(ended.messages), isNew, size });
      }
      if (tops.size === 0) held = 0;
      if (ended.position > seen) seen = ended.position;
      if (isNew && ended.messages.some(({ prefix }) => prefix === schemaPrefix)) rearrange();
    },
    open: async (now) => {
      session = randomUUID();
      slot = now;
      [tops, queue, held, waiting] = [new Map(), [], 0, 0];
      seen = '';
      failure = new Promise((_resolve, reject) => (fail = reject));
      failure.catch(() => undefined);
      await writing;
      await arrange();
      seen = safe = now.from > place ? now.from : place;
    },
    failed: () => failure,
    close: async () => {
      session = '';
      await Promise.all([writing, arranging, taking.done()]);
    },
    busy: () => arranging ?? (waiting > limits.effects.waiting ? writing : undefined),
    alive: (end) => {
      if (end > seen) seen = end;
    },
    written: () => {
      if (slot !== undefined && [...followed.values()].some(({ since }) => since === undefined) && slot.isLasting) rearrange();
      return writing === undefined && queue.length === 0 ? seen : safe;
    },
  };

  function rearrange(): void {
    arranging ??= arrange()
      .catch((error: unknown) => fail(error))
      .finally(() => (arranging = undefined));
  }
}
