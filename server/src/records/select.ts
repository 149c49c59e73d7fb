/**
 * How a record looks in an answer: which columns a statement asks for, and how their texts become JSON.
 *
 * Postgres sends plain columns and the JSON is put together here, by a writer that is made once with the plan: making it in SQL
 * costs Postgres five times what sending the columns does, and here it is little more than joining texts. A mask is a CASE; a
 * to-one expand is a join that is guarded by the target's `view`; lists of records are asked for by statements of their own.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { createEmitter, type CallerView, type EmitOptions } from '../expr/sql.ts';
import type { ParamList } from '../expr/params.ts';
import type { Texts } from '../db/connect.ts';
import { limits } from '../kit/limits.ts';
import { ident } from '../kit/sql.ts';
import type { Collection, Field } from '../schema/collection.ts';
import { sentAs, toJson, type ToJson } from '../schema/json-text.ts';
import { naming } from '../schema/model.ts';
import { policyFor, readOf, type Caller } from './policy.ts';

export interface Expand {
  readonly field: Field;
  readonly target: Collection;
  readonly fields?: readonly Field[];
  readonly expand: readonly Expand[];
}

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

/** The JSON text of a record, from a row of the statement. */
export type Writer = (row: Texts) => string;

/** The columns that a statement asks for, as they are added. */
export class Columns {
  readonly sql: string[] = [];
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
  fields: readonly Field[] | undefined,
  expand: readonly Expand[],
): Writer {
  const shown = visibleFields(selecting.caller, collection, fields);
  const parts = shown.map((field): Part => ({ name: `,${JSON.stringify(field.name)}:`, ...selectField(selecting, collection, field) }));
  const lists = shown.flatMap((field, index) => (field.junction === undefined ? [] : [{ name: field.name, at: parts[index]?.at ?? 0 }]));
  const inner = expand.map((one) => ({ name: JSON.stringify(one.field.name), write: selectExpanded(selecting, collection, one) }));
  return (row) => {
    let text = '';
    for (const { name, at, json } of parts) {
      const value = row[at];
      text += value === null || value === undefined ? `${name}null` : name + json(value);
    }
    if (inner.length > 0) text += `,"expand":{${inner.map(({ name, write }) => `${name}:${write(row)}`).join()}}`;
    const more = lists.length === 0 ? [] : lists.filter(({ at }) => row[at] === tooMany).map(({ name }) => name);
    if (more.length > 0) text += `,"_more":${JSON.stringify(more)}`;
    return `{${text.slice(1)}}`;
  };
}

/** The fields of an answer, in the collection's order; the id always. */
export const visibleFields = (caller: Caller, collection: Collection, asked: readonly Field[] | undefined): readonly Field[] =>
  collection.fields.filter(
    (field) => readOf(caller, collection, field) !== 'never' && (asked === undefined || field.name === 'id' || asked.includes(field)),
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

/** The record that a to-one relation leads to, `null` where there is none or it may not be viewed. */
function selectExpanded(selecting: Selecting, collection: Collection, { field, target, fields, expand }: Expand): Writer {
  const { caller, params, columns, root } = selecting;
  const seen = policyFor(caller, target, 'view');
  if (seen === 'never') return () => 'null';
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
  const write = selectRecord({ caller, params, columns, root: { alias, joins: root.joins } }, target, fields, expand);
  return (row) => (row[there] === null ? 'null' : write(row));
}
