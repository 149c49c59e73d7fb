/**
 * What of a collection is searched: the words of its searchable fields, each with its weight, under one index.
 *
 * The index serves a statement that has its expression word for word, so both are written here. Fields stand in the order of
 * their ids: neither another order in the definition nor another name changes the expression.
 */
import { manyOf, nodesOf, rowOf } from '@underpin/sdk/expr/walk';
import type { CollectionDef, FieldDef, ProblemField } from '@underpin/sdk/wire';
import { limits } from '../kit/limits.ts';
import { ident, literal } from '../kit/sql.ts';
import { canonical } from './collection.ts';
import { at } from './definition.ts';
import type { Schema } from './load.ts';
import type { Operation } from './operation.ts';
import { fieldRule } from './rules.ts';

type Stored = CollectionDef & { readonly id: string };

const byId = (a: FieldDef, b: FieldDef): number => ((a.id ?? '') < (b.id ?? '') ? -1 : 1);
export const searchableOf = (def: CollectionDef): readonly FieldDef[] =>
  def.fields.filter((field) => field.searchable !== undefined).sort(byId);

/** Characters that stand for the marks of a highlight until it is escaped; so they are in no text that is searched. */
export const markBegin = '\uE000';
export const markEnd = '\uE001';
/**
 * Postgres takes every sign beyond ASCII for a letter where the database sorts by code point: quotes and dashes as they are
 * printed would be part of the words beside them. Each becomes its like in ASCII, in what is searched and in what is asked.
 */
const printed = '‘’‚“”„«»‹›‐‑–—…·¿¡、。，！？：；（）「」\u00a0';
// The last two, the marks, have none and go.
const typed = ["'".repeat(3), '"'.repeat(7), '-'.repeat(4), ' '.repeat(16)].join('');
export const plainSigns = (sql: string): string => `translate(${sql}, ${literal(printed + markBegin + markEnd)}, ${literal(typed)})`;

/** A field's text as it is searched. Each gets its part of what Postgres takes at most, so that no text is too long to be stored. */
export function searchedText(field: FieldDef, of: number, row = ''): string {
  const column = `${row}${ident(field.name)}`;
  const plain = field.type === 'richtext' ? `regexp_replace(${column}, '<[^>]*>', ' ', 'g')` : column;
  return `left(${plainSigns(`coalesce(${plain}, '')`)}, ${Math.floor(limits.search.indexed / of)})`;
}

/** The words with their weights, of `fields` that stand in their order. */
export const vectorSql = (fields: readonly FieldDef[], row = ''): string =>
  fields
    .map((field) => `setweight(to_tsvector('simple'::regconfig, ${searchedText(field, fields.length, row)}), '${field.searchable ?? 'D'}')`)
    .join(' || ');

const indexName = (def: Stored): string => `search_${def.id.replaceAll('-', '')}`;
export const createSearchIndex = (def: Stored): readonly string[] =>
  searchableOf(def).length === 0
    ? []
    : [`CREATE INDEX ${indexName(def)} ON public.${ident(def.name)} USING gin ((${vectorSql(searchableOf(def))}))`];

/** What the index depends on; not on names, which it follows by itself. */
const keyOf = (def: Stored): string => canonical(searchableOf(def).map((field) => [field.id, field.searchable, field.type === 'richtext']));

/** Before the fields change: a column that goes, or gets another type, must not stand in the index. */
export const searchDropped = (before: Stored, after: Stored): readonly Operation[] =>
  keyOf(before) === keyOf(after) || searchableOf(before).length === 0
    ? []
    : [
        {
          kind: 'drop_index',
          collection: after.name,
          summary: `drop the search index of ${after.name}`,
          sql: [`DROP INDEX IF EXISTS public.${indexName(before)}`],
        },
      ];

/** When the fields are as they shall be. */
export const searchBuilt = (before: Stored, after: Stored): readonly Operation[] =>
  keyOf(before) === keyOf(after) || searchableOf(after).length === 0
    ? []
    : [
        {
          kind: 'add_index',
          collection: after.name,
          summary: `index ${searchableOf(after)
            .map(({ name }) => name)
            .join(', ')} of ${after.name} for search`,
          sql: createSearchIndex(after),
        },
      ];

/**
 * A field can be searched where a caller may read it in every record or in none: else what is found would tell of what he may
 * not read.
 */
export function searchProblems(schema: Schema, def: Stored): readonly ProblemField[] {
  const collection = schema.byId.get(def.id);
  return def.fields.flatMap((field, index) => {
    const built = collection?.byName.get(field.name);
    if (field.searchable === undefined || collection === undefined || built === undefined) return [];
    const pointer = `/fields/${index}/searchable`;
    if (field.secret === true) return [at(pointer, 'cannot be set for a secret, which nobody reads')];
    const rule = fieldRule(schema, collection, built, 'read') ?? undefined;
    const asksRecord =
      rule !== undefined &&
      [...nodesOf(rule)].some((node) => node.op === 'changed' || rowOf(node) !== undefined || manyOf(node) !== undefined);
    return asksRecord ? [at(pointer, 'needs a read rule that asks for the caller alone, and not for the record')] : [];
  });
}
