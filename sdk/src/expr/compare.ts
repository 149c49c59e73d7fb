/**
 * Comparisons, `in` and the null test. Two-valued: what is absent equals nothing, and only the literal `null` asks for absence.
 *
 * An account's id is only as good as its collection: two auth collections may hold the same uuid. So wherever `auth.id` meets
 * an id of a known collection, the comparison also asks that `auth.collection` is that collection.
 */
import { ExprError } from './ast.ts';
import type { Ast, Span } from './ast.ts';
import { hintFor } from './hints.ts';
import { isTotal } from './ir.ts';
import type { CompareClass, Ir } from './ir.ts';
import type { Ty } from './model.ts';
import type { Checking, Names } from './state.ts';
import { adopt, always, bool, constant, isLiteral, not, settle, span, text, typeName, valueName } from './values.ts';
import type { Value } from './values.ts';

type Binary = Extract<Ast, { type: 'binary' }>;
type How = Extract<Ir, { op: 'compare' }>['how'];
const orders = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const;

export function comparison(checking: Checking, ast: Binary, op: '==' | '!=' | keyof typeof orders, names: Names): Ir {
  const left = checking.value(ast.left, names);
  const right = checking.value(ast.right, names);
  if (op !== '==' && op !== '!=') return ordered(ast, orders[op], left, right);
  const same = left.kind === 'null' ? absence(ast, right) : right.kind === 'null' ? absence(ast, left) : equal(ast, left, right);
  return op === '!=' ? not(ast, same) : same;
}

/** `x == null`. A record of a quantifier or a root is never absent, and a list of records is never asked. */
export function absence(at: Span, value: Value): Ir {
  if (value.kind === 'null') return always(at, true);
  if (value.kind === 'object' && value.path[0] === 'auth') {
    return { op: 'absent', of: { op: 'context', path: value.path, ty: { kind: 'json' }, ...span(value) }, ty: bool, ...span(at) };
  }
  const of = settle(value);
  return isTotal(of) ? always(at, false) : { op: 'absent', of, ty: bool, ...span(at) };
}

export function equal(at: Span, left: Value, right: Value): Ir {
  refuseUnknownOption(left, right);
  refuseUnknownOption(right, left);
  const [a, b] = bringTogether(left, right);
  return compare(at, 'eq', compareClass(at, a, b), a, b);
}

function ordered(at: Span, how: How, left: Value, right: Value): Ir {
  const [a, b] = bringTogether(left, right);
  const as = compareClass(at, a, b);
  if (as === 'bool' || (as === 'json' && (a.ty.kind === 'bool' || b.ty.kind === 'bool')))
    throw new ExprError('no_order', 'true and false have no order', at);
  if (as === 'json' && a.ty.kind === 'json' && b.ty.kind === 'json') {
    throw new ExprError('no_order', 'Two json values have no order; compare with text or a number', at);
  }
  return compare(at, how, as, a, b);
}

/** Both sides as IR, literals read as what stands opposite. */
export function bringTogether(left: Value, right: Value): [Ir, Ir] {
  if (isLiteral(left) && !(isLiteral(right) && isLoose(right))) {
    const b = settle(right);
    return [adopt(left, b.ty), b];
  }
  const a = settle(left);
  return [a, adopt(right, a.ty)];
}

const isLoose = (value: Value): boolean => value.kind === 'string' && value.loose;

function compare(at: Span, how: How, as: CompareClass, left: Ir, right: Ir): Ir {
  if (isNull(left) || isNull(right)) return always(at, false);
  return guarded(at, left, right.ty, guarded(at, right, left.ty, { op: 'compare', how, as, left, right, ty: bool, ...span(at) }));
}

const isNull = (ir: Ir): boolean => ir.op === 'const' && ir.value === null;

/** The guard of the header: only where `ir` is `auth.id` and the other side's collection is known. */
function guarded(at: Span, ir: Ir, other: Ty, holds: Ir): Ir {
  const isAccount = ir.op === 'context' && ir.path.join('.') === 'auth.id';
  if (!isAccount || other.kind !== 'id' || other.of === undefined) return holds;
  const left: Ir = { op: 'context', path: ['auth', 'collection'], ty: text, ...span(at) };
  const right = constant(at, other.of, text);
  return { op: 'and', of: [{ op: 'compare', how: 'eq', as: 'text', left, right, ty: bool, ...span(at) }, holds], ty: bool, ...span(at) };
}

