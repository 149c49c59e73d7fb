/** How much of the real data a condition lets through, and what a draft would change of that. Bounded in rows and in time. */
import type { RuleCounts, RuleImpact } from '@underpin/sdk/wire';
import type { Ctx } from '../../ctx.ts';
import type { ResultRow } from '../../db/connect.ts';
import { isPgProblem } from '../../db/pg-errors.ts';
import { ParamList } from '../../expr/params.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import type { Caller, Condition } from '../policy.ts';
import { allHold, type Root } from '../reading/select.ts';

/** A condition with the caller whom it was folded for. */
export interface Judged {
  readonly caller: Caller;
  readonly condition: Condition;
}

const most = limits.explain.counted;

/** SQL over the root, total: what is NULL is not let through. */
const passes = (params: ParamList, root: Root, { caller, condition }: Judged): string =>
  condition === 'never' ? 'FALSE' : `(${allHold(caller, params, root, condition)}) IS TRUE`;

export async function countVisible(ctx: Ctx, collection: Collection, judged: Judged): Promise<RuleCounts | undefined> {
  const params = new ParamList();
  const root: Root = { alias: 'r', joins: [] };
  const visible = passes(params, root, judged);
  const text = `SELECT count(*) AS total, count(*) FILTER (WHERE ok) AS visible, (array_agg(id ORDER BY id) FILTER (WHERE NOT ok))[1:5] AS hidden
    FROM (SELECT r."id" AS id, ${visible} AS ok FROM ${bounded(collection)} r${root.joins.join('')}) x`;
  const row = await inTime(ctx, text, params);
  if (row === undefined) return undefined;
  const total = Number(row['total']);
  return {
    visible: Math.min(Number(row['visible']), most),
    total: Math.min(total, most),
    sampleHidden: ids(row['hidden']),
    capped: total > most,
  };
}

export async function compareVisible(
  ctx: Ctx,
  collection: Collection,
  who: RuleImpact['who'],
  before: Judged,
  after: Judged,
): Promise<RuleImpact | undefined> {
  const params = new ParamList();
  const root: Root = { alias: 'r', joins: [] };
  const [was, is] = [passes(params, root, before), passes(params, root, after)];
  const text = `SELECT count(*) AS total, count(*) FILTER (WHERE was) AS before, count(*) FILTER (WHERE will) AS after,
      count(*) FILTER (WHERE will AND NOT was) AS appears, count(*) FILTER (WHERE was AND NOT will) AS disappears,
      (array_agg(id ORDER BY id) FILTER (WHERE was <> will))[1:5] AS sample
    FROM (SELECT r."id" AS id, ${was} AS was, ${is} AS will FROM ${bounded(collection)} r${root.joins.join('')}) x`;
  const row = await inTime(ctx, text, params);
  if (row === undefined) return undefined;
  const count = (name: string): number => Number(row[name]);
  return {
    who,
    before: count('before'),
    after: count('after'),
    appears: count('appears'),
    disappears: count('disappears'),
    sample: ids(row['sample']),
    capped: count('total') > most,
  };
}

const ids = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** One record more than is counted, so that it shows whether there are more. */
const bounded = (collection: Collection): string => `(SELECT * FROM ${collection.table} LIMIT ${most + 1})`;

/** Undefined where it took too long. */
async function inTime(ctx: Ctx, text: string, params: ParamList): Promise<ResultRow | undefined> {
  try {
    return await ctx.db.transaction(async (db) => {
      await db.run({ text: `SET LOCAL statement_timeout = ${limits.explain.timeout}` });
      return (await db.run({ text, values: params.values })).rows[0];
    });
  } catch (error) {
    if (isPgProblem(error) && error.code === '57014') return undefined;
    throw error;
  }
}
