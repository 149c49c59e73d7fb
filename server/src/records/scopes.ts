/**
 * What the scopes of an API key leave of a collection. It is asked by the policy alone (policy.ts), beside the rules, so that
 * every door and every way through other collections has it, and plans are kept apart by it like by any rule.
 */
import { ExprError } from '@underpin/sdk/expr/ast';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ApiKey, Scope } from '../kit/actor.ts';
import type { Action, Collection } from '../schema/collection.ts';
import type { Schema } from '../schema/load.ts';
import { scopeRule } from '../schema/rules.ts';

const scopeOn = (key: ApiKey, collection: Collection): Scope | undefined =>
  key.scopes.find((scope) => scope.on === 'records' && scope.collection === collection.id);

/** `of`: whether the filter is to hold for the stored row or for the row to be. Who has no key has no scopes to stay within. */
export function scopeOf(
  schema: Schema,
  key: ApiKey | undefined,
  collection: Collection,
  action: Action,
  of: 'read' | 'create',
): Ir | 'all' | 'nothing' {
  if (key === undefined) return 'all';
  const scope = scopeOn(key, collection);
  if (scope === undefined || !scope.actions.has(action)) return 'nothing';
  return scope.filter === undefined ? 'all' : (filterOf(schema, collection, scope.filter, of) ?? 'nothing');
}

/** All that the scopes of a key ask of records. */
export const scopeFilters = (schema: Schema, key: ApiKey | undefined): readonly Ir[] =>
  (key?.scopes ?? []).flatMap(({ collection: id = '', filter }) => {
    const collection = schema.byId.get(id);
    const ir = collection === undefined || filter === undefined ? null : filterOf(schema, collection, filter, 'read');
    return ir === null ? [] : [ir];
  });

/** A filter that the schema has moved away from lets nothing through. */
function filterOf(schema: Schema, collection: Collection, text: string, of: 'read' | 'create'): Ir | null {
  try {
    return scopeRule(schema, collection, text, of);
  } catch (error) {
    if (error instanceof ExprError) return null;
    throw error;
  }
}
