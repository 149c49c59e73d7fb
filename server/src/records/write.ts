/**
 * A write is one statement: it locks the row, judges it, judges the row that is to be, and writes only where
 * everything holds; what it answers says which part did not.
 *
 * Worry: asking first and doing afterwards leaves a gap in which another request changes the row, and a rule that held
 * when asked does not hold when done. A transaction with several statements closes the gap and costs round trips.
 * Decision: `old` is the stored row under FOR UPDATE, `next` the row after the write, built from `old` and the values
 * sent; `judged` holds one boolean for each thing that may refuse; INSERT, UPDATE or DELETE takes its row from `judged`
 * where all are true. Why it is enough: the lock is held from the judging to the write, a concurrent writer's newer row
 * is what FOR UPDATE returns after waiting, and a statement is all or nothing without a transaction around it.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { Statement } from '../db/connect.ts';
import { ParamList } from '../expr/params.ts';
import { fail, type Failure } from '../kit/errors.ts';
import { ident } from '../kit/sql.ts';
import { columnFields, type Collection, type Field } from '../schema/collection.ts';
import { compiled } from '../schema/ddl.ts';
import { judgeFields, judgeLists, judgeReferences, judgeStored, judgeVersion, Judging } from './judge.ts';
import { listChanges, planLists, type ListWrite } from './lists.ts';
import { named } from './plan.ts';
import { guardOfNext, policyFor, refuseNever, type Caller } from './policy.ts';
import { allHold, recordJson, type Root } from './select.ts';
import { bindType, type Value, type Values } from './values.ts';

export interface WritePlan {
  readonly statement: Statement;
  readonly refusals: readonly (() => Failure)[];
}

const tablesOf = (lists: readonly ListWrite[]): ReadonlyMap<string, string> =>
  new Map(lists.map(({ field, table }) => [field.name, table]));
/** Tells the trigger of the junctions that this record's version is counted by us. */
const announce = (lists: readonly ListWrite[], id: string): string =>
  lists.length === 0 ? '' : `, set_config('underpin.writing', ${id}::text, true) AS writing`;

