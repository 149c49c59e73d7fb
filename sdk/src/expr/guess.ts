/** Where the values that a search tries are a guess: "not found" is then no proof, and is not told as one. */
import { ruleLimits } from './ast.ts';
import type { Ir, Row } from './ir.ts';
import { partsOf } from './walk.ts';

/** Where the caller's values stand in a frame: behind all rows of a rule, which has fewer than parts. */
export const contextRow: Row = { id: ruleLimits.nodes, collection: 'auth.', origin: { kind: 'each' } };

/** A name that no field has: asked where an operator is about to be guessed at. */
export const watch = '#';

/**
 * An operator whose outcome the values beside the constants do not exhaust, as the length of a text or a sum, tells when it
 * is applied to values that are there: what was not found then is not known to be nowhere.
 */
export function watched(ir: Ir): Ir {
  const operands = guessedAt(ir);
  if (operands === undefined) return ir;
  const at = { start: ir.start, end: ir.end, ty: { kind: 'bool' } } as const;
  const test: Ir = {
    op: 'or',
    of: [...operands.map((of): Ir => ({ op: 'absent', of, ...at })), { op: 'changed', field: watch, ...at }],
    ...at,
  };
  return { op: 'conditional', test, then: ir, otherwise: ir, ty: ir.ty, start: ir.start, end: ir.end };
}

function guessedAt(ir: Ir): readonly Ir[] | undefined {
  switch (ir.op) {
    case 'concat':
    case 'arith':
    case 'between':
    case 'distance':
    case 'string':
    case 'lower':
      return partsOf(ir);
    case 'size':
      return ir.of.ty.kind === 'text' ? [ir.of] : undefined;
    case 'shift':
      return ir.time.op === 'column' && ir.time.row === contextRow ? undefined : [ir.time];
    case 'compare': {
      const isText = ir.as === 'text' && ir.how !== 'eq';
      const isLoose = ir.as === 'json' && (ir.how !== 'eq' || (ir.left.op !== 'const' && ir.right.op !== 'const'));
      return isText || isLoose ? [ir.left, ir.right] : undefined;
    }
    default:
      return undefined;
  }
}
