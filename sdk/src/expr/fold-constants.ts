/** Single nodes whose operands are folded already: decided if these are constants. */
import type { Ir } from './ir.ts';
import { combine, compares, isWithin, matches, measure, toList } from './operate.ts';
import { always, constant } from './values.ts';

type Node<Op extends Ir['op']> = Extract<Ir, { op: Op }>;

const isNull = (ir: Ir): boolean => ir.op === 'const' && ir.value === null;

export function compareConstants(ir: Node<'compare'>): Ir {
  const { left, right } = ir;
  if (isNull(left) || isNull(right)) return always(ir, false);
  if (left.op !== 'const' || right.op !== 'const') return ir;
  return always(ir, compares(ir, left.value, right.value));
}

export function findConstant(ir: Node<'in'>): Ir {
  const { value, list } = ir;
  if (isNull(value) || (list.op === 'const' && toList(list.value).length === 0)) return always(ir, false);
  if (value.op !== 'const' || list.op !== 'const') return ir;
  return always(ir, isWithin(ir, value.value, list.value));
}

export function testConstants(ir: Node<'string'>): Ir {
  const { value, part, how } = ir;
  if (isNull(value) || isNull(part)) return always(ir, false);
  if (value.op !== 'const' || part.op !== 'const') return ir;
  return always(ir, matches(how, value.value, part.value));
}

export function measureConstant(ir: Node<'lower' | 'size'>): Ir {
  return ir.of.op === 'const' ? constant(ir, measure(ir, ir.of.value), ir.ty) : ir;
}

export function combineConstants(ir: Node<'concat' | 'arith' | 'between' | 'distance'>): Ir {
  const { left, right } = ir;
  if (isNull(left) || isNull(right)) return constant(ir, null, ir.ty);
  if (left.op !== 'const' || right.op !== 'const') return ir;
  return constant(ir, combine(ir, left.value, right.value), ir.ty);
}
