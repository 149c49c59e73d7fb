/**
 * What each operator makes of values, absent ones (null) among them. The one definition: the folder and the evaluator use it,
 * and the SQL back end is held to it by test.
 */
import type { ConstValue, Ir } from './ir.ts';
import type { Ty } from './model.ts';
import { metresBetween, toPoint } from './places.ts';
import { areEqual, holds, isList, lowerAscii, textLength } from './scalar.ts';

type Node<Op extends Ir['op']> = Extract<Ir, { op: Op }>;

/** In json a decimal is a number. */
const asCompared = (value: ConstValue, ty: Ty, as: Node<'compare'>['as']): ConstValue =>
  as === 'json' && ty.kind === 'decimal' && value !== null ? Number(value) : value;

export function compares({ how, as, left, right }: Node<'compare'>, a: ConstValue, b: ConstValue): boolean {
  return a !== null && b !== null && holds(how, as, asCompared(a, left.ty, as), asCompared(b, right.ty, as));
}

export function isWithin({ as, value }: Node<'in'>, sought: ConstValue, list: ConstValue): boolean {
  if (sought === null) return false;
  const compared = asCompared(sought, value.ty, as);
  return toList(list).some((item) => item !== null && areEqual(as, compared, item));
}

export function matches(how: Node<'string'>['how'], whole: ConstValue, part: ConstValue): boolean {
  if (typeof whole !== 'string' || typeof part !== 'string') return false;
  switch (how) {
    case 'startsWith':
      return whole.startsWith(part);
    case 'endsWith':
      return whole.endsWith(part);
    case 'contains':
      return whole.includes(part);
  }
}

export function measure({ op, of }: Node<'lower' | 'size'>, value: ConstValue): ConstValue {
  if (op === 'lower') return typeof value === 'string' ? lowerAscii(value) : null;
  // An absent list is an empty one; an absent text has no length.
  if (of.ty.kind === 'list') return toList(value).length;
  return typeof value === 'string' ? textLength(value) : null;
}

export function combine(ir: Node<'concat' | 'arith' | 'between' | 'distance'>, left: ConstValue, right: ConstValue): ConstValue {
  if (ir.op === 'distance') {
    const [from, to] = [toPoint(left), toPoint(right)];
    return from && to && metresBetween(from, to);
  }
  if (ir.op === 'concat') return typeof left === 'string' && typeof right === 'string' ? left + right : null;
  if (typeof left !== 'number' || typeof right !== 'number') return null;
  return ir.op === 'arith' && ir.sign === '+' ? left + right : left - right;
}

export const shift = ({ sign }: Node<'shift'>, time: ConstValue, by: ConstValue): ConstValue =>
  typeof time === 'number' && typeof by === 'number' ? time + sign * by : null;

/** Whether a write made another value of it: absent and absent are the same, lists are in order. */
export function isChanged(ty: Ty, before: ConstValue, after: ConstValue): boolean {
  if (before === null || after === null) return before !== after;
  const as = ty.kind === 'list' || ty.kind === 'geo' ? 'json' : ty.kind;
  return !areEqual(as, before, after);
}

/** A path into a json value: own keys of objects; null where there is nothing. */
export function readPath(value: ConstValue, path: readonly string[]): ConstValue {
  let at = value;
  for (const key of path) {
    if (at === null || typeof at !== 'object' || isList(at) || !Object.hasOwn(at, key)) return null;
    at = at[key] ?? null;
  }
  return at;
}

export const toList = (value: ConstValue): readonly ConstValue[] => (isList(value) ? value : []);
