/** What the checker is told of the world: collections, their fields and the names in scope. Knows no SQL. */

/**
 * The type of a value. `id` is a record's id (`of`: its collection, absent where it may be of any, as `auth.id`);
 * `duration` and `time` are milliseconds (since 1970 UTC); `decimal` is text of digits, compared exactly.
 */
export type Ty =
  | { readonly kind: 'text'; readonly values?: readonly string[] }
  | { readonly kind: 'id'; readonly of?: string }
  | { readonly kind: 'int' | 'number' | 'decimal' | 'bool' | 'time' | 'day' | 'duration' | 'json' | 'geo' }
  | { readonly kind: 'list'; readonly of: Ty };

/** A field as the language sees it. A to-one relation has an `id` type with `of`; a list of records has `many`. */
export interface FieldModel {
  readonly name: string;
  readonly ty: Ty;
  /** A list of records reached through a junction table or back along a to-one field (`inverse`): only `in`, `size` and quantifiers take it. */
  readonly many?: { readonly to: string };
}

export interface CollectionModel {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldModel>;
}

/** The collections by name. For a client's filter the caller's view: what the caller may not read is simply not in it. */
export interface SchemaModel {
  collection(name: string): CollectionModel | undefined;
  names(): readonly string[];
}

/** Which sort of expression is checked; decides the names in scope (docs/reference/rules.md). */
export type Scope = 'read' | 'create' | 'update' | 'filter' | 'validate' | 'default';

/** Names that win over field names, and may therefore name no field. */
export const languageNames = [
  'auth',
  'now',
  'request',
  'record',
  'next',
  'changed',
  'collections',
  'true',
  'false',
  'null',
  'and',
  'or',
  'not',
  'in',
  'has',
  'size',
  'duration',
  'timestamp',
  'input',
  'channel',
  'distance',
  'day',
  'today',
  'geo',
] as const;
