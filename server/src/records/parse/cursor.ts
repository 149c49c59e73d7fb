/**
 * Where a page ended: the values of its sort keys, signed.
 *
 * Worry: a cursor is a place to put values that were never asked for, and a place to read values that may not be seen.
 * Decision: it holds only keys that the caller could sort by, masked as he sees them, and it is signed together with
 * the collection, the filter, the order and the caller; with anything else than what it was given for it is refused.
 */
import { failAt } from '../../kit/errors.ts';
import { callerKey } from '../../kit/actor.ts';
import { slot } from '../../kit/cache.ts';
import { deriveKey, hmac, sameText } from '../../kit/crypto.ts';
import type { Ctx } from '../../ctx.ts';
import { pgType } from '../../expr/params.ts';
import type { SortKey } from './conditions.ts';

export interface Position {
  readonly direction: 'next' | 'prev';
  /** Each key's value as Postgres prints it. */
  readonly values: readonly (string | null)[];
}

const keySlot = slot<{ key: Buffer | undefined }>('cursor key', () => ({ key: undefined }));

function signature(ctx: Ctx, identity: string, payload: string): string {
  const held = ctx.cache.get(keySlot);
  held.key ??= deriveKey(ctx.secret, 'cursor');
  const caller = ctx.actor.kind === 'anonymous' ? 'anonymous' : callerKey(ctx.actor);
  return hmac(held.key, JSON.stringify([identity, caller, payload]))
    .subarray(0, 16)
    .toString('base64url');
}

export function printCursor(ctx: Ctx, identity: string, position: Position): string {
  const payload = Buffer.from(JSON.stringify([position.direction === 'next' ? 0 : 1, ...position.values])).toString('base64url');
  return `${payload}.${signature(ctx, identity, payload)}`;
}

export function parseCursor(ctx: Ctx, identity: string, keys: number, cursor: string): Position {
  const refuse = () => failAt('invalid_request', '/cursor', 'The cursor is not one that this server gave for this list');
  const [payload = '', signed = '', ...more] = cursor.split('.');
  if (more.length > 0 || !sameText(signed, signature(ctx, identity, payload))) throw refuse();
  // Signed by us, so it is of the form that printCursor made.
  const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  if (!Array.isArray(parsed)) throw refuse();
  const [direction, ...values] = parsed;
  const texts = values.map((value) => (value === null ? null : String(value)));
  if (texts.length !== keys) throw refuse();
  return { direction: direction === 1 ? 'prev' : 'next', values: texts };
}

/** The same order the other way round, for the page before. */
export const reversed = (keys: readonly SortKey[]): readonly SortKey[] =>
  keys.map((key) => ({ ...key, descending: !key.descending, nullsFirst: !key.nullsFirst }));

export const orderBy = (keys: readonly SortKey[], sql: readonly string[]): string =>
  keys
    .map((key, index) => {
      const usual = key.descending === key.nullsFirst;
      return `${sql[index]}${key.descending ? ' DESC' : ''}${usual || !key.nullable ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`;
    })
    .join(', ');

/** As much of a position as the SQL's text depends on: its direction, and which values are null. */
export const positionShape = (position: Position | undefined): unknown =>
  position && [position.direction, position.values.map((value) => value === null)];

/**
 * The rows strictly behind a position: (k1 behind) or (k1 equal and k2 behind) or …, led by the redundant bound
 * "k1 at or behind", which is what lets an index start at the place instead of at the beginning. `sent` binds a value.
 *
 * Where NULLs of the first key lie between the position and the end, they are a range of their own, the second: no index starts
 * at `k1 >= $1 OR k1 IS NULL`, and each of the two it does.
 */
export function behind(
  keys: readonly SortKey[],
  sql: readonly string[],
  position: Position,
  sent: (index: number, type: string) => string,
): readonly [here: string, beyond?: string] {
  const part = keys.map((key, index) => {
    const isNull = (position.values[index] ?? null) === null;
    const column = sql[index] ?? '';
    const bound = isNull ? 'NULL' : sent(index, pgType(key.ir.ty));
    const symbol = key.descending ? '<' : '>';
    const beyond = isNull ? (key.nullsFirst ? 'IS NOT NULL' : undefined) : key.nullable && !key.nullsFirst ? 'IS NULL' : undefined;
    return {
      same: isNull ? `${column} IS NULL` : `${column} = ${bound}`,
      after: isNull ? 'FALSE' : `${column} ${symbol} ${bound}`,
      lead: isNull ? `${column} IS NULL` : `${column} ${symbol}= ${bound}`,
      beyond: beyond && `${column} ${beyond}`,
    };
  });
  const steps = part.map(({ after, beyond }, index) => {
    const last = index === 0 || beyond === undefined ? after : `(${after} OR ${beyond})`;
    return `(${[...part.slice(0, index).map(({ same }) => same), last].join(' AND ')})`;
  });
  const here = `${part[0]?.lead ?? 'TRUE'} AND (${steps.join(' OR ')})`;
  const beyond = part[0]?.beyond;
  return beyond === undefined ? [here] : [here, beyond];
}
