/** DELETE /records/:collection/:id: the line for an end. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { runWrite } from './writing/run.ts';
import { planDelete } from './writing/delete.ts';

export async function removeRecord(ctx: Ctx, name: string, id: string, ifVersion?: number): Promise<void> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  refuseNever(caller, policyFor(caller, collection, 'delete')); // 401, 403
  ctx.timing?.step('policy');
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const written = await runWrite(ctx, collection, planDelete(caller, collection, key, ifVersion)); // 404, 403, 412, 409
  ctx.timing?.step('write');
  if (written === undefined) throw fail('not_found');
}
