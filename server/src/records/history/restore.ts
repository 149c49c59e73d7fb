/**
 * POST /records/:collection/:id/restore: a version is written again, by the line of any write.
 *
 * Sent is what differs from the record as it is, and only what the caller may read in that version: what is hidden from him stays as it
 * is. So rules, checks and answers are those of an update. A record that is gone is created again, under its id and the rule of creates.
 */
import { withTx, type Ctx } from '../../ctx.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { holdsFiles, type Collection } from '../../schema/collection.ts';
import { collectionNamed, schemaOf } from '../../schema/load.ts';
import { filesName } from '../../schema/system.ts';
import { createRecord } from '../create.ts';
import { isObject, membersOf } from '../parse/input.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from '../policy.ts';
import { readRecord } from '../read.ts';
import { noLists } from '../reading/select.ts';
import type { Upserted } from '../upsert.ts';
import { updateRecord } from '../update.ts';
import { keptId } from './list.ts';
import { settleHistory } from './settled.ts';
import { planVersion } from './versions.ts';

type Values = Readonly<Record<string, unknown>>;

/** What his own writes made has to be in the history; asked before any transaction begins. */
export async function beforeRestore(ctx: Ctx, name: string): Promise<void> {
  const schema = await schemaOf(ctx);
  const collection = schema.byName.get(name);
  if (collection !== undefined) await settleHistory(ctx, collection); // 503
}

export async function restoreRecord(ctx: Ctx, name: string, id: string, body: unknown, ifVersion?: number): Promise<Upserted> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const { version } = membersOf(body, ['version']);
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw failAt('invalid_request', '/version', 'version must be the number of a version'); // 400
  refuseNever(caller, policyFor(caller, collection, 'history')); // 401, 403
  const key = keptId(collection, id); // 404
  const { rows, template } = planVersion(caller, collection, key, version);
  const [row] = await ctx.db.texts(rows);
  if (row === undefined) throw fail('not_found'); // none, or not viewable: the same
  const kept = valuesOf(template.write(row, noLists));
  const hidden = new Set([...template.masks].flatMap(([field, at]) => (row[at] === 't' ? [] : [field])));
  const values = Object.fromEntries(Object.entries(kept).filter(([field]) => isOwn(collection, field) && !hidden.has(field)));
  return withTx({ ...ctx, created: new Map([[filesName, filesNamed(collection, values)]]) }, async (inside) => {
    const { count } = await inside.db.run({ text: `SELECT FROM ${collection.table} WHERE "id" = $1 FOR UPDATE`, values: [key] });
    if (count === 0 && ifVersion === undefined && collection.kind === 'base') {
      const given = Object.entries(values).filter(([, value]) => value !== null);
      return { ...(await createRecord(inside, name, Object.fromEntries(given), key)), created: true };
    }
    const now = valuesOf((await readRecord(inside, name, id, { text: false })).json); // 404
    const changes = Object.entries(values).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(now[field]));
    return { ...(await updateRecord(inside, name, id, Object.fromEntries(changes), ifVersion)), created: false };
  });
}

/** The files of the version: kept for it, and his to name again, though no record shows them to him any more. */
function filesNamed(collection: Collection, values: Values): ReadonlySet<string> {
  const files = collection.fields.filter(holdsFiles).flatMap(({ name }) => values[name] ?? []);
  return new Set(files.flatMap((file) => (isObject(file) ? String(file['id']) : [])));
}

/** Fields that are written by whoever may, and are in a version. */
function isOwn(collection: Collection, name: string): boolean {
  const field = collection.byName.get(name);
  return field !== undefined && !field.system && field.written === 'anyone' && field.junction === undefined;
}

function valuesOf(json: string): Values {
  const record: unknown = JSON.parse(json);
  return isObject(record) ? record : {};
}
