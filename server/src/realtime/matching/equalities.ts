/**
 * By which values of a row a condition can be looked up: the columns that must equal a constant for it to hold.
 *
 * Worry: a group that is looked up by too much is missed. Decision: only what every row that matches must have counts: parts of
 * the outermost `and` that compare a column with a constant of its own type, or find it in a list of such; where there is
 * none, those of each arm of one `or`. What a mask hides equals nothing, so the column as it is stored may be compared.
 * Why it is enough: what is found is asked again by the whole condition, so too many cost time only; a test compares with all.
 */
import type { CompareClass, ConstValue, Ir } from '@underpin/sdk/expr/ir';
import { isList } from '@underpin/sdk/expr/scalar';
import { limits } from '../../kit/limits.ts';

/** `fields` in order, and the tuples of values under which it is found. */
export interface Lookup {
  readonly fields: readonly string[];
  readonly tuples: readonly (readonly ConstValue[])[];
}

/** Undefined: by nothing, every row is to be looked at. Empty: no row matches. */
export function lookupsOf(ir: Ir): readonly Lookup[] | undefined {
  const parts = conjuncts(ir);
  if (parts.some((part) => part.op === 'const' && part.value !== true)) return [];
  const own = lookupOf(parts);
  if (own !== undefined) return [own];
  for (const part of parts) {
    if (part.op !== 'or' || part.of.length > limits.realtime.branches) continue;
    const arms = part.of.map((arm) => lookupOf(conjuncts(arm)));
    if (arms.every((arm) => arm !== undefined)) return arms;
  }
  return undefined;
}

export const conjuncts = (ir: Ir): readonly Ir[] => (ir.op === 'and' ? ir.of.flatMap(conjuncts) : [ir]);

/** All columns that equal one value, and the one with the shortest list of values. */
function lookupOf(parts: readonly Ir[]): Lookup | undefined {
  const found = parts.flatMap((part) => equality(part) ?? []);
  const single = new Map(found.filter(({ values }) => values.length === 1).map(({ field, values }) => [field, values]));
  const [list] = found.filter(({ field, values }) => values.length !== 1 && !single.has(field)).sort(byLength);
  const columns = [...single, ...(list === undefined ? [] : [[list.field, list.values] as const])].sort(([a], [b]) => (a < b ? -1 : 1));
  if (columns.length === 0) return undefined;
  const tuples = columns.reduce<readonly (readonly ConstValue[])[]>(
    (before, [, values]) => before.flatMap((tuple) => values.map((value) => [...tuple, value])),
    [[]],
  );
  return { fields: columns.map(([field]) => field), tuples };
}

interface Equality {
  readonly field: string;
  readonly values: readonly ConstValue[];
}
const byLength = (a: Equality, b: Equality): number => a.values.length - b.values.length;

function equality(ir: Ir): Equality | undefined {
  if (ir.op === 'column' && ir.ty.kind === 'bool') return { field: ir.field, values: [true] };
  if (ir.op === 'in' && ir.list.op === 'const') return asked(ir.value, ir.as, isList(ir.list.value) ? ir.list.value : []);
  if (ir.op !== 'compare' || ir.how !== 'eq') return undefined;
  if (ir.right.op === 'const') return asked(ir.left, ir.as, [ir.right.value]);
  return ir.left.op === 'const' ? asked(ir.right, ir.as, [ir.left.value]) : undefined;
}

/** What values of a class are in memory. Decimals and json are equal in more than one spelling, so that no value finds them. */
const plain: ReadonlyMap<CompareClass, string> = new Map<CompareClass, string>([
  ['text', 'string'],
  ['id', 'string'],
  ['day', 'string'],
  ['int', 'number'],
  ['number', 'number'],
  ['time', 'number'],
  ['bool', 'boolean'],
]);

function asked(side: Ir, as: CompareClass, values: readonly ConstValue[]): Equality | undefined {
  const column = side.op === 'conditional' && side.otherwise.op === 'const' && side.otherwise.value === null ? side.then : side;
  if (column.op !== 'column' || (column.ty.kind !== as && !(as === 'number' && column.ty.kind === 'int'))) return undefined;
  const present = [...new Set(values.filter((value) => value !== null))];
  return present.every((value) => typeof value === plain.get(as)) ? { field: column.field, values: present } : undefined;
}
