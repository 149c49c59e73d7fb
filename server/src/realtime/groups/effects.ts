/**
 * What a stretch of the log did to all rows of a group that has no limit: at most one operation for each id.
 *
 * Worry: who replays a thousand changes is sent each, or is sent what he had; and a row that leaves him, because a rule has turned,
 * still tells of itself. Decision: of each id is kept how it was before the first change and how it is after the last, which
 * old images tell exactly. Same bytes: nothing. Gone: its id and no more. Where the log tells only the key of the row before, a row
 * has left those who were given it, which `has` says; without it, nobody can know, and the group is to be read anew.
 * Why it is enough: what lies between is never shown, and a test compares with the rows before and after.
 */
import type { Local } from '../matching/local.ts';
import type { Row, RowChange } from '../matching/row.ts';

export type Op = readonly ['put', id: string, json: string] | readonly ['leave', id: string] | readonly ['truncate'];

interface Seen {
  /** Null: not there, or not of this group. */
  readonly before: Row | null | 'untold';
  now: Row | null;
}

/** `has`: whether a row was delivered. `unknown`: the log does not tell enough; the group has to be read anew. */
export function effectsOf(local: Local, changes: readonly RowChange[], has?: (id: string) => boolean): readonly Op[] | 'unknown' {
  const seen = new Map<string, Seen>();
  let isEmptied = false;
  const mine = (row: Row): Row | null => (local.matches(row) ? row : null);
  const at = (id: string, before: () => Seen['before']): Seen => {
    const known = seen.get(id) ?? { before: before(), now: null };
    seen.set(id, known);
    return known;
  };
  for (const change of changes) {
    if (change === 'truncate') {
      seen.clear();
      isEmptied = true;
      continue;
    }
    const { old, row, isBlind } = change;
    if (old !== undefined) {
      const { id } = old;
      if (id === undefined) return 'unknown';
      at(id, () => (old.tells(local.reads) ? mine(old) : 'untold')).now = null;
    }
    if (row !== undefined) {
      const { id } = row;
      if (id === undefined || !row.tells(local.reads)) return 'unknown';
      at(id, () => (isBlind === true ? 'untold' : null)).now = mine(row);
    }
  }
  const ops: Op[] = isEmptied ? [['truncate']] : [];
  for (const [id, { before, now }] of seen) {
    if (before === 'untold' && has === undefined) return 'unknown';
    if (now === null) {
      if (before === 'untold' ? has?.(id) === true : before !== null) ops.push(['leave', id]);
      continue;
    }
    const json = local.write(now);
    if (before === 'untold' || before === null || local.write(before) !== json) ops.push(['put', id, json]);
  }
  return ops;
}
