/**
 * What two conditions have in common whose SQL is the same: everything but the values of their constants. Callers of one
 * kind have conditions of one shape (`author = $1`), and so do requests that differ in their parameters alone.
 *
 * A constant's value counts only as far as the SQL's text depends on it: whether it is null, its JavaScript type, and true or
 * false themselves. Constants that a rule spells out (`status == "published"`) are the same for everybody; they belong to
 * the shape and stand in the text, where the planner can weigh them.
 */
import type { Ir, Many, Row } from '@underpin/sdk/expr/ir';
import type { Ty } from '@underpin/sdk/expr/model';
import { partsOf } from '@underpin/sdk/expr/walk';

export type Const = Extract<Ir, { op: 'const' }>;

interface Shape {
  readonly key: string;
  readonly constants: readonly Const[];
}
const shapes = new WeakMap<Ir, Shape>();
const literals = new WeakSet<Ir>();

/** The shape's name. */
export const shapeKey = (ir: Ir): string => shapeOf(ir).key;
/** The constants that are not part of the shape, in the order in which they stand. */
export const constantsOf = (ir: Ir): readonly Const[] => shapeOf(ir).constants;
export const isLiteral = (ir: Const): boolean => literals.has(ir);

/** Says that the constants of an expression are the schema's own. What folding makes of a caller is new, and not among them. */
export function spelledOut(ir: Ir): Ir {
  const visit = (part: Ir): void => {
    if (part.op === 'const') literals.add(part);
    for (const child of partsOf(part)) visit(child);
  };
  visit(ir);
  return ir;
}

function shapeOf(ir: Ir): Shape {
  const known = shapes.get(ir);
  if (known !== undefined) return known;
  const constants: Const[] = [];
  const shape = { key: write(ir, constants), constants };
  shapes.set(ir, shape);
  return shape;
}

function write(ir: Ir, constants: Const[]): string {
  if (ir.op === 'const') {
    if (literals.has(ir)) return `=${JSON.stringify(ir.value)}:${ofTy(ir.ty)}`;
    constants.push(ir);
    return `?${valueKind(ir)}:${ofTy(ir.ty)}`;
  }
  const inner = partsOf(ir).map((child) => write(child, constants));
  return `${ir.op}(${own(ir)}|${inner.join(',')}):${ofTy(ir.ty)}`;
}

const valueKind = ({ value }: Const): string =>
  value === null || typeof value === 'boolean' ? String(value) : Array.isArray(value) ? 'list' : typeof value;

/** What a node says besides its operands. */
function own(ir: Ir): string {
  switch (ir.op) {
    case 'context':
      return ir.path.join('.');
    case 'path':
      return JSON.stringify(ir.path);
    case 'column':
      return `${ofRow(ir.row)}.${ir.field}`;
    case 'element':
      return String(ir.id);
    case 'changed':
      return ir.field;
    case 'compare':
      return `${ir.how} ${ir.as}`;
    case 'in':
      return ir.as;
    case 'member':
    case 'count':
      return ofMany(ir.many);
    case 'string':
      return ir.how;
    case 'arith':
      return ir.sign;
    case 'shift':
      return String(ir.sign);
    case 'quantifier':
      return `${ir.how} ${'list' in ir.over ? String(ir.over.element) : `${ofMany(ir.over.many)} ${ir.over.row.id}`}`;
    default:
      return '';
  }
}

const ofMany = ({ row, field, to }: Many): string => `${row === undefined ? '' : ofRow(row)}.${field ?? ''}>${to}`;

const ofRow = ({ id, collection, origin }: Row): string =>
  origin.kind === 'hop' ? `${ofRow(origin.row)}.${origin.field}` : `${origin.kind}${id}:${collection}`;

const ofTy = (ty: Ty): string => (ty.kind === 'list' ? `${ofTy(ty.of)}[]` : ty.kind);
