/** What is asked and what is allowed → one statement for the page, and one for the count where it is wanted. Pure, and kept. */
import type { ConstValue, Ir } from '@underpin/sdk/expr/ir';
import type { Statement } from '../../db/connect.ts';
import { ident, literal } from '../../kit/sql.ts';
import { createEmitter } from '../../expr/sql.ts';
import type { ParamList } from '../../expr/params.ts';
import { limits } from '../../kit/limits.ts';
import { columnFields, type Collection } from '../../schema/collection.ts';
import { naming } from '../../schema/model.ts';
import { behind, orderBy, parseCursor, positionShape, reversed, type Position } from '../parse/cursor.ts';
import type { Asked, Shape } from '../parse/list.ts';
import { conditionsOf, shapeOfExpand, shapeOfKey, writeFollows, type Follow } from './follow.ts';
import { bind, planned, type Template, type Writing } from '../plans.ts';
import { policyFor, refuseNever, type Caller } from '../policy.ts';
import { matchSql, rankSql, withFound } from './search.ts';
import { allHold, callerView, Columns, selectRecord, type Root, type Writer } from './select.ts';
import { tallyOf, type Tally } from '../indexes/tally.ts';
import { wantedBy } from '../indexes/wanted.ts';

export interface ListPlan {
  readonly asked: Asked;
  readonly position: Position | undefined;
  /** The page's statement: one row more than asked where there is one. */
  readonly rows: Statement;
  readonly count: Statement | undefined;
  /** Where the count stops, or undefined where it is whole. */
  readonly cap: number | undefined;
  readonly write: Writer;
  /** Where each sort key's value stands in a row. */
  readonly keys: readonly number[];
  readonly follows: readonly Follow[];
  readonly constants: readonly ConstValue[];
  /** How often it is asked, where an index could serve it. */
  readonly tally: Tally | undefined;
}

interface ListTemplates extends Pick<ListPlan, 'cap' | 'write' | 'keys' | 'follows' | 'tally'> {
  readonly rows: Template;
  readonly count: Template | undefined;
}

/** How much of a list is passed over. */
type Skip = 'nothing' | 'some' | 'much';
const skipOf = (offset: number): Skip => (offset === 0 ? 'nothing' : offset < limits.list.deep ? 'some' : 'much');

/** What a request sends to a list's statement: the offset, what is searched for (`searchAt`), then the values of its position. */
const offsetAt = 0;
const positionAt = 2;

export function planList(caller: Caller, collection: Collection, asked: Asked): ListPlan {
  const position = asked.cursor === undefined ? undefined : parseCursor(caller.ctx, asked.identity, asked.sort.length, asked.cursor);
  const offset = asked.page === undefined ? 0 : (asked.page - 1) * asked.limit;
  const skip = skipOf(offset);
  const key = `${keyOf(collection, asked)} ${JSON.stringify([positionShape(position), skip])}`;
  const { plan, constants } = planned(caller, key, [...asked.filter, ...conditionsOf(asked.expand)], (writing) =>
    writeList(writing, collection, asked, position, skip),
  );
  const sent = [offset, asked.search?.text, ...(position?.values ?? [])];
  return {
    asked,
    position,
    ...plan,
    constants,
    rows: bind(plan.rows, constants, sent),
    count: plan.count === undefined ? undefined : bind(plan.count, constants, sent),
  };
}

const keys = new WeakMap<Asked, string>();
/** All that the writing of a list looks at, besides the filter, the position and the policy. */
function keyOf(collection: Collection, asked: Asked): string {
  const before = keys.get(asked);
  if (before !== undefined) return before;
  const { sort, limit, nothing, count, search } = asked;
  const searched = search && [search.highlight, search.near];
  const key = JSON.stringify(['list', collection.name, sort.map(shapeOfKey), limit, nothing, count, searched, shapeOfShape(asked)]);
  keys.set(asked, key);
  return key;
}

/** What is asked for of a record, as part of a key. */
const shapeOfShape = ({ fields, expand, can }: Shape): unknown => [fields?.map(({ name }) => name), expand.map(shapeOfExpand), can];

