/**
 * POST /records/:collection?onConflict=slug: creates, or changes the one that is in the way.
 *
 * Two may create at once, and the one in the way may go meanwhile: so whoever loses looks again, a few times. Each try
 * is one write that holds or does not; nothing is left of one that did not, because it was a statement of its own, in a
 * savepoint where there is a transaction.
 */
import type { Ctx } from '../ctx.ts';
import { failAt, Failure } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { ident } from '../kit/sql.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import type { Collection } from '../schema/collection.ts';
import { createRecord } from './create.ts';
import { isObject } from './parse/input.ts';
import { callerOf, refuseHidden } from './policy.ts';
import type { Written } from './reading/serialize.ts';
import { updateRecord } from './update.ts';
import { bindType, parseValues } from './parse/values.ts';
import { ParamList } from '../expr/params.ts';

export interface Upserted extends Written {
  readonly created: boolean;
}

const tries = 5;

export async function upsertRecord(ctx: Ctx, name: string, body: unknown, onConflict: string): Promise<Upserted> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  refuseHidden(callerOf(ctx, schema), collection); // 401, 404
  const keys = conflictKeys(collection, onConflict); // 400
  if (!isObject(body)) throw failAt('invalid_request', '', 'The body must be a JSON object');
  for (const key of keys)
    if (body[key] === undefined || body[key] === null)
      throw failAt('invalid_request', `/${key}`, 'must be sent where it decides the conflict');
  for (let attempt = 1; ; attempt++) {
    const there = await findInTheWay(ctx, name, keys, body);
    try {
      if (there === undefined) return { ...(await ctx.db.transaction((db) => createRecord({ ...ctx, db }, name, body))), created: true };
      const { id: _id, ...changes } = body;
      return { ...(await updateRecord(ctx, name, there, changes)), created: false };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const lost =
        there === undefined &&
        error.code === 'unique_violation' &&
        error.details.errors?.every(({ pointer }) => keys.includes(pointer.slice(1))) === true;
      // One that is in the way and may not be seen is told of by what a create says, as it would be without onConflict.
      if (there !== undefined && error.code === 'not_found') return { ...(await createRecord(ctx, name, body)), created: true };
      if (!lost || attempt === tries) throw error;
    }
  }
}

/** The fields of a unique index, or `id`. */
function conflictKeys(collection: Collection, asked: string): readonly string[] {
  const names = asked.split(',').map((part) => part.trim());
  const same = (fields: readonly string[]): boolean =>
    [...fields]
      .map((field) => field.replace(/^-/, ''))
      .sort()
      .join() === [...names].sort().join();
  const unique = (collection.def.indexes ?? []).some((index) => index.unique === true && same(index.fields));
  if (!unique && !same(['id'])) throw failAt('invalid_request', '/onConflict', 'onConflict must name the fields of a unique index, or id');
  return names;
}

/** The id of the record with the same keys, seen or not. */
async function findInTheWay(
  ctx: Ctx,
  name: string,
  keys: readonly string[],
  body: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name);
  if (keys[0] === 'id') {
    const id = parseId(body['id']);
    if (id === undefined) throw failAt('validation_failed', '/id', 'must be a uuid');
    const { rows } = await ctx.db.run({ text: `SELECT "id" FROM ${collection.table} WHERE "id" = $1`, values: [id] });
    return rows.length === 0 ? undefined : id;
  }
  const { values, invalid } = parseValues(
    callerOf(ctx, schema),
    collection,
    Object.fromEntries(keys.map((key) => [key, body[key]])),
    'update',
  );
  if (invalid) throw invalid;
  const changing = values.find(({ change }) => change !== undefined);
  if (changing !== undefined)
    throw failAt('invalid_request', `/${changing.field.name}`, 'must be a plain value where it decides the conflict');
  const params = new ParamList();
  const where = values
    .filter(({ field }) => keys.includes(field.name))
    .map(({ field, value }) => `${ident(field.name)} = ${params.add(value, bindType(field))}`);
  const { rows } = await ctx.db.run({
    text: `SELECT "id" FROM ${collection.table} WHERE ${where.join(' AND ')}`,
    values: params.values,
  });
  return rows[0] === undefined ? undefined : String(rows[0]['id']);
}
