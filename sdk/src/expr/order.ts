/**
 * The order of a list, in memory: the same for the server's windows and for the rows that a client holds.
 *
 * Worry: a window holds the first rows of an order; one pair that Postgres orders otherwise, and a row is missing from it for
 * good. Decision: text by its UTF-8 bytes (`COLLATE "C"`), which UTF-16 order is not above U+FFFF; decimals exactly; NULLs where
 * the list has them; the id last, so that the order is whole. Why it is enough: these are all the types that have an order, and
 * tests sort rows at the edges of each beside the list over HTTP.
 */
import type { CompareClass, ConstValue } from './ir.ts';
import { compareValues } from './scalar.ts';

export interface SortPart<T> {
  readonly as: CompareClass;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly of: (row: T) => ConstValue;
}

export function createOrder<T>(parts: readonly SortPart<T>[]): (a: T, b: T) => number {
  return (a, b) => {
    for (const { as, descending, nullsFirst, of } of parts) {
      const [left, right] = [of(a), of(b)];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null) === nullsFirst ? -1 : 1;
      const order = compare(as, left, right);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
}

/** False stands before true, which the language itself does not order. */
const compare = (as: CompareClass, left: ConstValue, right: ConstValue): number =>
  as === 'bool' ? Number(left) - Number(right) : (compareValues(as, left, right) ?? 0);