function writeList(writing: Writing, collection: Collection, asked: Asked, position: Position | undefined, skip: Skip): ListTemplates {
  const { caller } = writing;
  const params = writing.params();
  const allowed = policyFor(caller, collection, 'list');
  refuseNever(caller, allowed);
  const keys = position?.direction === 'prev' ? reversed(asked.sort) : asked.sort;
  const root: Root = { alias: 'r', joins: [] };
  const where = whereSql(caller, collection, params, root, asked, allowed);
  const sorted = keys.map(({ ir, isRank }) => {
    if (isRank) return rankSql;
    const emitter = createEmitter({ naming: naming(caller.schema), params, record: root.alias, view: callerView(caller) });
    const sql = emitter.value(ir);
    root.joins.push(emitter.joins());
    return sql;
  });
  const [here, beyond] =
    position === undefined ? ['TRUE'] : behind(keys, sorted, position, (index, type) => params.sent(positionAt + index, type));
  const columns = new Columns();
  const outer: Root = { alias: 'r', joins: [] };
  const selecting = { caller, params, columns, root: outer };
  const plain = selectRecord(selecting, collection, asked);
  const write = asked.search === undefined ? plain : withFound(selecting, collection, asked.search, `r."K${sorted.length}"`, plain);
  // The rank comes after the keys, since it is shown also where it is none of them.
  const carried = [...sorted, ...(asked.search === undefined ? [] : [rankSql])];
  // What costs something is asked for only of the rows of the page: they are found first, in a sub-select.
  const skips = skip !== 'nothing';
  const nested = columns.heavy || skips || beyond !== undefined;
  const raw = sorted.map((_sql, index) => `r."K${index}"`);
  const shown = nested ? raw : sorted;
  const at = shown.map((sql) => columns.add(sql));
  const order = (sql: readonly string[]): string => `ORDER BY ${orderBy(keys, sql)}`;
  // In the text and not bound: the planner weighs a plan for 20 rows and one for all by it.
  const most = `LIMIT ${asked.limit + 1}`;
  const range = (within: string): string[] => [
    `FROM ${collection.table} r${root.joins.join('')}`,
    `WHERE ${where} AND ${within}`,
    order(sorted),
    most,
  ];
  const rest = range(here);
  if (skips) rest.push(`OFFSET ${params.sent(offsetAt, 'int8')}`);
  const inner = [
    ...columnFields(collection).map((field) => `r.${ident(field.name)}`),
    ...carried.map((sql, index) => `${sql} AS "K${index}"`),
  ];
  const found = [`SELECT ${inner.join(', ')}`, ...rest];
  const page = skips
    ? late(collection, carried, rest)
    : beyond === undefined
      ? found
      : inTwo(
          found,
          [`SELECT ${inner.join(', ')}`, ...range(`(SELECT count(*) FROM here) <= ${asked.limit} AND ${beyond}`)],
          [order(raw), most],
        );
  const select = `SELECT ${columns.sql.join(', ')}`;
  const text = nested ? [select, 'FROM (', ...page, `) r${outer.joins.join('')}`, order(raw)] : [select, ...rest];
  const wants = asked.search === undefined && !asked.nothing ? wantedBy(caller, collection, allowed, asked) : [];
  return {
    rows: writing.template(text.join('\n'), params, skip !== 'much'),
    tally: tallyOf(caller, text.join('\n'), wants),
    write,
    keys: at,
    follows: writeFollows(writing, columns),
    ...writeCount(writing, collection, asked, allowed),
  };
}

/** Far into a list, only ids and keys are sorted and passed over; the rows are looked up for those of the page. */
function late(collection: Collection, carried: readonly string[], rest: readonly string[]): readonly string[] {
  const keys = carried.map((sql, index) => `${sql} AS "K${index}"`);
  const own = columnFields(collection).map((field) => `t.${ident(field.name)}`);
  return [
    `SELECT ${[...own, ...carried.map((_sql, index) => `k."K${index}"`)].join(', ')}`,
    `FROM (SELECT ${['r."id"', ...keys].join(', ')}`,
    ...rest,
    `) k JOIN ${collection.table} t ON t."id" = k."id"`,
  ];
}

