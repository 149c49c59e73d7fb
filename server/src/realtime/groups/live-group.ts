/**
 * A group that somebody follows: what it owes its members, and how one comes to it.
 *
 * There are three kinds. Without a limit the members' rows are not held here: each change is judged by itself (`rows-group.ts`). With
 * a limit the window is held, since a row that leaves makes room for one that was not shown (`window-group.ts`). Where a row's
 * fate hangs on other tables, the query is asked again and the answers are compared (`query-group.ts`).
 */
import type { LivePlace } from '@underpin/sdk/wire';
import type { Position, Txn } from '../../changes/change.ts';
import type { Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Asked } from '../../records/parse/list.ts';
import type { Caller } from '../../records/policy.ts';
import type { Op } from './effects.ts';
import type { Group } from './group.ts';
import type { RowChange } from '../matching/row.ts';

/** What one who comes is told: all rows as JSON, or what he missed. */
export type Entered =
  { readonly mode: 'snapshot'; readonly rows: readonly string[] } | { readonly mode: 'delta'; readonly ops: readonly Op[] };

/** Who comes: in whose name the rows are read. */
export interface Comer {
  readonly ctx: Ctx;
  readonly caller: Caller;
  readonly asked: Asked;
  /** Where he stood before, if that was in this group and this epoch. */
  readonly at: LivePlace | undefined;
}

export interface LiveGroup {
  readonly group: Group;
  /** How many are told of it. */
  members: number;
  /** The number of the last message. */
  seq: number;
  /** Up to where the members know all, once they were told what there is to tell. */
  readonly position: Position;
  /** Whether that is all that the log has. */
  readonly isExact: boolean;
  /** A transaction that may concern it, and its changes of the group's own rows; whether there is something to tell by now. */
  touch(txn: Txn, changes: readonly RowChange[]): boolean;
  /** What is to be told now; `unknown`: ask again. */
  take(): readonly Op[] | 'unknown';
  /** Calls `join` at a moment at which what it is given is exact, and before anything else happens. */
  enter(comer: Comer, join: (entered: Entered) => void): Promise<void>;
}

export const tooMany = () =>
  fail(
    'limit_exceeded',
    `More than ${limits.realtime.rows} records match; give a limit of at most ${limits.list.max}, or narrow the filter.`,
  );
export const tooBusy = () => fail('unavailable', { detail: 'Too much changes at once.', retryAfter: 1 });
