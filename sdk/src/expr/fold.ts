/**
 * Partial evaluation: everything that is known of the caller and the moment is put in, and what that decides is decided, before
 * any SQL. Nobody may → no query; everybody may → no WHERE; else what is left over.
 *
 * The trap is an `and` or `or` that loses all arms but one: where that one is a bare nullable boolean column, dropping the
 * wrapper turns a predicate (never absent) into a value (perhaps absent), and a `not` around it goes wrong. So the wrapper goes
 * only where the arm is total; the same holds for a double `not`.
 */
import { contextValue, isInContext } from './context.ts';
import type { FoldContext } from './context.ts';
import { combineConstants, compareConstants, findConstant, measureConstant, testConstants } from './fold-constants.ts';
import { foldQuantifier } from './fold-quantifier.ts';
import { isTotal } from './ir.ts';
import type { Ir } from './ir.ts';
import { readPath, shift } from './operate.ts';
import { always, constant } from './values.ts';

export type Folded = { readonly verdict: 'never' | 'always' } | { readonly verdict: 'depends'; readonly ir: Ir };

export function fold(ir: Ir, context: FoldContext): Folded {
  const folded = foldValue(ir, context);
  if (folded.op !== 'const') return { verdict: 'depends', ir: folded };
  return { verdict: folded.value === true ? 'always' : 'never' };
}

/** The same for a value: a constant if the context decides it, as it does `auth.id`. */
export function foldValue(ir: Ir, context: FoldContext): Ir {
  const again = (part: Ir): Ir => foldValue(part, context);
  switch (ir.op) {
    case 'context':
      return constant(ir, contextValue(context, ir.path, ir.ty), ir.ty);
    case 'changed':
      return foldChanged(ir, context);
    case 'and':
    case 'or':
      return foldJoined(ir, ir.of.map(again));
    case 'not':
      return foldNot(ir, again(ir.of));
    case 'absent':
      return foldAbsent(ir, context);
    case 'compare':
      return compareConstants({ ...ir, left: again(ir.left), right: again(ir.right) });
    case 'in':
      return findConstant({ ...ir, value: again(ir.value), list: again(ir.list) });
    case 'member': {
      const value = again(ir.value);
      return isNull(value) ? always(ir, false) : { ...ir, value };
    }
    case 'string':
      return testConstants({ ...ir, value: again(ir.value), part: again(ir.part) });
    case 'quantifier':
      return foldQuantifier(ir, again);
    case 'conditional': {
      const test = again(ir.test);
      if (test.op === 'const') return again(test.value === true ? ir.then : ir.otherwise);
      return { ...ir, test, then: again(ir.then), otherwise: again(ir.otherwise) };
    }
    default:
      return foldOperands(ir, again);
  }
}

type Operation = Exclude<
  Ir['op'],
  'context' | 'changed' | 'and' | 'or' | 'not' | 'absent' | 'compare' | 'in' | 'member' | 'string' | 'quantifier' | 'conditional'
>;

/** Operators that propagate absence: constant where what they take is constant. */
function foldOperands(ir: Extract<Ir, { op: Operation }>, again: (part: Ir) => Ir): Ir {
  switch (ir.op) {
    case 'path': {
      const of = again(ir.of);
      return of.op === 'const' ? constant(ir, readPath(of.value, ir.path), ir.ty) : { ...ir, of };
    }
    case 'lower':
    case 'size':
      return measureConstant({ ...ir, of: again(ir.of) });
    case 'concat':
    case 'arith':
    case 'between':
    case 'distance':
      return combineConstants({ ...ir, left: again(ir.left), right: again(ir.right) });
    case 'shift': {
      const [time, by] = [again(ir.time), again(ir.by)];
      if (time.op !== 'const' || by.op !== 'const') return { ...ir, time, by };
      return constant(ir, shift(ir, time.value, by.value), ir.ty);
    }
    default:
      return ir;
  }
}

function foldChanged(ir: Extract<Ir, { op: 'changed' }>, { sent, creating }: FoldContext): Ir {
  if (!sent) return ir;
  const isSent = sent.has(ir.field);
  return creating || !isSent ? always(ir, isSent) : ir;
}

function foldJoined(ir: Extract<Ir, { op: 'and' | 'or' }>, arms: readonly Ir[]): Ir {
  const neutral = ir.op === 'and';
  const open = arms.filter((arm) => arm.op !== 'const');
  // A constant arm either decides the whole (false in `and`, true in `or`) or says nothing. Absent counts as false.
  if (arms.some((arm) => arm.op === 'const' && (arm.value === true) !== neutral)) return always(ir, !neutral);
  const [first, second] = open;
  if (!first) return always(ir, neutral);
  return !second && isTotal(first) ? first : { ...ir, of: open };
}

function foldNot(ir: Extract<Ir, { op: 'not' }>, of: Ir): Ir {
  if (of.op === 'const') return always(ir, of.value !== true);
  return of.op === 'not' && isTotal(of.of) ? of.of : { ...ir, of };
}

function foldAbsent(ir: Extract<Ir, { op: 'absent' }>, context: FoldContext): Ir {
  const { of } = ir;
  if (of.op === 'context' && of.ty.kind === 'json' && of.path[0] === 'auth') return always(ir, !isInContext(context, of.path));
  const value = foldValue(of, context);
  if (value.op === 'const') return always(ir, value.value === null);
  // Every record that is there has an id; at the end of a hop there may be no record.
  if (isTotal(value) || (value.op === 'column' && value.field === 'id' && value.row.origin.kind !== 'hop')) return always(ir, false);
  return { ...ir, of: value };
}

const isNull = (ir: Ir): boolean => ir.op === 'const' && ir.value === null;
