/**
 * How a record looks in an answer: which columns a statement asks for, and how their texts become JSON.
 *
 * Postgres sends plain columns and the JSON is put together here, by a writer that is made once with the plan: making it in SQL
 * costs Postgres five times what sending the columns does, and here it is little more than joining texts. A mask is a CASE; a
 * to-one expand is a join that is guarded by the target's `view`; lists of records are asked for by statements of their own.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { CallerView, EmitOptions } from '../../expr/rows.ts';
import { createEmitter } from '../../expr/sql.ts';
import type { ParamList } from '../../expr/params.ts';
import type { Texts } from '../../db/connect.ts';
import { limits } from '../../kit/limits.ts';
import { ident } from '../../kit/sql.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { sentAs, toJson, type ToJson } from '../../schema/json-text.ts';
import { naming } from '../../schema/model.ts';
import type { Ability } from '../parse/list.ts';
import type { Expand, ExpandList } from '../parse/expand.ts';
import { policyFor, readOf, type Caller } from '../policy.ts';

/** The root of a statement under its alias: conditions and values are emitted on it, their joins are collected. */
export interface Root {
  readonly alias: string;
  readonly joins: string[];
  /** To-many fields that the statement has just written: tables that stand for their junction. */
  readonly many?: ReadonlyMap<string, string>;
}

/** SQL that is TRUE exactly where all conditions hold for the row; joins go to the root. */
export function allHold(
  caller: Caller,
  params: ParamList,
  root: Root,
  conditions: readonly Ir[],
  more: Pick<EmitOptions, 'view' | 'next' | 'nextMany' | 'changed'> = {},
): string {
  if (conditions.length === 0) return 'TRUE';
  return conditions
    .map((condition) => {
      const emitter = createEmitter({
        naming: naming(caller.schema),
        params,
        record: root.alias,
        ...(root.many ? { recordMany: root.many } : {}),
        ...more,
      });
      const sql = emitter.holds(condition);
      root.joins.push(emitter.joins());
      return sql;
    })
    .join(' AND ');
}

/** The guards and masks with which a client's own filter and sort are judged. */
export const callerView = (caller: Caller): CallerView => ({
  guard: (name) => {
    const collection = caller.schema.byName.get(name);
    const condition = collection === undefined ? 'never' : policyFor(caller, collection, 'list');
    return condition === 'never' ? nothing : condition;
  },
  mask: (name, field) => {
    const collection = caller.schema.byName.get(name);
    const found = collection?.byName.get(field);
    const condition = collection === undefined || found === undefined ? 'never' : readOf(caller, collection, found);
    return condition === 'never' ? nothing : condition;
  },
});

const nothing: readonly Ir[] = [{ op: 'const', value: false, ty: { kind: 'bool' }, start: 0, end: 0 }];

/** The JSON text of a record, from a row of the statement and the lists that were fetched for the rows. */
export type Writer = (row: Texts, lists: Lists) => string;

/** A list of records beside a record: fetched for all rows at once, by a statement of its own (follow.ts). */
export interface Listing {
  readonly name: string;
  /** Where the id of the record whose list it is stands in a row; null where it has none to show. */
  readonly parent: number;
}
/** What was fetched: the records of each list as JSON, by the id of the record that it belongs to. */
export type Lists = ReadonlyMap<Listing, ReadonlyMap<string, Fetched>>;
export interface Fetched {
  readonly json: string;
  readonly isCut: boolean;
}
export const noLists: Lists = new Map();

/** The columns that a statement asks for, as they are added. */
export class Columns {
  readonly sql: string[] = [];
  /** The lists that are to be fetched besides. */
  readonly follows: { readonly listing: Listing; readonly expand: Expand; readonly list: ExpandList }[] = [];
  /** Whether any costs more than its place: then the rows are found first, and these only for those of the page. */
  heavy = false;

  /** The place of a column; one that is asked for twice stands there once. */
  add(sql: string): number {
    const before = this.sql.indexOf(sql);
    return before < 0 ? this.sql.push(sql) - 1 : before;
  }
}

