/** How a record is changed. */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ParamList } from '../../expr/params.ts';
import { fail } from '../../kit/errors.ts';
import { ident } from '../../kit/sql.ts';
import { columnFields, holdsFiles, type Collection, type Field } from '../../schema/collection.ts';
import { bindType, storedValue, type Values } from '../parse/values.ts';
import { planned, type Writing } from '../plans.ts';
import { guardOfNext, policyFor, refuseNever, type Caller } from '../policy.ts';
import { judgeFields, judgeLists, judgeReferences, judgeStored, judgeVersion, Judging } from './judge.ts';
import { judgeFiles } from './judge-files.ts';
import { listChanges, planLists, type Sent } from './lists.ts';
import { plainUpdate, speaksOfNext, type PlainWrite } from './plain.ts';
import {
  announce,
  at,
  bound,
  isWritten,
  keyOf,
  placed,
  returning,
  returningNoted,
  sentOf,
  tablesOf,
  withComputed,
  writeAnswer,
  type WritePlan,
  type WriteTemplate,
} from './plan.ts';

/** The new value of a column: what was sent, or what was stored (under the alias `old`) and an amount. */
const newValue = (params: ParamList, { value: { field, change }, at: index }: Sent, old: string): string =>
  change?.kind === 'inc'
    ? `(coalesce(${old}.${ident(field.name)}, 0) + ${params.sent(index, bindType(field))})`
    : storedValue(field, params.sent(index, bindType(field)));

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
  judgeFiles(caller, judging, params, places, 'o');
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
    `done AS (UPDATE ${collection.table} t SET ${[...sets, `"updated" = greatest(${now}, t."updated")`, `"version" = t."version" + 1`].join(', ')} FROM judged WHERE t."id" = judged."id" AND ${all} RETURNING ${returningNoted(collection, params)})`,
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

/** Where no list is written and no relation or file has to be looked up; what is judged asks nothing of the row to be. */
function writePlainUpdate(
  writing: Writing,
  collection: Collection,
  { values, sent }: Pick<Values, 'values' | 'sent'>,
  asksVersion: boolean,
): PlainWrite | undefined {
  const { caller } = writing;
  const looksUp = values.some(
    ({ field }) => field.junction !== undefined || (field.to !== undefined && !caller.privileged) || holdsFiles(field),
  );
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
