/** PATCH /records/:collection/:id: the line for a change. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import type { Written } from './serialize.ts';
import { parseValues } from './values.ts';
import { planUpdate, runWrite } from './write.ts';

export async function updateRecord(ctx: Ctx, name: string, id: string, body: unknown, ifVersion?: number): Promise<Written> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const values = parseValues(caller, collection, body, 'update'); // 400
  refuseNever(caller, policyFor(caller, collection, 'update', { sent: values.sent })); // 401, 403
  const key = parseId(id);
  if (key === undefined) throw fail('not_found');
  const invalid = values.invalid;
  const plan = planUpdate(caller, collection, key, invalid ? { ...values, values: [] } : values, ifVersion, invalid !== undefined);
  const written = await runWrite(ctx, collection, plan); // 404, 403, 412, 422, 409
  if (invalid) throw invalid; // 422, now that the record is there and the rule let him
  if (written === undefined) throw fail('conflict', 'The record was deleted meanwhile.');
  return written;
}