/** What is written into: the statement's parameters, its columns, and the row that the record is. */
export interface Selecting {
  readonly caller: Caller;
  readonly params: ParamList;
  readonly columns: Columns;
  readonly root: Root;
}

interface Part {
  /** `,"title":` */
  readonly name: string;
  readonly at: number;
  readonly json: ToJson;
}

/** A record of a collection. `fields` absent: all that the caller sees. */
export function selectRecord(
  selecting: Selecting,
  collection: Collection,
  {
    fields,
    expand,
    can = [],
  }: { readonly fields?: readonly Field[] | undefined; readonly expand: readonly Expand[]; readonly can?: readonly Ability[] },
): Writer {
  const shown = visibleFields(selecting.caller, collection, fields);
  const parts = shown.map((field): Part => ({ name: `,${JSON.stringify(field.name)}:`, ...selectField(selecting, collection, field) }));
  const own = shown.flatMap((field, index) => (field.junction === undefined ? [] : [{ name: field.name, at: parts[index]?.at ?? 0 }]));
  const inner = expand.map((one) => selectExpanded(selecting, collection, one));
  const abilities = can.map((ability) => ({ name: ability, at: selectAbility(selecting, collection, ability) }));
  return (row, lists) => {
    let text = '';
    for (const { name, at, json } of parts) {
      const value = row[at];
      text += value === null || value === undefined ? `${name}null` : name + json(value);
    }
    if (inner.length > 0) text += `,"expand":{${inner.map((write) => write(row, lists)).join()}}`;
    if (abilities.length > 0) text += `,"_can":{${abilities.map(({ name, at }) => `"${name}":${String(row[at] === 't')}`).join()}}`;
    const more = own.length + inner.length === 0 ? [] : tooLong(row, lists, own, inner);
    if (more.length > 0) text += `,"_more":${JSON.stringify(more)}`;
    return `{${text.slice(1)}}`;
  };
}

/** `"author":{…}` of one relation, and whether its list was cut. */
interface ExpandWriter {
  (row: Texts, lists: Lists): string;
  readonly listing?: Listing;
}

/** The lists of which not all is shown. */
function tooLong(
  row: Texts,
  lists: Lists,
  own: readonly { readonly name: string; readonly at: number }[],
  inner: readonly ExpandWriter[],
): string[] {
  const ids = own.filter(({ at }) => row[at] === tooMany).map(({ name }) => name);
  const records = inner.flatMap(({ listing }) =>
    listing !== undefined && fetched(lists, listing, row)?.isCut === true ? [listing.name] : [],
  );
  return [...new Set([...ids, ...records])];
}

const fetched = (lists: Lists, listing: Listing, row: Texts): Fetched | undefined => lists.get(listing)?.get(row[listing.parent] ?? '');

/** Whether the caller may do it to the row as it stands: nothing sent, and nothing changed. */
function selectAbility({ caller, params, columns, root }: Selecting, collection: Collection, ability: Ability): number {
  const condition = policyFor(caller, collection, ability, ability === 'update' ? { sent: new Set<string>() } : {});
  if (condition === 'never') return columns.add('FALSE');
  if (condition.length > 0) columns.heavy = true;
  return columns.add(`((${allHold(caller, params, root, condition, { next: root.alias })}) IS TRUE)`);
}

/** The fields of an answer, in the collection's order; the id always. */
export const visibleFields = (caller: Caller, collection: Collection, asked: readonly Field[] | undefined): readonly Field[] =>
  collection.fields.filter(
    (field) => (asked === undefined || field.name === 'id' || asked.includes(field)) && readOf(caller, collection, field) !== 'never',
  );

/** What stands for a list that is too long to be shown. */
const tooMany = 'null';

