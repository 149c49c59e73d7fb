/**
 * Which sets a change may concern: looked up by the value that their rows must have (`person == "…"`), or all of the table where there is
 * no such value, or the log does not tell it. What is found reads the change itself, so too many cost time only.
 */
import type { Change, Image } from '../../changes/change.ts';
import { lookupsOf } from '../matching/equalities.ts';
import type { MemberSet } from './member-set.ts';
import type { Source } from './membership.ts';
import { tableOf } from '../matching/row.ts';

interface Found {
  readonly all: Set<MemberSet>;
  /** Those that are looked up by nothing. */
  readonly others: Set<MemberSet>;
  /** By column, then by its text in the log. */
  readonly byValue: Map<string, Map<string, Set<MemberSet>>>;
}

export class MemberIndex {
  readonly #tables = new Map<string, Found>();

  add(set: MemberSet): void {
    const { source } = set;
    const table = this.#tables.get(source.table) ?? { all: new Set(), others: new Set(), byValue: new Map() };
    this.#tables.set(source.table, table);
    table.all.add(set);
    const lookup = lookupOf(source);
    if (lookup === undefined) return void table.others.add(set);
    const values = table.byValue.get(lookup.column) ?? new Map<string, Set<MemberSet>>();
    table.byValue.set(lookup.column, values);
    for (const value of lookup.values) values.set(value, (values.get(value) ?? new Set()).add(set));
  }

  remove(set: MemberSet): void {
    const { source } = set;
    const table = this.#tables.get(source.table);
    if (table?.all.delete(set) !== true) return;
    table.others.delete(set);
    const lookup = lookupOf(source);
    const values = lookup && table.byValue.get(lookup.column);
    for (const value of lookup?.values ?? []) {
      const sets = values?.get(value);
      if (sets?.delete(set) === true && sets.size === 0) values?.delete(value);
    }
    if (table.all.size === 0) this.#tables.delete(source.table);
  }

  of(table: string): Iterable<MemberSet> {
    return this.#tables.get(table)?.all ?? [];
  }

  concerned(change: Change): Iterable<MemberSet> {
    const table = this.#tables.get(tableOf(change.relation));
    if (table === undefined) return [];
    if (change.op === 'truncate' || (change.op === 'update' && change.old === undefined)) return table.all;
    const found = new Set(table.others);
    const images: readonly (Image | undefined)[] = [
      change.op === 'insert' ? undefined : change.old,
      change.op === 'delete' ? undefined : change.row,
    ];
    for (const [column, values] of table.byValue) {
      const at = change.relation.columns.indexOf(column);
      for (const image of images) {
        const value = image?.[at];
        if (image !== undefined && value === undefined) return table.all;
        if (typeof value === 'string') for (const set of values.get(value) ?? []) found.add(set);
      }
    }
    return found;
  }
}

/** A column that holds one of these texts in every row that is meant; what looks in the log as it does in memory. */
function lookupOf(source: Source): { readonly column: string; readonly values: readonly string[] } | undefined {
  if (source.kind === 'links') return { column: source.by, values: [source.id] };
  const lookups = lookupsOf(source.condition);
  if (lookups?.length !== 1) return undefined;
  const [{ fields, tuples } = { fields: [], tuples: [] }] = lookups;
  for (const [at, column] of fields.entries()) {
    const kind = source.collection.byName.get(column)?.ty.kind;
    const values = tuples.flatMap((tuple) => (typeof tuple[at] === 'string' ? [tuple[at]] : []));
    if ((kind === 'id' || kind === 'text') && values.length === tuples.length) return { column, values };
  }
  return undefined;
}
