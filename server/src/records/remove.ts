/** DELETE /records/:collection/:id: the line for an end. */
import { withTx, type Ctx } from '../ctx.ts';
import { fail, failAt } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { isFollowed, type Collection } from '../schema/collection.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { eraseVersions } from './history/erase.ts';
import type { Written } from './reading/serialize.ts';
import { planDelete } from './writing/delete.ts';
import type { WritePlan } from './writing/plan.ts';
import { runWrite } from './writing/run.ts';

/** `erase`: no version of it stays, either; of an account none ever does. */
export async function removeRecord(ctx: Ctx, name: string, id: string, ifVersion?: number, erase = false): Promise<void> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  if (erase && !isFollowed(collection)) throw failAt('invalid_request', '/erase', `"${name}" keeps no history`); // 400
  if (erase && !caller.privileged) throw fail('forbidden', 'Only admins erase the history of a record.');
  refuseNever(caller, policyFor(caller, collection, 'delete')); // 401, 403
  ctx.timing?.step('policy');
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const erases = isFollowed(collection) && (erase || collection.kind === 'auth');
  const plan = planDelete(caller, collection, key, ifVersion, erases);
  const written = await (erases ? withTx(ctx, (inside) => writeAndErase(inside, collection, key, plan)) : runWrite(ctx, collection, plan)); // 404, 403, 412, 409
  ctx.timing?.step('write');
  if (written === undefined) throw fail('not_found');
}

async function writeAndErase(ctx: Ctx, collection: Collection, id: string, plan: WritePlan): Promise<Written | undefined> {
  const written = await runWrite(ctx, collection, plan);
  await eraseVersions(ctx, collection, id);
  return written;
}
