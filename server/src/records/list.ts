/** GET /records/:collection and POST …/query: the line that every read follows. */
import type { Ctx } from '../ctx.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import type { Query } from './parse/input.ts';
import { fetchLists } from './reading/follow.ts';
import { findNear, resumed } from './reading/near.ts';
import { parseList } from './parse/list.ts';
import { planList, type ListPlan } from './reading/plan.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { noLists } from './reading/select.ts';
import { serializePage, type Rows } from './reading/serialize.ts';
import { count } from './indexes/tally.ts';

/** The page as the JSON text of the answer. */
export async function listRecords(ctx: Ctx, name: string, query: Query): Promise<string> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404: as if it were not there
  const asked = await resumed(ctx, schema, parseList(caller, collection, query)); // 400: makes no sense, or names a field you may not see
  ctx.timing?.step('parse');
  refuseNever(caller, policyFor(caller, collection, 'list')); // 401, 403: nobody of your kind may
  ctx.timing?.step('policy');
  const plan = planList(caller, collection, asked); // pure, kept by shape; 400: a cursor that is not ours
  ctx.timing?.step('plan');
  const rows = await run(ctx, plan); // the only I/O: the page, its count, and a statement for each list beside it
  const near = rows.rows.length === 0 ? await findNear(ctx, caller, collection, asked) : undefined; // typos, where nothing matches
  ctx.timing?.step('sql');
  const text = near ?? serializePage(ctx, plan, rows);
  ctx.timing?.step('serialize');
  return text;
}

/** The rows of a plan, with the lists beside them. */
export async function run(ctx: Ctx, plan: ListPlan): Promise<Rows> {
  const begun = performance.now();
  const [rows, counted] =
    plan.count === undefined ? [await ctx.db.texts(plan.rows)] : await Promise.all([ctx.db.texts(plan.rows), ctx.db.texts(plan.count)]);
  if (plan.tally !== undefined) count(plan.tally, plan.rows, performance.now() - begun);
  const lists = plan.follows.length === 0 ? noLists : await fetchLists(ctx, plan.follows, rows, plan.constants);
  return { rows, lists, total: counted === undefined ? undefined : Number(counted[0]?.[0]) };
}
