/**
 * Where the rows that an expression speaks of stand in a statement, and what of them is seen.
 *
 * To-one hops become LEFT JOINs that are shared within one scope. With a `view` (a client's filter or sort) every row that is
 * reached passes the caller's guard and every column the caller's mask; rules run without one.
 */
import type { Ir, Many, Row } from '@underpin/sdk/expr/ir';
import { ident } from '../kit/sql.ts';
import type { ParamList } from './params.ts';

/** How the names of the language become names of Postgres. */
export interface Naming {
  table(collection: string): string;
  column(collection: string, field: string): string;
  many(collection: string, field: string): Link;
}

/**
 * How a list of records hangs on a row: by a column of theirs that points back, or by a junction table in which the row
 * stands `here` and they stand `there`. `owner.field` is the field that makes the link, whose mask holds for it.
 */
export type Link =
  | { readonly kind: 'column'; readonly owner: string; readonly field: string }
  | {
      readonly kind: 'junction';
      readonly table: string;
      readonly here: 'source' | 'target';
      readonly there: 'source' | 'target';
      readonly owner: string;
      readonly field: string;
    };

/** What a caller sees of the collections that a filter touches: conditions on a root row `record`, all of which must hold. */
export interface CallerView {
  guard(collection: string): readonly Ir[];
  mask(collection: string, field: string): readonly Ir[];
}

export interface EmitOptions {
  readonly naming: Naming;
  readonly params: ParamList;
  readonly view?: CallerView;
  /** The aliases under which the roots stand in the statement. */
  readonly record?: string;
  readonly next?: string;
  /** To-many fields of the row to be: a table with the column `target`, where the junction does not hold it yet. */
  readonly nextMany?: ReadonlyMap<string, string>;
  /** The same for the stored row, once a statement has changed it. */
  readonly recordMany?: ReadonlyMap<string, string>;
  /** `changed.f` as SQL. */
  readonly changed?: (field: string) => string;
}

/** Each alias is used once in a statement: counted per parameter list, of which a statement has one. */
export const nextAlias = (params: ParamList, letter: string): string => `${letter}${params.nextAlias()}`;

interface Place {
  readonly alias: string;
  readonly joins: string[];
}

/** Conditions of ours as SQL, and the joins they need. */
export interface Conditions {
  readonly sql: string;
  readonly joins: string;
}

/** A list of records in FROM, what ties it to the row it belongs to, and where the ids stand. */
export interface Range {
  readonly from: string;
  readonly on: string;
  readonly id: string;
}

export interface Rows {
  /** Where a row stands; a hop is joined when it is first asked for. */
  place(row: Row): Place;
  /** Says where the row of a quantifier stands. */
  put(row: Row, place: Place): void;
  /** A column of a row, masked as the caller sees it. */
  column(row: Row, field: string): string;
  /** `bare`: only ids are asked for, which are compared as they are stored; whatever goes through a record goes through the caller's guard. */
  range(many: Many, alias: string, bare: boolean): Range;
  /** The LEFT JOINs behind the roots. */
  joins(): string;
}

/** `unguarded` writes conditions on a row under an alias: each was checked by itself, and none of them has a view. */
export function createRows(options: EmitOptions, unguarded: (conditions: readonly Ir[], record: string) => Conditions): Rows {
  const rootJoins: string[] = [];
  const places = new Map<number, Place>();

  const source = (collection: string, alias: string): string => {
    const guard = options.view?.guard(collection) ?? [];
    if (guard.length === 0) return `${options.naming.table(collection)} ${alias}`;
    const inner = nextAlias(options.params, 'g');
    const { sql, joins } = unguarded(guard, inner);
    return `(SELECT ${inner}.* FROM ${options.naming.table(collection)} ${inner}${joins} WHERE ${sql}) ${alias}`;
  };

  const place = (row: Row): Place => {
    const known = places.get(row.id);
    if (known) return known;
    const made = ((): Place => {
      switch (row.origin.kind) {
        case 'record':
          return { alias: options.record ?? options.next ?? 'r', joins: rootJoins };
        case 'next':
          return { alias: options.next ?? 'next', joins: rootJoins };
        case 'hop': {
          const from = place(row.origin.row);
          const alias = nextAlias(options.params, 't');
          from.joins.push(`LEFT JOIN ${source(row.collection, alias)} ON ${alias}."id" = ${column(row.origin.row, row.origin.field)}`);
          return { alias, joins: from.joins };
        }
        case 'each':
          throw new Error('a quantifier’s row is placed by its quantifier');
      }
    })();
    places.set(row.id, made);
    return made;
  };

  const column = (row: Row, field: string): string => {
    const { alias, joins } = place(row);
    const plain = `${alias}.${ident(options.naming.column(row.collection, field))}`;
    const mask = options.view?.mask(row.collection, field) ?? [];
    if (mask.length === 0) return plain;
    const condition = unguarded(mask, alias);
    joins.push(condition.joins);
    return `(CASE WHEN ${condition.sql} THEN ${plain} END)`;
  };

  const range = (many: Many, alias: string, bare: boolean): Range => {
    if (many.row === undefined || many.field === undefined) return { from: source(many.to, alias), on: 'TRUE', id: `${alias}."id"` };
    const parent = place(many.row).alias;
    const link = options.naming.many(many.row.collection, many.field);
    const masks = options.view?.mask(link.owner, link.field) ?? [];
    if (link.kind === 'column') {
      const mask = unguarded(masks, alias);
      return {
        from: `${source(many.to, alias)}${mask.joins}`,
        on: and(`${alias}.${ident(link.field)} = ${parent}."id"`, mask.sql),
        id: `${alias}."id"`,
      };
    }
    const given = many.row.origin.kind === 'next' ? options.nextMany : many.row.origin.kind === 'record' ? options.recordMany : undefined;
    const next = link.here === 'source' ? given?.get(many.field) : undefined;
    const junction = nextAlias(options.params, 'j');
    const tied = next === undefined ? `${junction}.${link.here} = ${parent}."id"` : 'TRUE';
    const id = `${junction}.${link.there}`;
    const from = `${next ?? link.table} ${junction}`;
    const needsRecord = !bare || (link.here === 'target' && options.view !== undefined);
    const joined = needsRecord ? `${from} JOIN ${source(many.to, alias)} ON ${alias}."id" = ${id}` : from;
    const mask = unguarded(masks, link.here === 'source' ? parent : alias);
    return { from: `${joined}${mask.joins}`, on: and(tied, mask.sql), id };
  };
  const and = (...conditions: readonly string[]): string =>
    conditions.filter((condition) => condition !== '' && condition !== 'TRUE').join(' AND ') || 'TRUE';

  return {
    place,
    put: (row, at) => void places.set(row.id, at),
    column,
    range,
    joins: () => rootJoins.map((join) => ` ${join}`).join(''),
  };
}
