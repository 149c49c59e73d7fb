/** How a record is deleted. */
import { fail } from '../../kit/errors.ts';
import type { Collection } from '../../schema/collection.ts';
import { planned, type Writing } from '../plans.ts';
import { policyFor, refuseNever, type Caller } from '../policy.ts';
import { judgeStored, judgeVersion, Judging } from './judge.ts';
import { noteOf, noting } from './note.ts';
import { plainDelete } from './plain.ts';
import { at, bound, keyOf, returning, sentOf, type WritePlan, type WriteTemplate } from './plan.ts';

/** `erase`: no version of it stays. */
export function planDelete(caller: Caller, collection: Collection, id: string, ifVersion: number | undefined, erase: boolean): WritePlan {
  const nothing = { values: [], sent: new Set<string>() };
  const key = keyOf('delete', caller, collection, nothing, ifVersion !== undefined);
  const plan = planned(caller, key, [], (writing) => writeDelete(writing, collection, ifVersion !== undefined));
  return bound(plan, sentOf(caller, id, ifVersion, []).with(at.noted, noteOf(caller, erase ? id : undefined)));
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
    `done AS (DELETE FROM ${collection.table} t USING judged WHERE t."id" = judged."id" AND ${judging.all()} RETURNING ${['t."id"', ...noting(collection, params)].join(', ')})`,
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
