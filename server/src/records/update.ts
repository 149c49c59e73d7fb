/** PATCH /records/:collection/:id: the line for a change. */
import { withTx, type Ctx } from '../ctx.ts';
import type { Collection } from '../schema/collection.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import type { Written } from './reading/serialize.ts';
import { parseValues } from './parse/values.ts';
import { runWrite } from './writing/run.ts';
import type { WritePlan } from './writing/plan.ts';
import { planUpdate } from './writing/update.ts';

export async function updateRecord(ctx: Ctx, name: string, id: string, body: unknown, ifVersion?: number): Promise<Written> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const values = parseValues(caller, collection, body, 'update'); // 400
  ctx.timing?.step('values');
  refuseNever(caller, policyFor(caller, collection, 'update', { sent: values.sent })); // 401, 403
  ctx.timing?.step('policy');
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const invalid = values.invalid;
  const plan = planUpdate(caller, collection, key, invalid ? { ...values, values: [] } : values, ifVersion, invalid !== undefined);
  ctx.timing?.step('plan');
  const hasLists = values.values.some(({ field }) => field.junction !== undefined);
  const written = await (hasLists ? withTx(ctx, (inside) => lockedWrite(inside, collection, key, plan)) : runWrite(ctx, collection, plan)); // 404, 403, 412, 422, 409
  ctx.timing?.step('write');
  if (invalid) throw invalid; // 422, now that the record is there and the rule let him
  if (written === undefined) throw fail('conflict', 'The record was deleted meanwhile.');
  return written;
}

/**
 * A list lives in rows of its own, which a statement sees as they were when it began: before it waited for the record's
 * lock. So the lock comes first, in a statement of its own, and the write begins when the writer before is done.
 */
async function lockedWrite(ctx: Ctx, collection: Collection, id: string, plan: WritePlan): Promise<Written | undefined> {
  await ctx.db.run({
    text: `SELECT 1 FROM ${collection.table} WHERE "id" = $1 FOR UPDATE`,
    values: [id],
  });
  return runWrite(ctx, collection, plan);
}
