/** GET /records/:collection/:id: the same line for one record. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import type { Input } from './parse/input.ts';
import { fetchLists } from './reading/follow.ts';
import { parseShape } from './parse/list.ts';
import { planGet } from './reading/plan.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { noLists } from './reading/select.ts';
import type { Written } from './reading/serialize.ts';

export async function readRecord(ctx: Ctx, name: string, id: string, input: Input): Promise<Written> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const shape = parseShape(caller, collection, input, 1); // 400
  ctx.timing?.step('parse');
  refuseNever(caller, policyFor(caller, collection, 'view')); // 401, 403
  ctx.timing?.step('policy');
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const plan = planGet(caller, collection, key, shape);
  ctx.timing?.step('plan');
  const [row] = await ctx.db.texts(plan.row);
  if (row === undefined) throw fail('not_found'); // none, or not viewable: the same
  const lists = plan.follows.length === 0 ? noLists : await fetchLists(ctx, plan.follows, [row], plan.constants);
  ctx.timing?.step('sql');
  const json = plan.write(row, lists);
  ctx.timing?.step('serialize');
  return { json, id: key, version: plan.version === undefined ? undefined : Number(row[plan.version]) };
}