/** A page of two ranges (`behind`). The second is looked at only where the first does not fill the page. */
const inTwo = (here: readonly string[], beyond: readonly string[], rest: readonly string[]): readonly string[] => [
  'WITH here AS MATERIALIZED (',
  ...here,
  ')',
  'SELECT * FROM (SELECT * FROM here UNION ALL (',
  ...beyond,
  ')) r',
  ...rest,
];

function whereSql(caller: Caller, collection: Collection, params: ParamList, root: Root, asked: Asked, allowed: readonly Ir[]): string {
  const found = asked.search && matchSql(caller, collection, params, asked.search);
  if (found !== undefined) root.joins.push(found.join);
  if (asked.nothing) return 'FALSE';
  return `${found === undefined ? '' : `${found.match} AND `}${allHold(caller, params, root, allowed)} AND ${allHold(caller, params, root, asked.filter, { view: callerView(caller) })}`;
}

/** An estimate only where everything is counted: of rows that a rule hides, the planner's guess would tell. */
function writeCount(writing: Writing, collection: Collection, asked: Asked, allowed: readonly Ir[]): Pick<ListTemplates, 'count' | 'cap'> {
  const { count } = asked;
  if (count.kind === 'none') return { count: undefined, cap: undefined };
  const { caller } = writing;
  const params = writing.params();
  if (count.kind === 'estimated' && allowed.length === 0 && asked.filter.length === 0 && !asked.nothing && asked.search === undefined) {
    // A table that was never analysed says -1; then it is counted, up to the cap.
    const text = `SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 ELSE (SELECT count(*) FROM (SELECT 1 FROM ${collection.table} LIMIT ${limits.list.countCap}) x) END AS total, true AS guess FROM pg_class c WHERE c.oid = ${literal(collection.table)}::regclass`;
    return { count: writing.template(text, params), cap: 0 };
  }
  const cap = count.kind === 'exact' ? undefined : count.kind === 'capped' ? count.cap : limits.list.countCap;
  const root: Root = { alias: 'r', joins: [] };
  const where = whereSql(caller, collection, params, root, asked, allowed);
  const from = `FROM ${collection.table} r${root.joins.join('')} WHERE ${where}`;
  const text =
    cap === undefined ? `SELECT count(*) AS total ${from}` : `SELECT count(*) AS total FROM (SELECT 1 ${from} LIMIT ${cap + 1}) x`;
  return { count: writing.template(text, params), cap };
}

export interface GetPlan {
  readonly row: Statement;
  readonly write: Writer;
  readonly follows: readonly Follow[];
  readonly constants: readonly ConstValue[];
  /** Where the version stands in a row, if there is one. */
  readonly version: number | undefined;
}

/** One record by its id; no row where there is none or it may not be viewed. */
export function planGet(caller: Caller, collection: Collection, id: string, shape: Shape): GetPlan {
  const key = JSON.stringify(['get', collection.name, shapeOfShape(shape)]);
  const { plan, constants } = planned(caller, key, conditionsOf(shape.expand), (writing) => writeGet(writing, collection, shape));
  return { ...plan, constants, row: bind(plan.row, constants, [id]) };
}

function writeGet(writing: Writing, collection: Collection, shape: Shape): Omit<GetPlan, 'row' | 'constants'> & { readonly row: Template } {
  const { caller } = writing;
  const params = writing.params();
  const allowed = policyFor(caller, collection, 'view');
  refuseNever(caller, allowed);
  const root: Root = { alias: 'r', joins: [] };
  const columns = new Columns();
  const where = `r."id" = ${params.sent(0, 'uuid')} AND ${allHold(caller, params, root, allowed)}`;
  const write = selectRecord({ caller, params, columns, root }, collection, shape);
  const version = collection.versioned ? columns.add('r."version"') : undefined;
  const text = `SELECT ${columns.sql.join(', ')} FROM ${collection.table} r${root.joins.join('')} WHERE ${where}`;
  return { row: writing.template(text, params), write, version, follows: writeFollows(writing, columns) };
}
