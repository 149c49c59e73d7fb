/** A field or a collection gets another name: everything that mentions it follows, in the same transaction. */
import { renameMentions } from '@underpin/sdk/expr/rewrite';
import type { Mention } from '@underpin/sdk/expr/state';
import type { CollectionDef, FieldDef } from '@underpin/sdk/wire';
import type { Collection } from './collection.ts';
import { compiled } from './ddl.ts';
import type { Schema } from './load.ts';
import { checkPlace, rulePlaces } from './rules.ts';
import { mapExpressions } from './validate.ts';

type Stored = CollectionDef & { readonly id: string };

/** Old name → new name, by where the name is mentioned: a collection's field, `auth.…` or `collections.…`. */
export type Renames = ReadonlyMap<string, string>;
const keyOf = (place: string, name: string): string => `${place}\n${name}`;

export function renamesBetween(before: Stored, after: Stored): Renames {
  const renames = new Map<string, string>();
  for (const field of after.fields) {
    const was = before.fields.find(({ id }) => id === field.id);
    if (was?.inverse !== undefined && field.inverse !== undefined && was.inverse !== field.inverse)
      renames.set(keyOf(was.to ?? '', was.inverse), field.inverse);
    if (was === undefined || was.name === field.name) continue;
    renames.set(keyOf(before.name, was.name), field.name);
    if (before.kind === 'auth') renames.set(keyOf('auth.', was.name), field.name);
  }
  if (before.name !== after.name) renames.set(keyOf('collections.', before.name), after.name);
  return renames;
}

/** The changed definition and those of other collections that have to follow it. */
export function followRenames(schema: Schema, before: Stored, after: Stored): { readonly def: Stored; readonly others: readonly Stored[] } {
  const renames = renamesBetween(before, after);
  if (renames.size === 0) return { def: after, others: [] };
  const follow = (collection: Collection, def: Stored): Stored => {
    // By text: what the caller sent as it was stored follows, what he wrote anew is taken as written.
    const rewritten = new Map(
      rulePlaces(collection).map((place) => [place.text, rewrite(place.text, checkPlace(schema, collection, place).mentions, renames)]),
    );
    const moved =
      before.name === after.name
        ? def
        : { ...def, fields: def.fields.map((field) => (field.to === before.name ? { ...field, to: after.name } : field)) };
    const renamed = mapExpressions(moved, ({ text }) => rewritten.get(text) ?? text);
    return {
      ...renamed,
      fields: renamed.fields.map((field) => (field.type === 'computed' ? renameComputed(collection, field, renames) : field)),
    };
  };
  const others = schema.collections
    .filter((collection) => !collection.system && collection.id !== before.id)
    .map((collection) => ({ was: collection.def, now: follow(collection, { ...collection.def, id: collection.id }) }))
    .filter(({ was, now }) => JSON.stringify({ ...was, id: now.id }) !== JSON.stringify(now))
    .map(({ now }) => now);
  const mine = schema.byId.get(before.id);
  return { def: mine === undefined ? after : follow(mine, after), others };
}

export const rewrite = (text: string, mentions: readonly Mention[], renames: Renames): string =>
  renameMentions(text, mentions, ({ collection, field }) => renames.get(keyOf(collection, field)));

/** A computed field names fields of its own record only. */
function renameComputed(collection: Collection, field: FieldDef, renames: Renames): FieldDef {
  const was = collection.def.fields.find(({ id }) => id === field.id);
  if (was === undefined || was['expr'] !== field['expr']) return field;
  const expr = [...compiled(collection.def, was).mentions]
    .sort((a, b) => b.start - a.start)
    .reduce(
      (text, { start, end, field: name }) =>
        `${text.slice(0, start)}${renames.get(keyOf(collection.name, name)) ?? name}${text.slice(end)}`,
      String(was['expr']),
    );
  return { ...field, expr };
}
