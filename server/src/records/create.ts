/** POST /records/:collection: the line for a new record. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import type { Written } from './reading/serialize.ts';
import { parseValues } from './parse/values.ts';
import { runWrite } from './writing/run.ts';
import { planCreate } from './writing/create.ts';

/** `id`: given already, as in a batch, where others refer to it. */
export const createRecord = (ctx: Ctx, name: string, body: unknown, id?: string): Promise<Written> =>
  create(ctx, name, body, undefined, id);

/** The record of a new account: the same line, with the address that no body may name. */
export const createAccountRecord = (ctx: Ctx, name: string, email: string, fields: Readonly<Record<string, unknown>>): Promise<Written> =>
  create(ctx, name, fields, email);

async function create(ctx: Ctx, name: string, body: unknown, email: string | undefined, id?: string): Promise<Written> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const values = parseValues(caller, collection, body, 'create', email); // 400
  ctx.timing?.step('values');
  refuseNever(caller, policyFor(caller, collection, 'create', { sent: values.sent, creating: true })); // 401, 403
  ctx.timing?.step('policy');
  if (values.invalid) throw values.invalid; // 422
  const plan = planCreate(caller, collection, values.id ?? id ?? newId(ctx.now), values);
  ctx.timing?.step('plan');
  const written = await runWrite(ctx, collection, plan); // 403, 422, 409
  ctx.timing?.step('write');
  if (written === undefined) throw fail('internal');
  return written;
}
