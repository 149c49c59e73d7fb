/**
 * How an evaluation gets from a row to others: roots, hops and lists, each through the caller's view where there is one.
 * The same guards and masks in the same places as the SQL back end puts them (server/src/expr/sql.ts).
 */
import type { Stored } from './findings.ts';
import type { ConstValue, Ir, Many, Row } from './ir.ts';
import { isList } from './scalar.ts';
import { fieldOf } from './world.ts';
import type { Frame, MemoryView } from './world.ts';

export type Read<T> = (at: Frame) => T;
/** Makes the test of one condition; given by evaluate.ts, which this file is part of. */
type Compile = (ir: Ir) => Read<boolean>;
type Test = (row: Stored, at: Frame) => boolean;

export interface Reach {
  row(row: Row): Read<Stored | null>;
  column(row: Row, field: string): Read<ConstValue>;
  /** The records of a list, for what looks into them. */
  records(many: Many): Read<readonly Stored[]>;
  /** Their ids, which are compared and counted as they are stored. */
  ids(many: Many): Read<readonly string[]>;
}

export function createReach(view: MemoryView | undefined, compile: Compile): Reach {
  /** Conditions of ours on a row: each was checked by itself and is judged on that row alone. None: always. */
  const allHold = (conditions: readonly Ir[]): Test | undefined => {
    if (conditions.length === 0) return undefined;
    const tests = conditions.map(compile);
    return (record, { subject: { world }, missing }) => {
      const inner: Frame = { subject: { record, world }, rows: [], elements: [], missing };
      return tests.every((test) => test(inner));
    };
  };

  const guards = new Map<string, Test | undefined>();
  const guardOf = (collection: string): Test | undefined => {
    if (!guards.has(collection)) guards.set(collection, allHold(view?.guard(collection) ?? []));
    return guards.get(collection);
  };
  const maskOf = (collection: string, field: string): Test | undefined => allHold(view?.mask(collection, field) ?? []);

  /** A record by its id, if it is there and the caller may see it. */
  const fetch = (collection: string): ((id: string, at: Frame) => Stored | null) => {
    const guard = guardOf(collection);
    return (id, at) => {
      const found = at.subject.world.record(collection, id);
      if (found === undefined) at.missing.push({ kind: 'record', collection, id });
      return found && (guard === undefined || guard(found, at)) ? found : null;
    };
  };

  const row = (of: Row): Read<Stored | null> => {
    const { origin } = of;
    switch (origin.kind) {
      case 'record':
        return (at) => at.subject.record;
      case 'next':
        return (at) => at.subject.next ?? null;
      case 'each':
        return (at) => at.rows[of.id] ?? null;
      case 'hop': {
        const id = column(origin.row, origin.field);
        const target = fetch(of.collection);
        return (at) => {
          const value = id(at);
          return typeof value === 'string' ? target(value, at) : null;
        };
      }
    }
  };

  const column = (of: Row, field: string): Read<ConstValue> => {
    const read = row(of);
    const mask = maskOf(of.collection, field);
    return (at) => {
      const found = read(at);
      return found === null || mask?.(found, at) === false ? null : fieldOf(found, field);
    };
  };

  const stored = (collection: string, field: string, of: Stored, at: Frame): readonly string[] => {
    const carried = fieldOf(of, field);
    if (isList(carried)) return carried.filter((id) => typeof id === 'string');
    const id = fieldOf(of, 'id');
    if (typeof id !== 'string') return [];
    const found = at.subject.world.list(collection, field, id);
    if (found === undefined) at.missing.push({ kind: 'list', collection, field, id });
    return found ?? [];
  };

  /** The ids of a list as they are stored, none where its field is masked; `back`: it hangs on a field of theirs. */
  const bare = (many: Many): { read: Read<readonly string[]>; back: { collection: string; field: string } | undefined } => {
    const { row: parent, field } = many;
    if (parent === undefined || field === undefined) {
      return { read: (at) => everything(many.to, at), back: undefined };
    }
    const back = view?.back(parent.collection, field);
    const mask = back === undefined ? maskOf(parent.collection, field) : undefined;
    const from = row(parent);
    const read: Read<readonly string[]> = (at) => {
      const found = from(at);
      return found === null || mask?.(found, at) === false ? [] : stored(parent.collection, field, found, at);
    };
    return { read, back };
  };
  const everything = (collection: string, at: Frame): readonly string[] => {
    const found = at.subject.world.all(collection);
    if (found === undefined) at.missing.push({ kind: 'all', collection });
    return found ?? [];
  };

  const records = (many: Many): Read<readonly Stored[]> => {
    const { read, back } = bare(many);
    const target = fetch(many.to);
    const mask = back && maskOf(back.collection, back.field);
    return (at) =>
      read(at).flatMap((id) => {
        const found = target(id, at);
        return found === null || mask?.(found, at) === false ? [] : [found];
      });
  };

  const ids = (many: Many): Read<readonly string[]> => {
    const { read, back } = bare(many);
    const isWhole = many.row === undefined;
    if (view === undefined || (back === undefined && !isWhole)) return read;
    const through = records(many);
    return (at) => through(at).map((record) => String(fieldOf(record, 'id')));
  };

  return { row, column, records, ids };
}
