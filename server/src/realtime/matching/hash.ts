/** Groups by the values that a row must have in some columns: a map for the first column, in it maps for the second, and so on. */
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Group } from '../groups/group.ts';
import type { Row } from './row.ts';

/** A group in an index. */
export interface Held {
  readonly group: Group;
  /** For whoever gathers those that were found: where he put it last. */
  at: number;
}

type Level = Map<ConstValue, Level | Held[]>;

export class Hash {
  readonly #fields: readonly string[];
  readonly #root: Level = new Map();

  constructor(fields: readonly string[]) {
    this.#fields = fields;
  }

  get size(): number {
    return this.#root.size;
  }

  add(tuple: readonly ConstValue[], held: Held): void {
    let level = this.#root;
    for (const value of tuple.slice(0, -1)) {
      const next = level.get(value);
      const inner: Level = next instanceof Map ? next : new Map();
      if (inner !== next) level.set(value, inner);
      level = inner;
    }
    const last = tuple.at(-1) ?? null;
    const before = level.get(last);
    if (!Array.isArray(before)) level.set(last, [held]);
    else if (!before.includes(held)) before.push(held);
  }

  remove(tuple: readonly ConstValue[], held: Held): void {
    remove(this.#root, tuple, held);
  }

  /** Whether both rows have the same values, so that they find the same. */
  isSame(one: Row, other: Row): boolean {
    for (const field of this.#fields) if (one.text(field) !== other.text(field)) return false;
    return true;
  }

  /** What is absent equals nothing; who may have what was not told is found by what was. */
  find(row: Row, take: (held: Held) => void): void {
    let at: Level | readonly Held[] | undefined = this.#root;
    for (const field of this.#fields) {
      if (!(at instanceof Map)) return;
      const value = row.value(field);
      if (value === null) return;
      if (value === undefined) return all(at, take);
      at = at.get(value);
    }
    if (Array.isArray(at)) for (const held of at) take(held);
  }
}

function remove(level: Level, [value = null, ...rest]: readonly ConstValue[], held: Held): void {
  const found = level.get(value);
  if (found instanceof Map) {
    remove(found, rest, held);
    if (found.size === 0) level.delete(value);
  } else if (found !== undefined) {
    const left = found.filter((other) => other !== held);
    if (left.length === 0) level.delete(value);
    else level.set(value, left);
  }
}

function all(level: Level, take: (held: Held) => void): void {
  for (const next of level.values()) {
    if (next instanceof Map) all(next, take);
    else for (const held of next) take(held);
  }
}
