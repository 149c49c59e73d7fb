/** The order of a list as the rows of a window are kept in it. */
import type { ConstValue } from '@underpin/sdk/expr/ir';
import { createOrder } from '@underpin/sdk/expr/order';
import type { SortKey } from '../../records/parse/conditions.ts';

/** The values of a row's sort keys, as its caller sees them. */
export type Keys = readonly ConstValue[];
export type Order = (a: Keys, b: Keys) => number;

export const orderOfKeys = (sort: readonly SortKey[]): Order =>
  createOrder(
    sort.map(({ ir, descending, nullsFirst }, index) => {
      const { kind } = ir.ty;
      if (kind === 'list' || kind === 'geo') throw new Error(`a sort key of ${kind} was let through`);
      return { as: kind, descending, nullsFirst, of: (keys: Keys) => keys[index] ?? null };
    }),
  );
