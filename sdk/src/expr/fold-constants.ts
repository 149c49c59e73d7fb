/** Single nodes whose operands are folded already: decided if these are constants, with the semantics of `scalar.ts`. */
import type { ConstValue, Ir } from './ir.ts';
import type { Ty } from './model.ts';
import { areEqual, holds, isList, lowerAscii, textLength } from './scalar.ts';
import { always, constant } from './values.ts';

type Node<Op extends Ir['op']> = Extract<Ir, { op: Op }>;

const isNull = (ir: Ir): boolean => ir.op === 'const' && ir.value === null;

/** In json a decimal is a number. */
const asCompared = (value: ConstValue, ty: Ty, as: Node<'compare'>['as']): ConstValue =>
  as === 'json' && ty.kind === 'decimal' && value !== null ? Number(value) : value;

export function compareConstants(ir: Node<'compare'>): Ir {
  const { left, right, how, as } = ir;
  if (isNull(left) || isNull(right)) return always(ir, false);
  if (left.op !== 'const' || right.op !== 'const') return ir;
  return always(ir, holds(how, as, asCompared(left.value, left.ty, as), asCompared(right.value, right.ty, as)));
}

export function findConstant(ir: Node<'in'>): Ir {
  const { value, list, as } = ir;
  const items = list.op === 'const' ? toList(list.value) : undefined;
  if (isNull(value) || items?.length === 0) return always(ir, false);
  if (value.op !== 'const' || !items) return ir;
  return always(
    ir,
    items.some((item) => item !== null && areEqual(as, asCompared(value.value, value.ty, as), item)),
  );
}

export function testConstants(ir: Node<'string'>): Ir {
  const { value, part, how } = ir;
  if (isNull(value) || isNull(part)) return always(ir, false);
  if (value.op !== 'const' || part.op !== 'const') return ir;
  const [whole, sought] = [value.value, part.value];
  if (typeof whole !== 'string' || typeof sought !== 'string') return always(ir, false);
  switch (how) {
    case 'startsWith':
      return always(ir, whole.startsWith(sought));
    case 'endsWith':
      return always(ir, whole.endsWith(sought));
    case 'contains':
      return always(ir, whole.includes(sought));
  }
}

export function measureConstant(ir: Node<'lower' | 'size'>): Ir {
  if (ir.of.op !== 'const') return ir;
  const { value, ty } = ir.of;
  if (ir.op === 'lower') return constant(ir, typeof value === 'string' ? lowerAscii(value) : null, ir.ty);
  // An absent list is an empty one; an absent text has no length.
  if (ty.kind === 'list') return constant(ir, toList(value).length, ir.ty);
  return constant(ir, typeof value === 'string' ? textLength(value) : null, ir.ty);
}

export function combineConstants(ir: Node<'concat' | 'arith' | 'between'>): Ir {
  if (isNull(ir.left) || isNull(ir.right)) return constant(ir, null, ir.ty);
  if (ir.left.op !== 'const' || ir.right.op !== 'const') return ir;
  const [left, right] = [ir.left.value, ir.right.value];
  if (typeof left === 'string' && typeof right === 'string') return constant(ir, left + right, ir.ty);
  if (typeof left !== 'number' || typeof right !== 'number') return constant(ir, null, ir.ty);
  return constant(ir, ir.op === 'arith' && ir.sign === '+' ? left + right : left - right, ir.ty);
}

/** A path into a json value: own keys and list positions; null where there is nothing. */
export function readPath(value: ConstValue, path: readonly string[]): ConstValue {
  let at = value;
  for (const key of path) {
    if (at === null || typeof at !== 'object' || isList(at) || !Object.hasOwn(at, key)) return null;
    at = at[key] ?? null;
  }
  return at;
}

const toList = (value: ConstValue): readonly ConstValue[] => (isList(value) ? value : []);
