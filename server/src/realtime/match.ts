/**
 * Which groups a change is of.
 *
 * Worry: ten thousand groups that differ in a constant (`room == "…"`) cost half a millisecond a change where each is asked.
 * Decision: a group is looked up by the values that a row must have for it to match (equalities.ts), in one hash index for each
 * set of columns that any group is looked up by; who has none is asked at every change. What is found is a candidate and its
 * own condition decides. Why it is enough: a row that lacks a value of the tuple cannot match; a row of which the log did not
 * tell a column finds everybody. A test compares with asking all.
 *
 * Groups that take a query are told which of them a change may concern; nothing is judged for them here.
 */
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Change } from '../changes/change.ts';
import type { Collection } from '../schema/collection.ts';
import { lookupsOf, type Lookup } from './equalities.ts';
import type { Group } from './group.ts';
import { tableOf, toRowChange, type Row, type RowChange } from './row.ts';

export interface Routed {
  /** The changes that may concern a group, in their order. */
  readonly changes: ReadonlyMap<Group, readonly RowChange[]>;
  /** Those that have to ask Postgres. */
  readonly stale: ReadonlySet<Group>;
}

export class Matcher {
  /** By table, then by the collection as a schema knew it: after a change of schema there may be groups of both. */
  readonly #indexes = new Map<string, Map<Collection, Index>>();
  readonly #stale = new Map<string, Set<Group>>();

  add(group: Group): void {
    if (group.local === undefined) {
      for (const table of group.tables) this.#stale.set(table, (this.#stale.get(table) ?? new Set()).add(group));
      return;
    }
    const byCollection = this.#indexes.get(group.table) ?? new Map<Collection, Index>();
    this.#indexes.set(group.table, byCollection);
    const index = byCollection.get(group.collection) ?? new Index();
    byCollection.set(group.collection, index);
    index.add(group);
  }

  remove(group: Group): void {
    for (const table of group.tables) {
      const stale = this.#stale.get(table);
      if (stale?.delete(group) === true && stale.size === 0) this.#stale.delete(table);
    }
    const byCollection = this.#indexes.get(group.table);
    const index = byCollection?.get(group.collection);
    index?.remove(group);
    if (index?.size === 0) byCollection?.delete(group.collection);
    if (byCollection?.size === 0) this.#indexes.delete(group.table);
  }

  /** Those that a row may match. */
  candidates(collection: Collection, table: string, row: Row): ReadonlySet<Group> {
    return this.#indexes.get(table)?.get(collection)?.find(undefined, row) ?? new Set();
  }

  route(changes: readonly Change[]): Routed {
    const routed = new Map<Group, RowChange[]>();
    const stale = new Set<Group>();
    for (const change of changes) {
      const table = tableOf(change.relation);
      for (const group of this.#stale.get(table) ?? []) stale.add(group);
      for (const [collection, index] of this.#indexes.get(table) ?? []) {
        const read = toRowChange(collection, change);
        for (const group of index.concerned(read)) {
          const before = routed.get(group);
          if (before === undefined) routed.set(group, [read]);
          else before.push(read);
        }
      }
    }
    return { changes: routed, stale };
  }
}

type Hashed = Map<ConstValue, Group[]>;
const none: readonly Group[] = [];

class Index {
  readonly #groups = new Set<Group>();
  readonly #scanned = new Set<Group>();
  readonly #hashes = new Map<string, { readonly fields: readonly string[]; readonly groups: Hashed }>();

  get size(): number {
    return this.#groups.size;
  }

  add(group: Group): void {
    if (group.local === undefined || this.#groups.has(group)) return;
    this.#groups.add(group);
    const lookups = lookupsOf(group.local.condition);
    if (lookups === undefined) this.#scanned.add(group);
    for (const lookup of lookups ?? []) {
      const { groups } = this.#hashOf(lookup);
      for (const tuple of lookup.tuples) {
        const key = keyOf(tuple);
        const held = groups.get(key);
        if (held === undefined) groups.set(key, [group]);
        else if (!held.includes(group)) held.push(group);
      }
    }
  }

  remove(group: Group): void {
    if (group.local === undefined || !this.#groups.delete(group)) return;
    this.#scanned.delete(group);
    for (const lookup of lookupsOf(group.local.condition) ?? []) {
      const hash = this.#hashOf(lookup);
      for (const key of lookup.tuples.map(keyOf)) {
        const left = (hash.groups.get(key) ?? []).filter((other) => other !== group);
        if (left.length === 0) hash.groups.delete(key);
        else hash.groups.set(key, left);
      }
      if (hash.groups.size === 0) this.#hashes.delete(lookup.fields.join());
    }
  }

  concerned(change: RowChange): ReadonlySet<Group> {
    if (change === 'truncate') return this.#groups;
    // Where only keys are told, nobody knows whose the row was.
    if (change.isBlind) return this.#groups;
    return this.find(change.old, change.row);
  }

  /** Of one row, or of how it was and how it is, which mostly are looked up by the same. */
  find(old: Row | undefined, row: Row | undefined): ReadonlySet<Group> {
    const found = new Set<Group>(this.#scanned);
    for (const { fields, groups } of this.#hashes.values()) {
      const before = old === undefined ? null : keyOfRow(old, fields);
      const now = row === undefined ? null : keyOfRow(row, fields);
      if (before === undefined || now === undefined) for (const held of groups.values()) for (const group of held) found.add(group);
      if (now !== null && now !== undefined) for (const group of groups.get(now) ?? none) found.add(group);
      if (before !== now && before !== null && before !== undefined) for (const group of groups.get(before) ?? none) found.add(group);
    }
    return found;
  }

  #hashOf({ fields }: Lookup): { readonly groups: Hashed } {
    const name = fields.join();
    const hash = this.#hashes.get(name) ?? { fields, groups: new Map() };
    this.#hashes.set(name, hash);
    return hash;
  }
}

/** A value by itself; several as a text. Two tuples of one text would be asked both, and nothing is missed. */
const keyOf = (tuple: readonly ConstValue[]): ConstValue => (tuple.length === 1 ? (tuple[0] ?? null) : tuple.join('\u0001'));

/** The same of the row's values. Null: one is absent, and equals nothing. Undefined: one was not told. */
function keyOfRow(row: Row, fields: readonly string[]): ConstValue | undefined {
  if (fields.length === 1) return row.value(fields[0] ?? '');
  let key = '';
  let isTold = true;
  for (const field of fields) {
    const value = row.value(field);
    if (value === null) return null;
    if (value === undefined) isTold = false;
    else key += key === '' && field === fields[0] ? String(value) : `\u0001${String(value)}`;
  }
  return isTold ? key : undefined;
}
