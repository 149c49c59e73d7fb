/** What a name means: a variable, a name of the language, or a field; and what stands behind a dot. In that order. */
import { ExprError } from './ast.ts';
import type { Ast, Span } from './ast.ts';
import { hintFor } from './hints.ts';
import type { Row } from './ir.ts';
import { languageNames } from './model.ts';
import type { FieldModel, Scope, Ty } from './model.ts';
import { hopTo, mentionField } from './state.ts';
import type { Checking, Names } from './state.ts';
import { bool, span, text, toValue, typeName, valueName } from './values.ts';
import type { Value } from './values.ts';

const languageWords: ReadonlySet<string> = new Set(languageNames);
const writes: ReadonlySet<Scope> = new Set(['create', 'update', 'validate']);
export const names: ReadonlyMap<string, (scope: Scope) => boolean> = new Map([
  ['auth', () => true],
  ['now', () => true],
  ['record', (scope: Scope) => scope !== 'default'],
  ['request', (scope: Scope) => scope !== 'filter'],
  ['next', (scope: Scope) => writes.has(scope)],
  ['changed', (scope: Scope) => writes.has(scope)],
  ['collections', (scope: Scope) => scope === 'read' || writes.has(scope)],
]);

/** Parts of `auth` that every account has. `id` is of no one collection: comparing it asks for `auth.collection` too. */
export const authParts: ReadonlyMap<string, Ty> = new Map<string, Ty>([
  ['id', { kind: 'id' }],
  ['collection', text],
  ['roles', { kind: 'list', of: text }],
  ['verified', bool],
  ['guest', bool],
  ['impersonator', { kind: 'id', of: '_admins' }],
]);
const keyParts: ReadonlyMap<string, Ty> = new Map<string, Ty>([['id', { kind: 'id', of: '_api_keys' }]]);
export const requestParts: ReadonlyMap<string, Ty> = new Map<string, Ty>([
  ['ip', text],
  ['method', text],
]);

export function nameValue(checking: Checking, ast: Extract<Ast, { type: 'name' }>, { variables }: Names): Value {
  const { name } = ast;
  const { options, root } = checking;
  const variable = variables.get(name);
  if (variable) {
    if ('row' in variable) return { kind: 'row', row: variable.row, name, ...span(ast) };
    return toValue({ op: 'element', id: variable.element, ty: variable.ty, ...span(ast) });
  }
  if (names.get(name)?.(options.scope)) return languageValue(checking, ast);
  const fields = options.scope === 'default' ? undefined : options.schema.collection(root.collection)?.fields;
  if (fields?.has(name)) return fieldValue(checking, root, name, ast.start, ast);
  const known = [
    ...(fields?.keys() ?? []),
    ...[...names].flatMap(([word, isIn]) => (isIn(options.scope) ? [word] : [])),
    ...variables.keys(),
  ];
  // A bare name was most likely meant to be a field, where fields may be named; a word of the language out of its place was not.
  if (!fields || languageWords.has(name)) throw new ExprError('unknown_name', `"${name}" means nothing here`, ast, hintFor(name, known));
  throw new ExprError('unknown_field', `Unknown field "${name}" on "${root.collection}"`, ast, hintFor(name, known));
}

function languageValue({ root, next }: Checking, ast: Extract<Ast, { type: 'name' }>): Value {
  const { name } = ast;
  if (name === 'now') return toValue({ op: 'context', path: ['now'], ty: { kind: 'time' }, ...span(ast) });
  if (name === 'record') return { kind: 'row', row: root, name, ...span(ast) };
  if (name === 'next' && next) return { kind: 'row', row: next, name, ...span(ast) };
  return { kind: 'object', path: [name], ...span(ast) };
}

export function memberValue(checking: Checking, ast: Extract<Ast, { type: 'get' }>, scope: Names): Value {
  const of = checking.value(ast.of, scope);
  const at = { start: ast.nameStart, end: ast.end };
  if (of.kind === 'row') return fieldValue(checking, of.row, ast.name, ast.nameStart, ast);
  if (of.kind === 'object') return partValue(checking, of.path, ast);
  if (of.kind === 'many') {
    throw new ExprError('many_access', `"${of.name}" is a list of ${of.many.to}; use .exists(x, x.${ast.name} …) or .all(x, …)`, at);
  }
  if (of.kind === 'ir' && of.ir.ty.kind === 'json') {
    const { ir } = of;
    const path = ir.op === 'path' ? { of: ir.of, path: [...ir.path, ast.name] } : { of: ir, path: [ast.name] };
    return toValue({ op: 'path', ...path, ty: { kind: 'json' }, ...span(ast) });
  }
  if (of.kind === 'ir' && of.ir.op === 'column' && of.ir.ty.kind === 'id' && of.ir.ty.of !== undefined && of.ir.field !== 'id') {
    return fieldValue(checking, hopTo(checking, of.ir.row, of.ir.field, of.ir.ty.of, at), ast.name, ast.nameStart, ast);
  }
  const name = of.kind === 'ir' ? typeName(of.ir.ty) : valueName(of);
  throw new ExprError('no_fields', `A value of type ${name} has no "${ast.name}"`, at);
}

function fieldValue(checking: Checking, row: Row, name: string, nameStart: number, at: Span): Value {
  const field = mentionField(checking, row.collection, name, nameStart);
  if (field.many) return { kind: 'many', many: { row, field: name, to: field.many.to }, name, ...span(at) };
  return toValue({ op: 'column', row, field: name, ty: columnType(field, row), ...span(at) });
}

/** A record's own id is an id of its collection, whether or not the model says so. */
const columnType = ({ name, ty }: FieldModel, row: Row): Ty =>
  name === 'id' && ty.kind === 'id' && ty.of === undefined ? { kind: 'id', of: row.collection } : ty;

function partValue(checking: Checking, path: readonly string[], ast: Extract<Ast, { type: 'get' }>): Value {
  const { name } = ast;
  const { options, root } = checking;
  const at = { start: ast.nameStart, end: ast.end };
  const whole = path.join('.');
  if (whole === 'changed') {
    mentionField(checking, root.collection, name, ast.nameStart);
    return toValue({ op: 'changed', field: name, ty: bool, ...span(ast) });
  }
  if (whole === 'collections') {
    if (!options.schema.collection(name)) {
      throw new ExprError('unknown_collection', `Unknown collection "${name}"`, at, hintFor(name, options.schema.names()));
    }
    checking.mentions.push({ collection: 'collections.', field: name, ...at });
    return { kind: 'many', many: { to: name }, name, ...span(ast) };
  }
  if (whole === 'auth' && name === 'key') return { kind: 'object', path: ['auth', 'key'], ...span(ast) };
  const parts = whole === 'auth' ? authParts : whole === 'auth.key' ? keyParts : requestParts;
  const ty = parts.get(name) ?? (whole === 'auth' ? options.auth.get(name) : undefined);
  if (!ty) {
    const known = whole === 'auth' ? [...parts.keys(), 'key', ...options.auth.keys()] : parts.keys();
    throw new ExprError('unknown_field', `Unknown field "${name}" on "${whole}"`, at, hintFor(name, known));
  }
  if (whole === 'auth' && !parts.has(name)) checking.mentions.push({ collection: 'auth.', field: name, ...at });
  return toValue({ op: 'context', path: [...path, name], ty, ...span(ast) });
}
