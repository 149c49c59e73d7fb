/** What is asked and what is allowed → one statement for the page, and one for the count where it is wanted. Pure. */
import { createHash } from 'node:crypto';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ResultRow, Statement } from '../db/connect.ts';
import { ident, literal } from '../kit/sql.ts';
import { ParamList } from '../expr/params.ts';
import { createEmitter } from '../expr/sql.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { columnFields, type Collection } from '../schema/collection.ts';
import { naming } from '../schema/model.ts';
import { behind, orderBy, parseCursor, reversed, type Position } from './cursor.ts';
import type { Asked, Shape } from './parse.ts';
import type { Caller } from './policy.ts';
import { allHold, callerView, recordJson, type Root } from './select.ts';

export interface ListPlan {
  readonly asked: Asked;
  readonly position: Position | undefined;
  /** The page's statement: `json` and a text for each sort key, one row more than asked where there is one. */
  readonly rows: Statement;
  readonly count: Statement | undefined;
  /** Where the count stops, or undefined where it is whole. */
  readonly cap: number | undefined;
}

/** What a plan's statements brought. */
export interface Rows {
  readonly rows: readonly ResultRow[];
  readonly total: number | undefined;
}

/** A statement under a name of its own text, so that each connection plans it once. */
export const named = (text: string, params: ParamList): Statement => ({
  text,
  values: params.values,
  name: createHash('sha1').update(text).digest('base64url'),
});

export function planList(caller: Caller, collection: Collection, asked: Asked, allowed: readonly Ir[]): ListPlan {
  const position = asked.cursor === undefined ? undefined : parseCursor(caller.ctx, asked.identity, asked.sort.length, asked.cursor);
  const backwards = position?.direction === 'prev';
  const keys = backwards ? reversed(asked.sort) : asked.sort;
  const params = new ParamList();
  const root: Root = { alias: 'r', joins: [] };
  const where = [whereSql(caller, params, root, asked, allowed)];
  const columns = keys.map(({ ir }) => {
    const emitter = createEmitter({ naming: naming(caller.schema), params, record: root.alias, view: callerView(caller) });
    const sql = emitter.value(ir);
    root.joins.push(emitter.joins());
    return sql;
  });
  if (position !== undefined) where.push(behind(keys, columns, position, params));
  const offset = asked.page === undefined ? 0 : (asked.page - 1) * asked.limit;
  if (offset > limits.list.offset)
    throw failAt('limit_exceeded', '/page', `Pages reach to record ${limits.list.offset}; go on with the cursor`);
  // The rows first, their JSON only for those of the page: where Postgres has to sort, it would make it for every row.
  const outer: Root = { alias: 'r', joins: [] };
  const json = recordJson(caller, params, outer, collection, asked.fields, asked.expand);
  const order = (sql: readonly string[]): string => `ORDER BY ${orderBy(keys, sql)}`;
  const raw = columns.map((_column, index) => `r."K${index}"`);
  const text = [
    `SELECT ${json}::text AS json, ${raw.map((column, index) => `${column}::text AS k${index}`).join(', ')}`,
    `FROM (SELECT ${[...columnFields(collection).map((field) => `r.${ident(field.name)}`), ...columns.map((column, index) => `${column} AS "K${index}"`)].join(', ')}`,
    `FROM ${collection.table} r${root.joins.join('')}`,
    `WHERE ${where.join(' AND ')}`,
    order(columns),
    `LIMIT ${params.add(asked.limit + 1, 'int8')}${offset === 0 ? '' : ` OFFSET ${params.add(offset, 'int8')}`}) r${outer.joins.join('')}`,
    order(raw),
  ].join('\n');
  return { asked, position, rows: named(text, params), ...planCount(caller, collection, asked, allowed) };
}

function whereSql(caller: Caller, params: ParamList, root: Root, asked: Asked, allowed: readonly Ir[]): string {
  if (asked.nothing) return 'FALSE';
  return `${allHold(caller, params, root, allowed)} AND ${allHold(caller, params, root, asked.filter, { view: callerView(caller) })}`;
}

/** An estimate only where everything is counted: of rows that a rule hides, the planner's guess would tell. */
function planCount(caller: Caller, collection: Collection, asked: Asked, allowed: readonly Ir[]): Pick<ListPlan, 'count' | 'cap'> {
  const { count } = asked;
  if (count.kind === 'none') return { count: undefined, cap: undefined };
  const params = new ParamList();
  if (count.kind === 'estimated' && allowed.length === 0 && asked.filter.length === 0 && !asked.nothing) {
    // A table that was never analysed says -1; then it is counted, up to the cap.
    const text = `SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 ELSE (SELECT count(*) FROM (SELECT 1 FROM ${collection.table} LIMIT ${limits.list.countCap}) x) END AS total, true AS guess FROM pg_class c WHERE c.oid = ${literal(collection.table)}::regclass`;
    return { count: named(text, params), cap: 0 };
  }
  const cap = count.kind === 'exact' ? undefined : count.kind === 'capped' ? count.cap : limits.list.countCap;
  const root: Root = { alias: 'r', joins: [] };
  const where = whereSql(caller, params, root, asked, allowed);
  const from = `FROM ${collection.table} r${root.joins.join('')} WHERE ${where}`;
  const text =
    cap === undefined
      ? `SELECT count(*) AS total ${from}`
      : `SELECT count(*) AS total FROM (SELECT 1 ${from} LIMIT ${params.add(cap + 1, 'int8')}) x`;
  return { count: named(text, params), cap };
}

/** One record by its id; no row where there is none or it may not be viewed. */
export function planGet(caller: Caller, collection: Collection, id: string, shape: Shape, allowed: readonly Ir[]): Statement {
  const params = new ParamList();
  const root: Root = { alias: 'r', joins: [] };
  const where = `r."id" = ${params.add(id, 'uuid')} AND ${allHold(caller, params, root, allowed)}`;
  const json = recordJson(caller, params, root, collection, shape.fields, shape.expand);
  const version = collection.versioned ? 'r."version"' : 'NULL';
  return named(
    `SELECT ${json}::text AS json, ${version} AS version FROM ${collection.table} r${root.joins.join('')} WHERE ${where}`,
    params,
  );
}
