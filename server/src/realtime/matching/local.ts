/**
 * Rows judged, put in order and written in memory, with no query: for what speaks of the row and the caller alone.
 *
 * Worry: the row that is sent is another than the one that GET would answer. Decision: nothing is decided here anew. The rule, the
 * filter and the masks are the folded conditions of the policy, decided by the language's evaluator; texts become JSON in
 * json-text.ts; the order of fields is the collection's. What these cannot do from the row alone is left to a query: records
 * of other tables, `distance` (Postgres alone decides it), lists kept in junction tables, what is expanded, what a caller may do,
 * searches, and computed fields where the log does not tell them (before Postgres 18 it never does).
 * Why it is enough: a test asks the list over HTTP for the same rows, and compares bytes and order.
 */
import { classify } from '@underpin/sdk/expr/classify';
import type { Ir } from '@underpin/sdk/expr/ir';
import { nodesOf } from '@underpin/sdk/expr/walk';
import type { MemoryView } from '@underpin/sdk/expr/world';
import type { Asked } from '../../records/parse/list.ts';
import { readOf, type Caller } from '../../records/policy.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { orderOfKeys, type Keys, type Order } from './order.ts';
import { asSeen, bound } from './program.ts';
import type { Row } from './row.ts';

export interface Local {
  /** The columns that any of this reads: a row that does not tell them all cannot be judged. */
  readonly reads: readonly string[];
  /** What a row must fulfil: rule and filter in one. */
  readonly condition: Ir;
  matches(row: Row): boolean;
  /** The record as JSON, as the list shows it. */
  write(row: Row): string;
  keys(row: Row): Keys;
  readonly compare: Order;
}

/** All that rows are judged and written by. */
export interface Judging {
  readonly caller: Caller;
  readonly collection: Collection;
  readonly asked: Asked;
  readonly allowed: readonly Ir[];
  readonly shown: readonly Field[];
  /** What the caller sees, for his own filter and sort keys. */
  readonly view: MemoryView;
  /** Whether the log tells computed fields. */
  readonly isComputedTold: boolean;
}

/** Undefined: it takes a query. Puts all questions to the policy in either case. */
export function localOf(judging: Judging): Local | undefined {
  const { caller, collection, asked, allowed, shown, view } = judging;
  const masks = shown.map((field) => readOf(caller, collection, field)).flatMap((mask) => (mask === 'never' ? [] : mask));
  const sort = asked.sort.map(({ ir }) => ir);
  const needs = [...[...allowed, ...masks].map((ir) => classify(ir)), ...[...asked.filter, ...sort].map((ir) => classify(ir, view))];
  if (needs.some((need) => need !== 'local')) return undefined;
  if (asked.expand.length > 0 || asked.can.length > 0 || asked.search !== undefined) return undefined;
  if (shown.some(({ junction }) => junction !== undefined)) return undefined;
  const own = asked.filter.map((ir) => asSeen(ir, view));
  const keys = sort.map((ir) => asSeen(ir, view));
  if (!judging.isComputedTold) {
    const read = [...allowed, ...masks, ...own, ...keys].flatMap((ir) => [...nodesOf(ir)]);
    const isComputed = (field: Field | undefined): boolean => field?.type.name === 'computed';
    if (shown.some(isComputed) || read.some((node) => node.op === 'column' && isComputed(collection.byName.get(node.field))))
      return undefined;
  }
  const nothing: readonly Ir[] = asked.nothing ? [constant(false)] : [];
  const condition = all([...nothing, ...allowed, ...own]);
  const judge = bound(condition);
  const values = keys.map(bound);
  const parts = shown.map(({ name }) => ({ field: name, label: `${JSON.stringify(name)}:` }));
  const shape = parts.map(({ field }) => field).join();
  const masked = shown.flatMap((field) => {
    const mask = readOf(caller, collection, field);
    return mask === 'never' || mask.length === 0 ? [] : [{ field: field.name, mask: bound(all(mask)) }];
  });
  const reads = [judge, ...values, ...masked.map(({ mask }) => mask)].flatMap((one) => one.reads);
  return {
    reads: [...new Set(['id', ...shown.map(({ name }) => name), ...reads])],
    condition,
    matches: (row) => judge.holds(row),
    write: (row) => {
      let name = shape;
      for (const { field, mask } of masked) if (!mask.holds(row)) name += ` ${field}`;
      return row.written(name, () => {
        const hidden = new Set(name.split(' ').slice(1));
        return `{${parts.map(({ field, label }) => label + (hidden.has(field) ? 'null' : row.json(field))).join()}}`;
      });
    },
    keys: (row) => values.map((one) => one.value(row)),
    compare: orderOfKeys(asked.sort),
  };
}

const constant = (value: boolean): Ir => ({ op: 'const', value, ty: { kind: 'bool' }, start: 0, end: 0 });
const all = (of: readonly Ir[]): Ir => ({ op: 'and', of, ty: { kind: 'bool' }, start: 0, end: 0 });
