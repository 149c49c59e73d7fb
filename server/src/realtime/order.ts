/**
 * The order of a list, in memory.
 *
 * Worry: a window holds the first rows of an order; one pair that Postgres orders otherwise, and a row is missing from it for
 * good. Decision: text by its UTF-8 bytes (`COLLATE "C"`), which UTF-16 order is not above U+FFFF; decimals exactly; NULLs where
 * the list has them; the id last, so that the order is whole. Why it is enough: these are all the types that have an order
 * (parse/conditions.ts), and a test sorts rows at the edges of each beside the list over HTTP.
 */
import type { CompareClass, ConstValue } from '@underpin/sdk/expr/ir';
import { compareValues } from '@underpin/sdk/expr/scalar';
import type { SortKey } from '../records/parse/conditions.ts';

/** The values of a row's sort keys, as its caller sees them. */
export type Keys = readonly ConstValue[];
export type Order = (a: Keys, b: Keys) => number;

export function createOrder(sort: readonly SortKey[]): Order {
  const parts = sort.map(({ ir, descending, nullsFirst }) => {
    const { kind } = ir.ty;
    if (kind === 'list' || kind === 'geo') throw new Error(`a sort key of ${kind} was let through`);
    return { as: kind, sign: descending ? -1 : 1, nulls: nullsFirst ? -1 : 1 };
  });
  return (a, b) => {
    for (const [index, { as, sign, nulls }] of parts.entries()) {
      const [left, right] = [a[index] ?? null, b[index] ?? null];
      if (left === null && right === null) continue;
      if (left === null || right === null) return left === null ? nulls : -nulls;
      const order = compare(as, left, right);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

/** False stands before true, which the language itself does not order. */
const compare = (as: CompareClass, left: ConstValue, right: ConstValue): number =>
  as === 'bool' ? Number(left) - Number(right) : (compareValues(as, left, right) ?? 0);