/** The class in which two values are compared; a pair that has none is refused. */
export function compareClass(at: Span, left: Ir, right: Ir): CompareClass {
  const [a, b] = [left.ty, right.ty];
  const kinds = new Set([a.kind, b.kind]);
  if (kinds.has('json')) {
    const other = a.kind === 'json' ? b.kind : a.kind;
    if (['json', 'text', 'id', 'int', 'number', 'decimal', 'bool', 'day'].includes(other)) return 'json';
  } else if (a.kind === 'id' && b.kind === 'id') {
    if (a.of === undefined || b.of === undefined || a.of === b.of) return 'id';
  } else if (a.kind === b.kind && a.kind !== 'list' && a.kind !== 'geo') {
    return a.kind;
  } else if (isSubset(kinds, 'int', 'number') || isSubset(kinds, 'decimal', 'number')) {
    return 'number';
  } else if (isSubset(kinds, 'int', 'decimal')) {
    return 'decimal';
  }
  if (a.kind === 'list' && b.kind === 'list')
    throw new ExprError('list_compare', 'Lists cannot be compared; use in, exists() or all()', at);
  throw new ExprError('type_mismatch', `Cannot compare ${typeName(a)} with ${typeName(b)}`, at);
}

const isSubset = (kinds: ReadonlySet<string>, ...of: readonly string[]): boolean => [...kinds].every((kind) => of.includes(kind));

/** `status == "publised"`: never true, and never what was meant. */
function refuseUnknownOption(value: Value, beside: Value): void {
  if (value.kind !== 'string' || beside.kind !== 'ir') return;
  const { ty } = beside.ir;
  if (ty.kind !== 'text' || !ty.values || ty.values.includes(value.value)) return;
  throw new ExprError('unknown_value', `"${value.value}" is not one of ${ty.values.join(', ')}`, value, hintFor(value.value, ty.values));
}

export function membership(checking: Checking, ast: Binary, names: Names): Ir {
  const value = checking.value(ast.left, names);
  const list = checking.value(ast.right, names);
  if (value.kind === 'null') throw new ExprError('null_value', 'null is in no list; compare with == null', ast.left);
  if (list.kind === 'many') {
    const id = adopt(value, { kind: 'id', of: list.many.to });
    if (id.ty.kind !== 'id' || (id.ty.of !== undefined && id.ty.of !== list.many.to)) {
      throw new ExprError('type_mismatch', `Cannot look for ${typeName(id.ty)} in a list of ${list.many.to}`, ast);
    }
    if (isNull(id)) return always(ast, false);
    return guarded(ast, id, { kind: 'id', of: list.many.to }, { op: 'member', value: id, many: list.many, ty: bool, ...span(ast) });
  }
  if (list.kind === 'list') return inWritten(ast, value, list.items);
  const of = list.kind === 'ir' ? list.ir : undefined;
  if (of?.ty.kind !== 'list') throw new ExprError('not_list', `Right of "in" stands a list, not ${valueName(list)}`, ast.right);
  const element: Ir = { op: 'element', id: -1, ty: of.ty.of, ...span(ast) };
  refuseUnknownOption(value, { kind: 'ir', ir: element, ...span(ast) });
  const sought = adopt(value, of.ty.of);
  if (isNull(sought)) return always(ast, false);
  return guarded(ast, sought, of.ty.of, {
    op: 'in',
    as: compareClass(ast, sought, element),
    value: sought,
    list: of,
    ty: bool,
    ...span(ast),
  });
}

/** `x in [a, b]` is `x == a || x == b`; the constants among them are kept together as one list. */
function inWritten(at: Span, value: Value, items: readonly Value[]): Ir {
  const compared = items.map((item) => {
    if (item.kind === 'null') throw new ExprError('null_value', 'null stands in no list; add "|| … == null"', item);
    return equal(at, value, item);
  });
  const sought = settle(value);
  const constants: { value: Extract<Ir, { op: 'const' }>; as: CompareClass }[] = [];
  const rest: Ir[] = [];
  for (const ir of compared) {
    if (ir.op === 'compare' && ir.right.op === 'const' && ir.left === sought) constants.push({ value: ir.right, as: ir.as });
    else if (ir.op !== 'const' || ir.value === true) rest.push(ir);
  }
  const [first] = constants;
  if (first) {
    const as = constants.every((item) => item.as === first.as) ? first.as : 'number';
    const list = constant(
      at,
      constants.map((item) => item.value.value),
      { kind: 'list', of: as === 'number' || as === 'json' ? { kind: as } : first.value.ty },
    );
    rest.unshift({ op: 'in', as, value: sought, list, ty: bool, ...span(at) });
  }
  const [only, ...more] = rest;
  if (!only) return always(at, false);
  return more.length === 0 ? only : { op: 'or', of: rest, ty: bool, ...span(at) };
}
