/** The schema as it would be with one rule changed: what every other part needs to judge a draft as if it were saved. */
import { buildCollection, ruleOf, type Action, type Collection } from './collection.ts';
import type { CollectionDef, FieldDef, Rule } from '@underpin/sdk/wire';
import { makeSchema, type Schema } from './load.ts';

/** An action's rule, or a field's. */
export interface RuleAt {
  readonly action: Action;
  readonly field?: { readonly name: string; readonly of: 'read' | 'write' };
}

/** The rule in force. A field without one of its own follows its record, which is to say that it does not restrict. */
export function ruleAt(collection: Collection, { action, field }: RuleAt): Rule {
  if (field === undefined) return ruleOf(collection, action);
  const own = collection.byName.get(field.name)?.def.rules?.[field.of];
  return own === undefined ? 'true' : own;
}

export function withRule(schema: Schema, collection: Collection, { action, field }: RuleAt, rule: Rule): Schema {
  const fieldOf = (def: FieldDef): FieldDef => (def.name === field?.name ? { ...def, rules: { ...def.rules, [field.of]: rule } } : def);
  const def: CollectionDef =
    field === undefined
      ? { ...collection.def, rules: { ...collection.def.rules, [action]: rule } }
      : { ...collection.def, fields: collection.def.fields.map(fieldOf) };
  const own = schema.collections.filter((one) => !one.system);
  return makeSchema(
    schema.version,
    own.map((one) => (one.id === collection.id ? buildCollection({ ...def, id: one.id }) : one)),
  );
}