export function planCreate(caller: Caller, collection: Collection, id: string, { values, sent }: Values, rule: readonly Ir[]): WritePlan {
  const params = new ParamList();
  const own = params.add(id, 'uuid');
  const now = params.add(new Date(caller.ctx.now), 'timestamptz');
  const plain = values.filter(({ field }) => field.junction === undefined);
  const lists = planLists(params, values, own);
  const given = plain.map(({ field, value }) => `${params.add(value, bindType(field))} AS ${ident(field.name)}`);
  const next = [`${own} AS "id"`, ...given, `${now} AS "created"`, `${now} AS "updated"`, `1::int8 AS "version"`];
  const columns = ['id', ...plain.map(({ field }) => field.name), 'created', 'updated', 'version'].map(ident);
  const judging = new Judging(caller, params, 'n', 'n', { nextMany: tablesOf(lists) });
  judging.add(rule, () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-create', sent);
  judgeReferences(caller, judging, params, plain, sent, undefined);
  judgeLists(caller, judging, params, lists, undefined);
  const all = judging.all();
  const text = [
    `WITH n AS (${withComputed(collection, next)}),`,
    ...lists.map(({ definition }) => definition),
    `judged AS MATERIALIZED (SELECT n.*${judging.columns()}${announce(lists, 'n."id"')} FROM n${judging.root.joins.join('')}),`,
    ...lists.flatMap((list) => list.changes(all)),
    `done AS (INSERT INTO ${collection.table} AS t (${columns.join(', ')}) SELECT ${columns.map((column) => `judged.${column}`).join(', ')} FROM judged WHERE ${all} RETURNING ${returning(collection)})`,
    answer(caller, collection, params, judging, lists),
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

const isWritten = (field: Field): boolean => field.type.name !== 'computed';

/** The row that is to be, with what Postgres will compute from it, so that rules may ask for that too. */
function withComputed(collection: Collection, columns: readonly string[]): string {
  const computed = collection.fields
    .filter((field) => !isWritten(field))
    .map((field) => `(${compiled(collection.def, field.def).sql}) AS ${ident(field.name)}`);
  const row = `SELECT ${columns.join(', ')}`;
  return computed.length === 0 ? row : `SELECT b.*, ${computed.join(', ')} FROM (${row}) b`;
}

/** The new value of a column: what was sent, or what was stored and an amount. */
const newValue = (params: ParamList, { field, value, change }: Value): string =>
  change?.kind === 'inc'
    ? `(coalesce(o.${ident(field.name)}, 0) + ${params.add(value, bindType(field))})`
    : params.add(value, bindType(field));

/** `changed.f` of a column between two rows. Points have no equality in Postgres, their texts do. */
export function changedSql(field: Field | undefined, next: string, old: string): string {
  if (field === undefined) return 'FALSE';
  const side = (row: string): string => `${row}.${ident(field.name)}${field.ty.kind === 'geo' ? '::text' : ''}`;
  return `(${side(next)} IS DISTINCT FROM ${side(old)})`;
}

/** The stored-row part of a change: there, viewable, allowed, of the version asked for. `judgeOnly`: nothing is written. */
export function planUpdate(
  caller: Caller,
  collection: Collection,
  id: string,
  { values, sent }: Values,
  ifVersion: number | undefined,
  judgeOnly: boolean,
): WritePlan {
  const params = new ParamList();
  const own = params.add(id, 'uuid');
  const plain = values.filter(({ field }) => field.junction === undefined);
  const lists = planLists(params, values, own);
  const given = new Map(plain.map((value) => [value.field.name, newValue(params, value)]));
  const changed = (name: string): string => {
    const list = lists.find(({ field }) => field.name === name);
    if (list !== undefined) return listChanges(list, own);
    return given.has(name) ? changedSql(collection.byName.get(name), 'n', 'o') : 'FALSE';
  };
  const judging = new Judging(caller, params, 'o', 'n', { changed, nextMany: tablesOf(lists) });
  judgeStored(caller, collection, judging);
  const rule = policyFor(caller, collection, 'update', { sent });
  refuseNever(caller, rule);
  const guard = guardOfNext(caller, collection, sent);
  refuseNever(caller, guard);
  judging.add([...rule, ...guard], () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-update', sent);
  judgeVersion(judging, params, ifVersion);
  judgeReferences(caller, judging, params, plain, sent, 'o');
  judgeLists(caller, judging, params, lists, own);
  const next = columnFields(collection)
    .filter(isWritten)
    .map((field) => `${given.get(field.name) ?? `o.${ident(field.name)}`} AS ${ident(field.name)}`);
  const sets = [...given.keys()].map((name) => `${ident(name)} = judged.${ident(`new ${name}`)}`);
  const now = params.add(new Date(caller.ctx.now), 'timestamptz');
  const carried = [...given.keys()].map((name) => `, n.${ident(name)} AS ${ident(`new ${name}`)}`).join('');
  const all = judgeOnly ? 'FALSE' : judging.all();
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${own} FOR UPDATE),`,
    ...lists.map(({ definition }) => definition),
    `judged AS MATERIALIZED (SELECT o."id"${carried}${judging.columns()}${announce(lists, 'o."id"')} FROM o CROSS JOIN LATERAL (${withComputed(collection, next)}) n${judging.root.joins.join('')}),`,
    ...lists.flatMap((list) => list.changes(all)),
    `done AS (UPDATE ${collection.table} t SET ${[...sets, `"updated" = greatest(${now}, t."updated")`, `"version" = t."version" + 1`].join(', ')} FROM judged WHERE t."id" = judged."id" AND ${all} RETURNING ${returning(collection)})`,
    answer(caller, collection, params, judging, lists),
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

export function planDelete(caller: Caller, collection: Collection, id: string, ifVersion: number | undefined): WritePlan {
  const params = new ParamList();
  const judging = new Judging(caller, params, 'o', 'o');
  judgeStored(caller, collection, judging);
  const rule = policyFor(caller, collection, 'delete');
  refuseNever(caller, rule);
  judging.add(rule, () => fail('rule_denied'));
  judgeVersion(judging, params, ifVersion);
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${params.add(id, 'uuid')} FOR UPDATE),`,
    `judged AS MATERIALIZED (SELECT o."id"${judging.columns()} FROM o${judging.root.joins.join('')}),`,
    `done AS (DELETE FROM ${collection.table} t USING judged WHERE t."id" = judged."id" AND ${judging.all()} RETURNING t."id")`,
    `SELECT done."id" AS id, NULL AS json, NULL AS version${judging.answers()} FROM judged LEFT JOIN done ON true`,
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

const returning = (collection: Collection): string =>
  columnFields(collection)
    .map((field) => `t.${ident(field.name)}`)
    .join(', ');

/** The record as the caller may view it now, or nothing but id and version. */
function answer(caller: Caller, collection: Collection, params: ParamList, judging: Judging, lists: readonly ListWrite[]): string {
  const root: Root = { alias: 'done', joins: [], many: tablesOf(lists) };
  const seen = policyFor(caller, collection, 'view');
  const json =
    seen === 'never'
      ? 'NULL'
      : `CASE WHEN ${allHold(caller, params, root, seen)} THEN ${recordJson(caller, params, root, collection, undefined, [])}::text END`;
  return `SELECT done."id" AS id, done."version" AS version, ${json} AS json${judging.answers()} FROM judged LEFT JOIN done ON true${root.joins.join('')}`;
}