function selectField(selecting: Selecting, collection: Collection, field: Field): { readonly at: number; readonly json: ToJson } {
  const { columns, root } = selecting;
  const { column, mask } = maskedColumn(selecting, collection, field);
  const sent = field.junction === undefined ? sentAs(field.ty, column) : listSql(root, field, field.junction);
  if (field.junction !== undefined || mask !== undefined) columns.heavy = true;
  return { at: columns.add(mask === undefined ? sent : `CASE WHEN ${mask} THEN ${sent} END`), json: toJson(field.ty) };
}

/** The column as it is stored, and the condition under which the caller sees it. */
function maskedColumn(
  { caller, params, root }: Selecting,
  collection: Collection,
  field: Field,
): { readonly column: string; readonly mask: string | undefined } {
  const condition = readOf(caller, collection, field);
  if (condition === 'never') return { column: 'NULL', mask: undefined };
  return {
    column: `${root.alias}.${ident(field.name)}`,
    mask: condition.length === 0 ? undefined : allHold(caller, params, root, condition),
  };
}

/** The ids of a list in their order; one target more than is shown is counted, to know that there are more. */
function listSql(root: Root, field: Field, junction: string): string {
  const written = root.many?.get(field.name);
  const from = written === undefined ? `${junction} j WHERE j.source = ${root.alias}."id"` : `${written} j`;
  const first = `SELECT j.target, j.position FROM ${from} ORDER BY j.position LIMIT ${limits.many + 1}`;
  return `(SELECT CASE WHEN count(*) <= ${limits.many} THEN coalesce(json_agg(y.target ORDER BY y.position), '[]') ELSE '${tooMany}' END FROM (${first}) y)`;
}

function selectExpanded(selecting: Selecting, collection: Collection, expand: Expand): ExpandWriter {
  const name = JSON.stringify(expand.name);
  if (expand.list !== undefined) {
    const listing = { name: expand.name, parent: parentOf(selecting, collection, expand.list) };
    selecting.columns.follows.push({ listing, expand, list: expand.list });
    return Object.assign((row: Texts, lists: Lists) => `${name}:${fetched(lists, listing, row)?.json ?? '[]'}`, { listing });
  }
  const write = selectOne(selecting, collection, expand);
  return (row, lists) => `${name}:${write(row, lists)}`;
}

/** The id of the record whose list it is, where the caller may see that it has one. */
function parentOf(selecting: Selecting, collection: Collection, { by, isInverse }: ExpandList): number {
  const { columns, root } = selecting;
  const id = `${root.alias}."id"`;
  const mask = isInverse ? undefined : maskedColumn(selecting, collection, by).mask;
  if (mask !== undefined) columns.heavy = true;
  return columns.add(mask === undefined ? id : `CASE WHEN ${mask} THEN ${id} END`);
}

/** The record that a to-one relation leads to, `null` where there is none or it may not be viewed. */
function selectOne(selecting: Selecting, collection: Collection, { field, target, fields, expand }: Expand): Writer {
  const { caller, params, columns, root } = selecting;
  const seen = policyFor(caller, target, 'view');
  if (seen === 'never' || field === undefined) return () => 'null';
  columns.heavy = true;
  const { column, mask } = maskedColumn(selecting, collection, field);
  const alias = `x${params.nextAlias()}`;
  // What the target's rule goes through stands within the join: it decides whether there is a target at all.
  const guarded: Root = { alias, joins: [] };
  const visible = allHold(caller, params, guarded, seen);
  const reference = mask === undefined ? column : `CASE WHEN ${mask} THEN ${column} END`;
  const table = guarded.joins.join('') === '' ? `${target.table} ${alias}` : `(${target.table} ${alias}${guarded.joins.join('')})`;
  root.joins.push(` LEFT JOIN ${table} ON ${alias}."id" = ${reference}${visible === 'TRUE' ? '' : ` AND ${visible}`}`);
  const there = columns.add(`${alias}."id"`);
  const write = selectRecord({ caller, params, columns, root: { alias, joins: root.joins } }, target, { fields, expand });
  return (row, lists) => (row[there] === null ? 'null' : write(row, lists));
}
