/**
 * Lists of records beside records: one statement for each relation that is expanded, for all rows of the page at once. So how
 * many statements a request takes is decided by what it asks for, and never by how much there is.
 */
import type { ConstValue, Ir } from '@underpin/sdk/expr/ir';
import type { Ctx } from '../../ctx.ts';
import type { Texts } from '../../db/connect.ts';
import { createEmitter } from '../../expr/sql.ts';
import { shapeKey } from '../../expr/shape.ts';
import { ident } from '../../kit/sql.ts';
import { columnFields, type Collection } from '../../schema/collection.ts';
import { naming } from '../../schema/model.ts';
import type { SortKey } from '../parse/conditions.ts';
import { orderBy } from '../parse/cursor.ts';
import type { Expand, ExpandList } from '../parse/expand.ts';
import { bind, type Template, type Writing } from '../plans.ts';
import { policyFor, readOf } from '../policy.ts';
import { allHold, callerView, Columns, selectRecord, type Fetched, type Listing, type Lists, type Root, type Writer } from './select.ts';

export interface Follow {
  readonly listing: Listing;
  readonly limit: number;
  /** Its rows begin with the id of the record that they belong to. Absent: the list is empty for this caller. */
  readonly statement: Template | undefined;
  readonly write: Writer;
  readonly follows: readonly Follow[];
}

/** What the expansions of a request bring into its plan's key, and the conditions among them. */
export const shapeOfExpand = ({ name, fields, expand, list }: Expand): unknown => [
  name,
  fields?.map((field) => field.name),
  expand.map(shapeOfExpand),
  list && [list.limit, list.nothing, list.sort?.map(shapeOfKey), list.filter.map(shapeKey)],
];
export const shapeOfKey = ({ ir, descending, nullsFirst, nullable, isRank }: SortKey): unknown => [
  shapeKey(ir),
  descending,
  nullsFirst,
  nullable,
  isRank,
];
export const conditionsOf = (expand: readonly Expand[]): readonly Ir[] =>
  expand.flatMap((one) => [...(one.list?.filter ?? []), ...conditionsOf(one.expand)]);

export const writeFollows = (writing: Writing, { follows }: Columns): readonly Follow[] =>
  follows.map(({ listing, expand, list }) => writeFollow(writing, listing, expand, list));

function writeFollow(writing: Writing, listing: Listing, { target, fields, expand }: Expand, list: ExpandList): Follow {
  const { caller } = writing;
  const allowed = policyFor(caller, target, 'list');
  const mask = list.isInverse ? readOf(caller, target, list.by) : [];
  if (allowed === 'never' || mask === 'never' || list.nothing)
    return { listing, limit: list.limit, statement: undefined, write: () => 'null', follows: [] };
  const params = writing.params();
  const parents = params.sent(0, 'uuid[]');
  const root: Root = { alias: 'r', joins: [] };
  const { from, on, position } = linkSql(target, list);
  const where = [
    on,
    allHold(caller, params, root, [...allowed, ...mask]),
    allHold(caller, params, root, list.filter, { view: callerView(caller) }),
  ];
  const sorted = list.sort?.map(({ ir }) => {
    const emitter = createEmitter({ naming: naming(caller.schema), params, record: root.alias, view: callerView(caller) });
    const sql = emitter.value(ir);
    root.joins.push(emitter.joins());
    return sql;
  });
  const order = sorted === undefined ? position : orderBy(list.sort ?? [], sorted);
  const outer: Root = { alias: 'r', joins: [] };
  const columns = new Columns();
  columns.add('p.id');
  const write = selectRecord({ caller, params, columns, root: outer }, target, { fields, expand });
  const inner = columnFields(target).map((field) => `r.${ident(field.name)}`);
  const text = [
    `SELECT ${columns.sql.join(', ')} FROM unnest(${parents}) p(id) CROSS JOIN LATERAL (`,
    `SELECT ${inner.join(', ')}, row_number() OVER (ORDER BY ${order}) AS "K"`,
    `FROM ${from}${root.joins.join('')}`,
    `WHERE ${where.filter((part) => part !== 'TRUE').join(' AND ')}`,
    `ORDER BY ${order} LIMIT ${list.limit + 1}`,
    `) r${outer.joins.join('')} ORDER BY p.id, r."K"`,
  ].join('\n');
  return { listing, limit: list.limit, statement: writing.template(text, params), write, follows: writeFollows(writing, columns) };
}

/** How the records hang on `p.id`, and the order of a list that has one. */
function linkSql(
  target: Collection,
  { by, isInverse }: ExpandList,
): { readonly from: string; readonly on: string; readonly position: string } {
  const junction = by.junction;
  if (junction === undefined) return { from: `${target.table} r`, on: `r.${ident(by.name)} = p.id`, position: 'r."id"' };
  const [here, there] = isInverse ? ['target', 'source'] : ['source', 'target'];
  return {
    from: `${junction} j JOIN ${target.table} r ON r."id" = j.${there}`,
    on: `j.${here} = p.id`,
    position: isInverse ? 'r."id"' : 'j.position',
  };
}

/** Fetches the lists of all rows, and the lists of what they bring. */
export async function fetchLists(
  ctx: Ctx,
  follows: readonly Follow[],
  rows: readonly Texts[],
  constants: readonly ConstValue[],
): Promise<Lists> {
  const lists = new Map<Listing, ReadonlyMap<string, Fetched>>();
  await Promise.all(
    follows.map(async ({ listing, limit, statement, write, follows: below }) => {
      const parents = [...new Set(rows.map((row) => row[listing.parent]).filter((id) => id !== null && id !== undefined))];
      if (statement === undefined || parents.length === 0) return;
      const found = await ctx.db.texts(bind(statement, constants, [parents]));
      const inner = await fetchLists(ctx, below, found, constants);
      for (const [one, byParent] of inner) lists.set(one, byParent);
      lists.set(
        listing,
        byParent(found, limit, (row) => write(row, inner)),
      );
    }),
  );
  return lists;
}

function byParent(rows: readonly Texts[], limit: number, write: (row: Texts) => string): ReadonlyMap<string, Fetched> {
  const groups = new Map<string, Texts[]>();
  for (const row of rows) {
    const parent = row[0] ?? '';
    const group = groups.get(parent);
    if (group === undefined) groups.set(parent, [row]);
    else group.push(row);
  }
  return new Map(
    [...groups].map(([parent, group]) => [parent, { json: `[${group.slice(0, limit).map(write).join()}]`, isCut: group.length > limit }]),
  );
}
