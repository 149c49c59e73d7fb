/**
 * Which indexes could serve a list: what its conditions compare with something that is fixed, and the order that is asked for.
 *
 * Only what Postgres would look up in an index of plain columns counts: a column by itself against a value of its own type. What is
 * negated, masked, converted, or read of another record through a relation does not; whether an index is worth it is not decided here.
 */
import type { Ir, Row } from '@underpin/sdk/expr/ir';
import type { Collection } from '../../schema/collection.ts';
import type { SortKey } from '../parse/conditions.ts';
import { readOf, type Caller } from '../policy.ts';

export interface Wanted {
  readonly collection: string;
  /** Fields that have one value, in any order. */
  readonly equal: readonly string[];
  /** What comes behind them: one field that has several values, or those that it is sorted by, `-field` descending. */
  readonly then: readonly string[];
  /** Whether records come out of it in the order that is asked for, so that only those of the page are read. */
  readonly ordered: boolean;
}

interface Asked {
  readonly filter: readonly Ir[];
  readonly sort: readonly SortKey[];
}
interface Narrowing {
  readonly field: string;
  readonly isEqual: boolean;
}

/** `allowed` is what the rules ask of each record; a filter sees columns behind the caller's masks, rules see them as they are. */
export function wantedBy(caller: Caller, collection: Collection, allowed: readonly Ir[], asked: Asked): readonly Wanted[] {
  const conditions = conjuncts([...allowed, ...asked.filter]);
  const masked = conjuncts(asked.filter);
  const isOpen = (ir: Ir) => (row: Row, field: string) => {
    const of = caller.schema.byName.get(row.collection);
    const found = of?.byName.get(field);
    if (of === undefined || found === undefined || unindexable.has(found.ty.kind)) return false;
    return !masked.includes(ir) || readOf(caller, of, found).length === 0;
  };
  const isRoot = (row: Row): boolean => row.origin.kind === 'record';
  const own = conditions.flatMap((ir) => narrowing(ir, isRoot, isOpen(ir)) ?? []);
  const order = orderOf(caller, collection, asked.sort);
  const found = own.length > 0 || conditions.length === 0 ? [combined(collection.name, own, order)] : [];
  const arms =
    own.length > 0 ? [] : conditions.flatMap((ir) => (ir.op === 'or' ? eachArm(collection.name, ir.of, isRoot, isOpen(ir)) : []));
  const inside = conditions.flatMap((ir) => [...positive(ir)].flatMap((part) => within(part, isOpen(ir))));
  return [...found, ...arms, ...inside].filter(({ equal, then }) => equal.length + then.length > 0);
}

type IsOpen = (row: Row, field: string) => boolean;
type IsOwn = (row: Row) => boolean;

const unindexable = new Set(['json', 'geo', 'list']);

const conjuncts = (all: readonly Ir[]): readonly Ir[] => all.flatMap((ir) => (ir.op === 'and' ? conjuncts(ir.of) : [ir]));

/** What is asked for as it is, not of its contrary. */
function* positive(ir: Ir): Generator<Ir> {
  yield ir;
  if (ir.op === 'and' || ir.op === 'or') for (const part of ir.of) yield* positive(part);
}

/** The record from which relations lead to this one. */
const beginning = (row: Row): Row => (row.origin.kind === 'hop' ? beginning(row.origin.row) : row);

/** What an index on one field could narrow, if it is asked for alone. */
function narrowing(ir: Ir, isOwn: IsOwn, isOpen: IsOpen): Narrowing | undefined {
  const column = (side: Ir): string | undefined =>
    side.op === 'column' && isOwn(side.row) && isOpen(side.row, side.field) ? side.field : undefined;
  // What a quantifier stands in is fixed each time that it looks: a record there, and what that one's relations lead to.
  const isFixed = (side: Ir): boolean => side.op === 'const' || (side.op === 'column' && !isOwn(beginning(side.row)));
  const by = (side: Ir, isEqual: boolean): Narrowing | undefined => {
    const field = column(side);
    return field === undefined ? undefined : { field, isEqual };
  };
  switch (ir.op) {
    case 'compare': {
      const side = isFixed(ir.right) ? ir.left : isFixed(ir.left) ? ir.right : undefined;
      return side === undefined || ir.as !== side.ty.kind ? undefined : by(side, ir.how === 'eq');
    }
    case 'in':
      return ir.list.op === 'const' && ir.as === ir.value.ty.kind ? by(ir.value, false) : undefined;
    case 'string':
      return ir.how === 'startsWith' && ir.part.op === 'const' ? by(ir.value, false) : undefined;
    case 'absent':
      return by(ir.of, true);
    case 'column':
      return ir.ty.kind === 'bool' ? by(ir, true) : undefined;
    default:
      return undefined;
  }
}

/** The fields of an order with `-` where it descends; undefined where no plain index has it. */
function orderOf(caller: Caller, collection: Collection, sort: readonly SortKey[]): readonly string[] | undefined {
  // The id at the end makes the order one; few records that agree in all else are sorted by it quickly.
  const keys = sort.filter(({ ir }) => ir.op !== 'column' || ir.field !== 'id');
  const names = keys.map(({ ir, descending, nullsFirst, nullable }) => {
    const field = ir.op === 'column' && ir.row.origin.kind === 'record' ? collection.byName.get(ir.field) : undefined;
    const isPlain = field !== undefined && readOf(caller, collection, field).length === 0 && (descending === nullsFirst || !nullable);
    return isPlain ? `${descending ? '-' : ''}${field.name}` : undefined;
  });
  const plain = names.filter((name) => name !== undefined);
  return plain.length === names.length ? plain : undefined;
}

const plainName = (name: string): string => name.replace(/^-/, '');

/** One index for all that is asked of a record together: first what has one value, then the order or what has several. */
function combined(collection: string, all: readonly Narrowing[], order: readonly string[] | undefined): Wanted {
  const equal = [...new Set(all.filter(({ isEqual }) => isEqual).map(({ field }) => field))].sort();
  const range = all.find(({ field, isEqual }) => !isEqual && !equal.includes(field))?.field;
  const sorted = order?.filter((name) => !equal.includes(plainName(name)));
  const first = sorted?.[0];
  const ordered = sorted !== undefined && (range === undefined || (first !== undefined && plainName(first) === range));
  return { collection, equal, then: ordered ? sorted : range === undefined ? [] : [range], ordered };
}

/** The arms of an `or` are looked up one by one, so each has an index or all records are read; lists of records have theirs. */
function eachArm(collection: string, arms: readonly Ir[], isOwn: IsOwn, isOpen: IsOpen): readonly Wanted[] {
  const found = arms.map((arm) => {
    if (arm.op === 'member') return [];
    const own = conjuncts([arm]).flatMap((ir) => narrowing(ir, isOwn, isOpen) ?? []);
    return own.length === 0 ? undefined : [combined(collection, own, undefined)];
  });
  return found.includes(undefined) ? [] : found.flatMap((wanted) => wanted ?? []);
}

/** A whole collection that is looked into (`collections.members.exists(m, …)`). Lists that hang on a record have their index. */
function within(ir: Ir, isOpen: IsOpen): readonly Wanted[] {
  if (ir.op !== 'quantifier' || ir.how === 'all' || !('many' in ir.over) || ir.over.many.row !== undefined) return [];
  const { row, many } = ir.over;
  const own = conjuncts([ir.body]).flatMap((part) => narrowing(part, ({ id }) => id === row.id, isOpen) ?? []);
  return own.length === 0 ? [] : [combined(many.to, own, undefined)];
}
