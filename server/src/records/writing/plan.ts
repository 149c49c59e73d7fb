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
 *
 * Most writes are allowed, and the judging costs more than the write. So where nothing stands in the way of it (no list is
 * written, and no judgement needs a join or the row before and after at once), a write begins with the plain statement whose
 * WHERE asks the same (plain-write.ts); only where that wrote nothing is this one run, which says why, or writes after all.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { manyOf, nodesOf, rowOf } from '@underpin/sdk/expr/walk';
import type { Statement } from '../../db/connect.ts';
import type { ParamList } from '../../expr/params.ts';
import { fail, type Failure } from '../../kit/errors.ts';
import { ident } from '../../kit/sql.ts';
import { columnFields, type Collection, type Field } from '../../schema/collection.ts';
import { compiled } from '../../schema/ddl.ts';
import { freeIds, isFree, judgeFields, judgeLists, judgeReferences, judgeStored, judgeVersion, Judging } from './judge.ts';
import { listChanges, planLists, type ListWrite, type Sent } from './lists.ts';
import { plainDelete, plainInsert, plainUpdate, speaksOfNext, type PlainWrite } from './plain.ts';
import { bind, planned, type Planned, type Template, type Writing } from '../plans.ts';
import { guardOfNext, policyFor, readOf, refuseNever, type Caller } from '../policy.ts';
import { Columns, type Root } from '../reading/select.ts';
import { bindType, type Value, type Values } from '../parse/values.ts';
import { selectWritten, type Answer } from './written.ts';

export interface WritePlan {
  /** Run first where there is one. */
  readonly plain: { readonly statement: Statement; readonly answer: Answer } | undefined;
  readonly statement: Statement;
  readonly answer: Answer;
  readonly refusals: readonly (() => Failure)[];
}
interface WriteTemplate extends Omit<WritePlan, 'statement' | 'plain'> {
  readonly plain: PlainWrite | undefined;
  readonly statement: Template;
}

const bound = ({ plan, constants }: Planned<WriteTemplate>, sent: readonly unknown[]): WritePlan => ({
  ...plan,
  plain: plan.plain && { ...plan.plain, statement: bind(plan.plain.statement, constants, sent) },
  // Bound only when it is run.
  get statement() {
    return bind(plan.statement, constants, sent);
  },
});

/** What a write sends, in this order; each value takes three places: itself, or what is added; what is removed; what is free. */
const at = { id: 0, now: 1, version: 2, values: 3 } as const;
const perValue = 3;

function sentOf(caller: Caller, id: string, ifVersion: number | undefined, values: readonly Value[]): readonly unknown[] {
  const each = values.flatMap(({ field, value, change }) => {
    if (field.junction === undefined) return [value, null, null];
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    const free = target === undefined ? [] : freeIds(caller, target);
    return change?.kind === 'list' ? [change.add, change.remove, free] : [value, null, free];
  });
  return [id, new Date(caller.ctx.now), ifVersion, ...each];
}
const placed = (values: readonly Value[]): readonly Sent[] => values.map((value, index) => ({ value, at: at.values + perValue * index }));

/** All that the writing of a plan looks at, besides the policy. */
function keyOf(
  kind: string,
  caller: Caller,
  collection: Collection,
  { values, sent }: Pick<Values, 'values' | 'sent'>,
  more: unknown,
): string {
  const { actor } = caller.ctx;
  const each = values.map(({ field, value, change }) => {
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    const own = target !== undefined && isFree(caller, target, value);
    return [field.name, change?.kind, value === null, own];
  });
  return JSON.stringify([kind, collection.name, actor.kind === 'account' ? actor.collection : actor.kind, each, [...sent], more]);
}

const tablesOf = (lists: readonly ListWrite[]): ReadonlyMap<string, string> =>
  new Map(lists.map(({ field, table }) => [field.name, table]));
/** Tells the trigger of the junctions that this record's version is counted by us. */
const announce = (lists: readonly ListWrite[], id: string): string =>
  lists.length === 0 ? '' : `, set_config('underpin.writing', ${id}::text, true) AS writing`;

export function planCreate(caller: Caller, collection: Collection, id: string, values: Values): WritePlan {
  const key = keyOf('create', caller, collection, values, undefined);
  const plan = planned(caller, key, [], (writing) => writeCreate(writing, collection, values));
  return bound(plan, sentOf(caller, id, undefined, values.values));
}

