/** How a new record is written, and many of them at once. */
import type { Ir } from '@underpin/sdk/expr/ir';
import { manyOf, nodesOf, rowOf } from '@underpin/sdk/expr/walk';
import type { ParamList } from '../../expr/params.ts';
import { fail } from '../../kit/errors.ts';
import { ident } from '../../kit/sql.ts';
import { holdsFiles, type Collection } from '../../schema/collection.ts';
import { bindType, storedValue, type Values } from '../parse/values.ts';
import { bind, planned, type Writing } from '../plans.ts';
import { policyFor, readOf, refuseNever, type Caller } from '../policy.ts';
import { judgeFields, judgeLists, judgeReferences, Judging } from './judge.ts';
import { judgeFiles } from './judge-files.ts';
import { planLists, type Sent } from './lists.ts';
import { noteOf } from './note.ts';
import { plainInsert } from './plain.ts';
import {
  announce,
  at,
  bound,
  keyOf,
  placed,
  returningNoted,
  sentOf,
  tablesOf,
  withComputed,
  writeAnswer,
  type WritePlan,
  type WriteTemplate,
} from './plan.ts';

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
    `done AS (INSERT INTO ${collection.table} AS t (${columns.join(', ')}) SELECT ${columns.map((column) => `judged.${column}`).join(', ')} FROM judged WHERE ${all} RETURNING ${returningNoted(collection, params)})`,
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
  value: ({ value: { field }, at: index }) => storedValue(field, params.sent(index, bindType(field))),
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
    value: (place) => storedValue(place.value.field, `u.c${places.indexOf(place) + 1}`),
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
  judgeFiles(caller, judging, params, places, undefined);
  return { params, lists, judging, next, columns };
}

/** A new record of a batch, with the values that it is made of. */
export interface NewRecord {
  readonly id: string;
  readonly values: Values;
}

/** Records are made by one statement where the writing of a plan sees no difference between them, and none could ask for another of them. */
export const togetherKey = (caller: Caller, collection: Collection, values: Values): string | undefined =>
  values.values.some(
    ({ field, change }) => field.junction !== undefined || change !== undefined || field.ty.kind === 'list' || holdsFiles(field),
  )
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
  const sent = [records.map(({ id }) => id), new Date(caller.ctx.now), undefined, noteOf(caller), ...lists];
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
