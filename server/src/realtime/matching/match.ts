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
import type { Change } from '../../changes/change.ts';
import type { Collection } from '../../schema/collection.ts';
import { lookupsOf } from './equalities.ts';
import type { Group } from '../groups/group.ts';
import { Hash, type Held } from './hash.ts';
import { tableOf, toRowChange, type Row, type RowChange } from './row.ts';

/** The changes that may concern a group, in their order. */
export interface Concerned {
  readonly group: Group;
  readonly changes: RowChange[];
}

export interface Routed {
  readonly concerned: readonly Concerned[];
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
    const found: Concerned[] = [];
    this.#indexes.get(table)?.get(collection)?.find({ row }, found);
    return new Set(found.map(({ group }) => group));
  }

  route(changes: readonly Change[]): Routed {
    const concerned: Concerned[] = [];
    const stale = new Set<Group>();
    for (const change of changes) {
      const table = tableOf(change.relation);
      const asking = this.#stale.get(table);
      if (asking !== undefined) for (const group of asking) stale.add(group);
      const indexes = this.#indexes.get(table);
      if (indexes !== undefined) for (const [collection, index] of indexes) index.find(toRowChange(collection, change), concerned);
    }
    return { concerned, stale };
  }
}

class Index {
  readonly #groups = new Map<Group, Held>();
  readonly #scanned = new Set<Held>();
  readonly #hashes = new Map<string, Hash>();

  get size(): number {
    return this.#groups.size;
  }

  add(group: Group): void {
    if (group.local === undefined || this.#groups.has(group)) return;
    const held: Held = { group, at: 0 };
    this.#groups.set(group, held);
    const lookups = lookupsOf(group.local.condition);
    if (lookups === undefined) this.#scanned.add(held);
    for (const { fields, tuples } of lookups ?? []) {
      const name = fields.join();
      const hash = this.#hashes.get(name) ?? new Hash(fields);
      this.#hashes.set(name, hash);
      for (const tuple of tuples) hash.add(tuple, held);
    }
  }

  remove(group: Group): void {
    const held = this.#groups.get(group);
    if (group.local === undefined || held === undefined) return;
    this.#groups.delete(group);
    this.#scanned.delete(held);
    for (const { fields, tuples } of lookupsOf(group.local.condition) ?? []) {
      const name = fields.join();
      const hash = this.#hashes.get(name);
      for (const tuple of tuples) hash?.remove(tuple, held);
      if (hash?.size === 0) this.#hashes.delete(name);
    }
  }

  /** Adds the change to those that concern a group: of one row, or of how it was and how it is, which mostly are looked up by the same. */
  find(change: RowChange, concerned: Concerned[]): void {
    // Where only keys are told, nobody knows whose the row was.
    if (change === 'truncate' || change.isBlind) {
      for (const held of this.#groups.values()) note(held, change, concerned);
      return;
    }
    const { old, row } = change;
    const take = (held: Held): void => note(held, change, concerned);
    for (const held of this.#scanned) take(held);
    for (const hash of this.#hashes.values()) {
      if (row !== undefined) hash.find(row, take);
      if (old !== undefined && (row === undefined || !hash.isSame(old, row))) hash.find(old, take);
    }
  }
}

/** Each change once for each group; where that stands is remembered with the group, and is right where the group stands there. */
function note(held: Held, change: RowChange, concerned: Concerned[]): void {
  const { group, at } = held;
  const known = concerned[at];
  if (known?.group !== group) held.at = concerned.push({ group, changes: [change] }) - 1;
  else if (known.changes.at(-1) !== change) known.changes.push(change);
}