function writeCreate(writing: Writing, collection: Collection, values: Values): WriteTemplate {
  const judged = judgeCreate(writing, collection, values);
  const { params, lists, judging, next, columns } = judged;
  const all = judging.all();
  const answer = writeAnswer(writing, collection, params, judging, lists);
  const text = [
    `WITH n AS (${next}),`,
    ...lists.map(({ definition }) => definition),
    `judged AS MATERIALIZED (SELECT n.*${judging.columns()}${announce(lists, 'n."id"')} FROM n${judging.root.joins.join('')}),`,
    ...lists.flatMap((list) => list.changes(all)),
    `done AS (INSERT INTO ${collection.table} AS t (${columns.join(', ')}) SELECT ${columns.map((column) => `judged.${column}`).join(', ')} FROM judged WHERE ${all} RETURNING ${returning(collection)})`,
    answer.sql,
  ].join('\n');
  const again = lists.length === 0 ? judgeCreate(writing, collection, values) : undefined;
  return {
    plain: again && plainInsert(writing, collection, again.params, again),
    statement: writing.template(text, params),
    answer: answer.answer,
    refusals: judging.list.map(({ refusal }) => refusal),
  };
}

/** Where the values of a new row come from: each from a parameter of its own, or for many rows from lists of them. */
interface Source {
  readonly id: string;
  readonly value: (place: Sent) => string;
  readonly from: string;
}
const oneRow = (params: ParamList): Source => ({
  id: params.sent(at.id, 'uuid'),
  value: ({ value: { field }, at: index }) => params.sent(index, bindType(field)),
  from: '',
});
function manyRows(params: ParamList, places: readonly Sent[]): Source {
  const lists = [
    params.sent(at.id, 'uuid[]'),
    ...places.map(({ value: { field }, at: index }) => params.sent(index, `${bindType(field)}[]`)),
  ];
  const names = lists.map((_list, index) => `c${index}`);
  return {
    id: 'u.c0',
    value: (place) => `u.c${places.indexOf(place) + 1}`,
    from: ` FROM unnest(${lists.join(', ')}) AS u(${names.join(', ')})`,
  };
}

/** The rows that are to be, and what may refuse them. Each statement has parameters of its own. */
function judgeCreate(
  { caller, params: newParams }: Writing,
  collection: Collection,
  { values, sent }: Values,
  rows: 'one' | 'many' = 'one',
) {
  const params = newParams();
  const places = placed(values);
  const plain = places.filter(({ value }) => value.field.junction === undefined);
  const { id, value, from } = rows === 'one' ? oneRow(params) : manyRows(params, plain);
  const now = params.sent(at.now, 'timestamptz');
  const lists = planLists(params, places, id);
  const given = plain.map((place) => `${value(place)} AS ${ident(place.value.field.name)}`);
  const row = [`${id} AS "id"`, ...given, `${now} AS "created"`, `${now} AS "updated"`, `1::int8 AS "version"`];
  const next = withComputed(collection, row, from);
  const columns = ['id', ...plain.map((place) => place.value.field.name), 'created', 'updated', 'version'].map(ident);
  const judging = new Judging(caller, params, 'n', 'n', { nextMany: tablesOf(lists) });
  const rule = policyFor(caller, collection, 'create', { sent, creating: true });
  refuseNever(caller, rule);
  judging.add(rule, () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-create', sent);
  judgeReferences(caller, judging, params, values, sent, undefined);
  judgeLists(caller, judging, params, lists, undefined);
  return { params, lists, judging, next, columns };
}

/** A new record of a batch, with the values that it is made of. */
export interface NewRecord {
  readonly id: string;
  readonly values: Values;
}

/** Records are made by one statement where the writing of a plan sees no difference between them, and none could ask for another of them. */
export const togetherKey = (caller: Caller, collection: Collection, values: Values): string | undefined =>
  values.values.some(({ field, change }) => field.junction !== undefined || change !== undefined || field.ty.kind === 'list')
    ? undefined
    : keyOf('create', caller, collection, values, 'many');

/** Many new records in the plain form. Undefined where it has none, or where a rule looks at other records of the collection. */
export function planCreateMany(caller: Caller, collection: Collection, records: readonly NewRecord[]): WritePlan['plain'] {
  const [first] = records;
  const key = first && togetherKey(caller, collection, first.values);
  if (first === undefined || key === undefined) return undefined;
  const { plan, constants } = planned(caller, key, [], (writing) => {
    const judged = judgeCreate(writing, collection, first.values, 'many');
    // What decides whether a record is made, whether it is shown, and which of its fields are.
    const shown = [
      policyFor(writing.caller, collection, 'view'),
      ...collection.fields.map((field) => readOf(writing.caller, collection, field)),
    ];
    const rules = [...judged.judging.conditions, ...shown.flatMap((condition) => (condition === 'never' ? [] : condition))];
    return rules.some((ir) => looksAt(ir, collection.name)) ? undefined : plainInsert(writing, collection, judged.params, judged);
  });
  if (plan === undefined) return undefined;
  const lists = first.values.values.flatMap((_value, index) => [records.map((one) => one.values.values[index]?.value ?? null), null, null]);
  const sent = [records.map(({ id }) => id), new Date(caller.ctx.now), undefined, ...lists];
  return { ...plan, statement: bind(plan.statement, constants, sent) };
}

/** Whether a condition looks at records of a collection besides the one it is judged on. */
function looksAt(ir: Ir, collection: string): boolean {
  for (const node of nodesOf(ir)) {
    const row = rowOf(node);
    if (manyOf(node)?.to === collection || (row?.origin.kind === 'hop' && row.collection === collection)) return true;
  }
  return false;
}

const isWritten = (field: Field): boolean => field.type.name !== 'computed';

/** The row that is to be, with what Postgres will compute from it, so that rules may ask for that too. */
function withComputed(collection: Collection, columns: readonly string[], from = ''): string {
  const computed = collection.fields
    .filter((field) => !isWritten(field))
    .map((field) => `(${compiled(collection.def, field.def).sql}) AS ${ident(field.name)}`);
  const row = `SELECT ${columns.join(', ')}${from}`;
  return computed.length === 0 ? row : `SELECT b.*, ${computed.join(', ')} FROM (${row}) b`;
}

/** The new value of a column: what was sent, or what was stored (under the alias `old`) and an amount. */
const newValue = (params: ParamList, { value: { field, change }, at: index }: Sent, old: string): string =>
  change?.kind === 'inc'
    ? `(coalesce(${old}.${ident(field.name)}, 0) + ${params.sent(index, bindType(field))})`
    : params.sent(index, bindType(field));

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
  values: Pick<Values, 'values' | 'sent'>,
  ifVersion: number | undefined,
  judgeOnly: boolean,
): WritePlan {
  const key = keyOf('update', caller, collection, values, [ifVersion !== undefined, judgeOnly]);
  const plan = planned(caller, key, [], (writing) => writeUpdate(writing, collection, values, ifVersion !== undefined, judgeOnly));
  return bound(plan, sentOf(caller, id, ifVersion, values.values));
}

