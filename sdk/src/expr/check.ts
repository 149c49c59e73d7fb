/**
 * A tree against the schema: names become fields and values of the context, literals take the types of what they are compared
 * with, and what has no meaning is refused with its place. What comes out is IR that no back end can fail on.
 *
 * The parts (`names`, `compare`, `combine`, `calls`, `params`) call each other through `Checking`, which this file makes.
 */
import { ExprError } from './ast.ts';
import type { Ast } from './ast.ts';
import { call } from './calls.ts';
import { conditional, sum } from './combine.ts';
import { comparison, membership } from './compare.ts';
import type { Ir, Row } from './ir.ts';
import { memberValue, nameValue } from './names.ts';
import { paramValue, stringValue } from './params.ts';
import type { CheckOptions, Checking, Mention, Names } from './state.ts';
import { always, bool, not, settle, span, toValue, valueName } from './values.ts';
import type { Value } from './values.ts';

export interface Checked {
  readonly ir: Ir;
  /** The record that bare names mean: the stored row, or at create and in validation the row to be. */
  readonly root: Row;
  /** The row after the write, where there is one; at create and in validation the same as `root`. */
  readonly next?: Row;
  readonly mentions: readonly Mention[];
}

/** A condition: what it comes to is true or false. */
export function check(ast: Ast, options: CheckOptions): Checked {
  const checking = begin(options);
  return finish(checking, checking.predicate(ast, noNames));
}

/** A value, as sort paths and defaults are: of any type that one value can have. */
export function checkValue(ast: Ast, options: CheckOptions): Checked {
  const checking = begin(options);
  return finish(checking, settle(checking.value(ast, noNames)));
}

const noNames: Names = { variables: new Map(), quantifiers: 0 };

function begin(options: CheckOptions): Checking {
  let ids = 0;
  const newId = (): number => ids++;
  const { scope, collection } = options;
  const isNew = scope === 'create' || scope === 'validate';
  const root: Row = { id: newId(), collection, origin: { kind: isNew ? 'next' : 'record' } };
  const next: Row | undefined = isNew ? root : scope === 'update' ? { id: newId(), collection, origin: { kind: 'next' } } : undefined;
  const checking: Checking = {
    options,
    root,
    next,
    mentions: [],
    hops: new Map(),
    newId,
    value: (ast, names) => valueOf(checking, ast, names),
    predicate: (ast, names) => predicateOf(checking, ast, names),
  };
  return checking;
}

function finish({ root, next, mentions }: Checking, ir: Ir): Checked {
  return next ? { ir, root, next, mentions } : { ir, root, mentions };
}

function predicateOf(checking: Checking, ast: Ast, names: Names): Ir {
  const value = checking.value(ast, names);
  // `null` in a condition is a value that is not true.
  if (value.kind === 'ir' && value.ir.ty.kind === 'bool') return value.ir;
  throw new ExprError('not_bool', `Expected a condition, found ${valueName(value)}`, ast);
}

function valueOf(checking: Checking, ast: Ast, names: Names): Value {
  switch (ast.type) {
    case 'number':
      return { kind: 'number', raw: ast.raw, ...span(ast) };
    case 'string':
      return stringValue(ast, ast.value);
    case 'bool':
      return toValue(always(ast, ast.value));
    case 'null':
      return { kind: 'null', ...span(ast) };
    case 'list':
      return { kind: 'list', items: ast.items.map((item) => checking.value(item, names)), ...span(ast) };
    case 'param':
      return paramValue(checking.options, ast);
    case 'name':
      return nameValue(checking, ast, names);
    case 'get':
      return memberValue(checking, ast, names);
    case 'call':
      return toValue(call(checking, ast, names));
    case 'not':
      return toValue(not(ast, checking.predicate(ast.of, names)));
    case 'negate':
      return negated(checking, ast, names);
    case 'conditional':
      return toValue(conditional(checking, ast, names));
    case 'binary':
      return toValue(binary(checking, ast, names));
  }
}

function negated(checking: Checking, ast: Extract<Ast, { type: 'negate' }>, names: Names): Value {
  const of = checking.value(ast.of, names);
  if (of.kind !== 'number') throw new ExprError('unsupported', 'A minus stands only before a number; write 0 - x', ast);
  return { ...of, raw: of.raw.startsWith('-') ? of.raw.slice(1) : `-${of.raw}`, ...span(ast) };
}

function binary(checking: Checking, ast: Extract<Ast, { type: 'binary' }>, names: Names): Ir {
  const { op } = ast;
  switch (op) {
    case '&&':
    case '||': {
      const joined = op === '&&' ? 'and' : 'or';
      const sides = [checking.predicate(ast.left, names), checking.predicate(ast.right, names)];
      return { op: joined, of: sides.flatMap((side) => (side.op === joined ? side.of : [side])), ty: bool, ...span(ast) };
    }
    case 'in':
      return membership(checking, ast, names);
    case '+':
    case '-':
      return sum(ast, op, checking.value(ast.left, names), checking.value(ast.right, names));
    case '*':
    case '/':
      throw new ExprError('unsupported', `"${op}" is only for computed fields`, ast);
    default:
      return comparison(checking, ast, op, names);
  }
}
