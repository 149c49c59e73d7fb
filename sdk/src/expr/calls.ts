/** Functions, methods and quantifiers. */
import { ExprError } from './ast.ts';
import type { Ast } from './ast.ts';
import { absence } from './compare.ts';
import { hintFor } from './hints.ts';
import type { Ir, Row } from './ir.ts';
import { languageNames } from './model.ts';
import type { Ty } from './model.ts';
import { distanceCall, geoCall } from './places.ts';
import type { Checking, Names } from './state.ts';
import { isZone } from './times.ts';
import { adopt, bool, not, settle, span, text, typeName, valueName } from './values.ts';
import type { Value } from './values.ts';

type Call = Extract<Ast, { type: 'call' }>;
type Method = Call & { readonly receiver: Ast };
export const functions = ['has', 'size', 'duration', 'timestamp', 'day', 'today', 'geo', 'distance'] as const;
const methods = ['startsWith', 'endsWith', 'contains', 'lowerAscii', 'size', 'exists', 'all', 'exists_one'] as const;
const languageWords: ReadonlySet<string> = new Set(languageNames);

export function call(checking: Checking, ast: Call, names: Names): Ir {
  const { receiver } = ast;
  return receiver ? method(checking, { ...ast, receiver }, names) : plainCall(checking, ast, names);
}

function plainCall(checking: Checking, ast: Call, names: Names): Ir {
  switch (ast.name) {
    case 'has':
      return not(ast, absence(ast, checking.value(argument(ast), names)));
    case 'size':
      return size(ast, checking.value(argument(ast), names));
    case 'duration':
      return written(ast, { kind: 'duration' });
    case 'timestamp':
      return written(ast, { kind: 'time' });
    case 'day':
      return written(ast, { kind: 'day' });
    case 'today':
      return today(ast);
    case 'geo':
      return geoCall(checking, ast, names);
    case 'distance':
      return distanceCall(checking, ast, names);
    default:
      throw new ExprError('unknown_function', `Unknown function ${ast.name}()`, ast, hintFor(ast.name, functions));
  }
}

function argument(ast: Call): Ast {
  const [only, ...more] = ast.args;
  if (!only || more.length > 0) throw new ExprError('arguments', `${ast.name}() takes one argument`, ast);
  return only;
}

/** `duration("24h")` and its like: the argument is written out, so that it is checked here and never fails later. */
function written(ast: Call, ty: Ty): Ir {
  const literal = argument(ast);
  if (literal.type !== 'string') throw new ExprError('const_argument', `${ast.name}() takes a written string`, literal);
  return { ...adopt({ kind: 'string', value: literal.value, loose: false, ...span(literal) }, ty), ...span(ast) };
}

/** The day that `now` falls on in a time zone, UTC if none is written. */
function today(ast: Call): Ir {
  const [zone, ...more] = ast.args;
  if (more.length > 0) throw new ExprError('arguments', 'today() takes a time zone or nothing', ast);
  if (zone !== undefined && zone.type !== 'string') throw new ExprError('const_argument', 'today() takes a written string', zone);
  if (zone !== undefined && !isZone(zone.value))
    throw new ExprError('bad_zone', `${JSON.stringify(zone.value)} is no time zone`, zone, 'Write a name as "Europe/Berlin"');
  return { op: 'context', path: ['today', zone?.value ?? 'UTC'], ty: { kind: 'day' }, ...span(ast) };
}

function method(checking: Checking, ast: Method, names: Names): Ir {
  switch (ast.name) {
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      return stringTest(checking, ast, ast.name, names);
    case 'lowerAscii': {
      noArguments(ast);
      const of = settle(checking.value(ast.receiver, names));
      if (of.ty.kind !== 'text') throw new ExprError('type_mismatch', `lowerAscii() takes text, not ${typeName(of.ty)}`, ast.receiver);
      return { op: 'lower', of, ty: text, ...span(ast) };
    }
    case 'size':
      noArguments(ast);
      return size(ast, checking.value(ast.receiver, names));
    case 'exists':
    case 'all':
    case 'exists_one':
      return quantifier(checking, ast, ast.name, names);
    default:
      throw new ExprError('unknown_function', `Unknown method ${ast.name}()`, ast, hintFor(ast.name, methods));
  }
}

function noArguments(ast: Call): void {
  if (ast.args.length > 0) throw new ExprError('arguments', `${ast.name}() takes no argument`, ast);
}

function stringTest(checking: Checking, ast: Method, how: 'startsWith' | 'endsWith' | 'contains', names: Names): Ir {
  const value = settle(checking.value(ast.receiver, names));
  const part = settle(checking.value(argument(ast), names));
  const fits = (value.ty.kind === 'text' || value.ty.kind === 'json') && part.ty.kind === 'text';
  if (!fits)
    throw new ExprError('type_mismatch', `${how}() looks for text in text, not ${typeName(part.ty)} in ${typeName(value.ty)}`, ast);
  return { op: 'string', how, value, part, ty: bool, ...span(ast) };
}

function size(ast: Call, value: Value): Ir {
  const ty = { kind: 'int' } as const;
  if (value.kind === 'many') return { op: 'count', many: value.many, ty, ...span(ast) };
  const of = settle(value);
  if (of.ty.kind !== 'text' && of.ty.kind !== 'list')
    throw new ExprError('type_mismatch', `size() takes text or a list, not ${typeName(of.ty)}`, ast);
  return { op: 'size', of, ty, ...span(ast) };
}

function quantifier(checking: Checking, ast: Method, how: 'exists' | 'all' | 'exists_one', names: Names): Ir {
  const [variable, body, ...more] = ast.args;
  if (!variable || !body || more.length > 0)
    throw new ExprError('arguments', `${how}() takes a variable and a condition, as ${how}(x, x …)`, ast);
  if (variable.type !== 'name' || languageWords.has(variable.name)) {
    throw new ExprError('bad_variable', `${how}() begins with a new name for the item, as ${how}(x, x …)`, variable);
  }
  const most = checking.options.limits.quantifiers;
  if (names.quantifiers >= most) throw new ExprError('too_many_quantifiers', `More than ${most} quantifiers within each other`, ast);
  const value = checking.value(ast.receiver, names);
  const inner = (item: { row: Row } | { element: number; ty: Ty }): Names => ({
    variables: new Map(names.variables).set(variable.name, item),
    quantifiers: names.quantifiers + 1,
  });
  if (value.kind === 'many') {
    const row: Row = { id: checking.newId(), collection: value.many.to, origin: { kind: 'each' } };
    const over = { many: value.many, row };
    return { op: 'quantifier', how, over, body: checking.predicate(body, inner({ row })), ty: bool, ...span(ast) };
  }
  if (value.kind !== 'ir' || value.ir.ty.kind !== 'list')
    throw new ExprError('not_list', `${how}() takes a list, not ${valueName(value)}`, ast.receiver);
  const element = checking.newId();
  const over = { list: value.ir, element };
  return { op: 'quantifier', how, over, body: checking.predicate(body, inner({ element, ty: value.ir.ty.of })), ty: bool, ...span(ast) };
}