function writeUpdate(
  writing: Writing,
  collection: Collection,
  { values, sent }: Pick<Values, 'values' | 'sent'>,
  asksVersion: boolean,
  judgeOnly: boolean,
): WriteTemplate {
  const { caller } = writing;
  const params = writing.params();
  const own = params.sent(at.id, 'uuid');
  const places = placed(values);
  const lists = planLists(params, places, own);
  const given = new Map(
    places.filter(({ value }) => value.field.junction === undefined).map((place) => [place.value.field.name, newValue(params, place, 'o')]),
  );
  const changed = (name: string): string => {
    const list = lists.find(({ field }) => field.name === name);
    if (list !== undefined) return listChanges(list, own);
    return given.has(name) ? changedSql(collection.byName.get(name), 'n', 'o') : 'FALSE';
  };
  const judging = new Judging(caller, params, 'o', 'n', { changed, nextMany: tablesOf(lists) });
  judgeStored(caller, collection, judging);
  judging.add(updateRule(caller, collection, sent), () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-update', sent);
  judgeVersion(judging, asksVersion ? `o."version" = ${params.sent(at.version, 'int8')}` : undefined);
  judgeReferences(caller, judging, params, values, sent, 'o');
  judgeLists(caller, judging, params, lists, own);
  const next = columnFields(collection)
    .filter(isWritten)
    .map((field) => `${given.get(field.name) ?? `o.${ident(field.name)}`} AS ${ident(field.name)}`);
  const sets = [...given.keys()].map((name) => `${ident(name)} = judged.${ident(`new ${name}`)}`);
  const now = params.sent(at.now, 'timestamptz');
  const carried = [...given.keys()].map((name) => `, n.${ident(name)} AS ${ident(`new ${name}`)}`).join('');
  const all = judgeOnly ? 'FALSE' : judging.all();
  const answer = writeAnswer(writing, collection, params, judging, lists);
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${own} FOR UPDATE),`,
    ...lists.map(({ definition }) => definition),
    `judged AS MATERIALIZED (SELECT o."id"${carried}${judging.columns()}${announce(lists, 'o."id"')} FROM o CROSS JOIN LATERAL (${withComputed(collection, next)}) n${judging.root.joins.join('')}),`,
    ...lists.flatMap((list) => list.changes(all)),
    `done AS (UPDATE ${collection.table} t SET ${[...sets, `"updated" = greatest(${now}, t."updated")`, `"version" = t."version" + 1`].join(', ')} FROM judged WHERE t."id" = judged."id" AND ${all} RETURNING ${returning(collection)})`,
    answer.sql,
  ].join('\n');
  return {
    plain:
      judgeOnly || judging.conditions.some(speaksOfNext) ? undefined : writePlainUpdate(writing, collection, { values, sent }, asksVersion),
    statement: writing.template(text, params),
    answer: answer.answer,
    refusals: judging.list.map(({ refusal }) => refusal),
  };
}

/** Where no list is written and no relation has to be looked up; what is judged asks nothing of the row to be. */
function writePlainUpdate(
  writing: Writing,
  collection: Collection,
  { values, sent }: Pick<Values, 'values' | 'sent'>,
  asksVersion: boolean,
): PlainWrite | undefined {
  const { caller } = writing;
  const looksUp = values.some(({ field }) => field.junction !== undefined || (field.to !== undefined && !caller.privileged));
  if (looksUp) return undefined;
  const params = writing.params();
  const judging = new Judging(caller, params, 't', 't');
  judgeStored(caller, collection, judging);
  judging.add(updateRule(caller, collection, sent), () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-update', sent);
  judgeVersion(judging, asksVersion ? `t."version" = ${params.sent(at.version, 'int8')}` : undefined);
  const sets = placed(values).map((place) => `${ident(place.value.field.name)} = ${newValue(params, place, 't')}`);
  const now = params.sent(at.now, 'timestamptz');
  return plainUpdate(writing, collection, params, {
    id: params.sent(at.id, 'uuid'),
    sets: [...sets, `"updated" = greatest(${now}, t."updated")`, `"version" = t."version" + 1`],
    judging,
  });
}

/** The rule of a change, with the guard on the row that is to be. */
function updateRule(caller: Caller, collection: Collection, sent: ReadonlySet<string>): readonly Ir[] {
  const rule = policyFor(caller, collection, 'update', { sent });
  refuseNever(caller, rule);
  const guard = guardOfNext(caller, collection, sent);
  refuseNever(caller, guard);
  return [...rule, ...guard];
}

export function planDelete(caller: Caller, collection: Collection, id: string, ifVersion: number | undefined): WritePlan {
  const nothing = { values: [], sent: new Set<string>() };
  const key = keyOf('delete', caller, collection, nothing, ifVersion !== undefined);
  const plan = planned(caller, key, [], (writing) => writeDelete(writing, collection, ifVersion !== undefined));
  return bound(plan, sentOf(caller, id, ifVersion, []));
}

function writeDelete(writing: Writing, collection: Collection, asksVersion: boolean): WriteTemplate {
  const { caller } = writing;
  const judged = (alias: string) => {
    const params = writing.params();
    const id = params.sent(at.id, 'uuid');
    const judging = new Judging(caller, params, alias, alias);
    judgeStored(caller, collection, judging);
    const rule = policyFor(caller, collection, 'delete');
    refuseNever(caller, rule);
    judging.add(rule, () => fail('rule_denied'));
    judgeVersion(judging, asksVersion ? `${alias}."version" = ${params.sent(at.version, 'int8')}` : undefined);
    return { params, id, judging };
  };
  const { params, id, judging } = judged('o');
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${id} FOR UPDATE),`,
    `judged AS MATERIALIZED (SELECT o."id"${judging.columns()} FROM o${judging.root.joins.join('')}),`,
    `done AS (DELETE FROM ${collection.table} t USING judged WHERE t."id" = judged."id" AND ${judging.all()} RETURNING t."id")`,
    `SELECT done."id"${judging.answers()} FROM judged LEFT JOIN done ON true`,
  ].join('\n');
  const again = judged('t');
  return {
    plain: plainDelete(writing, collection, again.params, again),
    statement: writing.template(text, params),
    answer: { id: 0, version: undefined, visible: undefined, write: undefined, judged: judging.list.map((_one, index) => 1 + index) },
    refusals: judging.list.map(({ refusal }) => refusal),
  };
}

const returning = (collection: Collection): string =>
  columnFields(collection)
    .map((field) => `t.${ident(field.name)}`)
    .join(', ');

/** The record as the caller may view it now, or nothing but id and version. */
function writeAnswer(
  writing: Writing,
  collection: Collection,
  params: ParamList,
  judging: Judging,
  lists: readonly ListWrite[],
): { readonly sql: string; readonly answer: Answer } {
  const { caller } = writing;
  const root: Root = { alias: 'done', joins: [], many: tablesOf(lists) };
  const columns = new Columns();
  const { visible, write } = selectWritten(caller, collection, params, columns, root);
  const id = columns.add('done."id"');
  const version = columns.add('done."version"');
  const judged = judging.list.map((_one, index) => columns.add(`judged.ok${index}`));
  return {
    sql: `SELECT ${columns.sql.join(', ')} FROM judged LEFT JOIN done ON true${root.joins.join('')}`,
    answer: { id, version, visible, write, judged },
  };
}
