/** Sums, differences and conditionals: two values that make a third. */
import { ExprError } from './ast.ts';
import type { Ast, Span } from './ast.ts';
import type { Ir } from './ir.ts';
import type { Ty } from './model.ts';
import type { Checking, Names } from './state.ts';
import { longestDuration } from './times.ts';
import { bringTogether } from './compare.ts';
import { adopt, constant, isLiteral, settle, span, text, typeName } from './values.ts';
import type { Value } from './values.ts';

export function sum(at: Span, sign: '+' | '-', left: Value, right: Value): Ir {
  const [a, b] = bringTogether(stretch(left, right), stretch(right, left));
  const kinds = `${a.ty.kind} ${sign} ${b.ty.kind}`;
  if (kinds === 'text + text') return { op: 'concat', left: a, right: b, ty: text, ...span(at) };
  if (kinds === 'time - time') return { op: 'between', left: a, right: b, ty: { kind: 'duration' }, ...span(at) };
  if (kinds === 'time + duration' || kinds === 'time - duration') return shift(at, a, b, sign === '+' ? 1 : -1);
  if (isPlainNumber(a.ty) && isPlainNumber(b.ty)) {
    refuseHuge(a);
    refuseHuge(b);
    return { op: 'arith', sign, left: a, right: b, ty: { kind: 'number' }, ...span(at) };
  }
  throw new ExprError('type_mismatch', `No ${typeName(a.ty)} ${sign} ${typeName(b.ty)}`, at);
}

/** Fields hold up to 1e300, and no rule is long enough to add those up to what a double cannot hold, which Postgres refuses. */
function refuseHuge(ir: Ir): void {
  if (ir.op === 'const' && typeof ir.value === 'number' && Math.abs(ir.value) > 1e300)
    throw new ExprError('bad_number', 'A number in a sum is within ±1e300', ir);
}

/** A literal beside a duration stays what it is; it would otherwise be read as one. */
function stretch(value: Value, beside: Value): Value {
  const isDuration = beside.kind === 'ir' && beside.ir.ty.kind === 'duration';
  return isDuration && isLiteral(value) ? { kind: 'ir', ir: adopt(value, { kind: 'time' }), ...span(value) } : value;
}

const isPlainNumber = ({ kind }: Ty): boolean => kind === 'int' || kind === 'number';

/**
 * Only constant durations, together no longer than `longestDuration`: a time that Postgres cannot hold would be an error in
 * SQL, and no rule may fail.
 */
function shift(at: Span, time: Ir, by: Ir, sign: 1 | -1): Ir {
  if (by.op !== 'const' || typeof by.value !== 'number')
    throw new ExprError('const_duration', 'A time is shifted by a constant duration', by);
  const earlier = time.op === 'shift' && time.by.op === 'const' && typeof time.by.value === 'number' ? time.by.value * time.sign : 0;
  const total = earlier + by.value * sign;
  if (Math.abs(total) > longestDuration) throw new ExprError('bad_duration', 'A time is shifted by 4,000 years at most', by);
  const base = time.op === 'shift' ? time.time : time;
  return { op: 'shift', time: base, by: constant(by, Math.abs(total), by.ty), sign: total < 0 ? -1 : 1, ty: time.ty, ...span(at) };
}

export function conditional(checking: Checking, ast: Extract<Ast, { type: 'conditional' }>, names: Names): Ir {
  const test = checking.predicate(ast.test, names);
  const left = checking.value(ast.then, names);
  const right = checking.value(ast.otherwise, names);
  const [then, otherwise] = branches(left, right);
  return { op: 'conditional', test, then, otherwise, ty: commonType(ast, then.ty, otherwise.ty), ...span(ast) };
}

function branches(left: Value, right: Value): [Ir, Ir] {
  if (left.kind === 'null' || right.kind === 'null') {
    const ty = settle(left.kind === 'null' ? right : left).ty;
    const side = (value: Value): Ir => (value.kind === 'null' ? constant(value, null, ty) : settle(value));
    return [side(left), side(right)];
  }
  return bringTogether(left, right);
}

function commonType(at: Span, a: Ty, b: Ty): Ty {
  if (isPlainNumber(a) && isPlainNumber(b)) return a.kind === b.kind ? a : { kind: 'number' };
  if (a.kind === 'text' && b.kind === 'text') return text;
  // Ids must be of the same collection: mixed, the account's id would lose the guard that its comparison needs.
  const same = a.kind === b.kind && a.kind !== 'list' && (a.kind !== 'id' || b.kind !== 'id' || a.of === b.of);
  if (same) return a;
  throw new ExprError('type_mismatch', `One branch is ${typeName(a)}, the other ${typeName(b)}`, at);
}
