/** What the parts of the checker pass around: the options, the rows met so far, and the way back into the recursion. */
import type { Ast, ExprLimits, Span } from './ast.ts';
import { ExprError } from './ast.ts';
import type { Ir, Row } from './ir.ts';
import type { FieldModel, SchemaModel, Scope, Ty } from './model.ts';
import { hintFor } from './hints.ts';
import type { Value } from './values.ts';

export interface CheckOptions {
  readonly schema: SchemaModel;
  readonly collection: string;
  readonly scope: Scope;
  /** The account's own fields, visible as `auth.x` beside the built-in ones. */
  readonly auth: ReadonlyMap<string, Ty>;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Parameters are all text, as in a query string, and are read as the type they are compared with. */
  readonly textParams?: boolean;
  readonly limits: ExprLimits;
}

/**
 * Where a field is named: the span of the name, and the collection whose field it is. A field of the caller's account stands
 * as one of `auth.`, a collection in `collections.x` as a field of `collections.`: names that no collection has.
 */
export interface Mention extends Span {
  readonly collection: string;
  readonly field: string;
}

/** The variables of the quantifiers around an expression. */
export interface Names {
  readonly variables: ReadonlyMap<string, { readonly row: Row } | { readonly element: number; readonly ty: Ty }>;
  readonly quantifiers: number;
}

export interface Checking {
  readonly options: CheckOptions;
  readonly root: Row;
  readonly next: Row | undefined;
  readonly mentions: Mention[];
  /** Hops by row and field, so that `owner.name` and `owner.team` share one. */
  readonly hops: Map<string, Row>;
  readonly newId: () => number;
  readonly value: (ast: Ast, names: Names) => Value;
  readonly predicate: (ast: Ast, names: Names) => Ir;
}

/** The field of that name, noted as a mention; a name that is no field is refused with a hint. */
export function mentionField(checking: Checking, collection: string, name: string, start: number): FieldModel {
  const model = checking.options.schema.collection(collection);
  const at = { start, end: start + name.length };
  const field = model?.fields.get(name);
  if (!field)
    throw new ExprError('unknown_field', `Unknown field "${name}" on "${collection}"`, at, hintFor(name, model?.fields.keys() ?? []));
  checking.mentions.push({ collection, field: name, ...at });
  return field;
}

/** The record at the end of a to-one relation, the same one each time it is asked for. */
export function hopTo(checking: Checking, from: Row, field: string, to: string, at: Span): Row {
  const key = `${from.id}.${field}`;
  const known = checking.hops.get(key);
  if (known) return known;
  let length = 1;
  for (let row = from; row.origin.kind === 'hop'; row = row.origin.row) length += 1;
  const most = checking.options.limits.hops;
  if (length > most) throw new ExprError('too_many_hops', `More than ${most} relations in a row`, at);
  const row: Row = { id: checking.newId(), collection: to, origin: { kind: 'hop', row: from, field } };
  checking.hops.set(key, row);
  return row;
}
