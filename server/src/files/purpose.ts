/** What a file is uploaded for: the field of a collection that its uploader may write, and how much of it there is room for. */
import { withTx, type Ctx } from '../ctx.ts';
import { ownerOf } from '../kit/actor.ts';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { callerOf, policyFor, refuseHidden, refuseNever, writeOf, readOf, type Caller, type Condition } from '../records/policy.ts';
import { holdsFiles, type Collection, type Field } from '../schema/collection.ts';
import { fileSettings, type FileSettings } from '../schema/fields/file.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';

export interface Purpose {
  readonly collection: Collection;
  readonly field: Field;
  readonly settings: FileSettings;
}

/** Whoever could never create or change a record with this field has nothing to upload for it. */
export async function purposeOf(
  ctx: Ctx,
  named: { readonly collection: string | undefined; readonly field: string | undefined },
): Promise<Purpose> {
  for (const part of ['collection', 'field'] as const)
    if (named[part] === undefined) throw failAt('invalid_request', `/${part}`, `Say what the file is for: ${part} is missing`); // 400
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, named.collection ?? ''); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const field = collection.byName.get(named.field ?? '');
  if (field === undefined || isUnknown(caller, collection, field))
    throw failAt('unknown_field', '/field', `Unknown field "${named.field ?? ''}" on "${collection.name}"`); // 400
  if (!holdsFiles(field)) throw failAt('invalid_request', '/field', `"${field.name}" holds no files`); // 400
  refuseNever(caller, mayWrite(caller, collection, field)); // 401, 403
  return { collection, field, settings: fileSettings(field.def) };
}

/** A field that may be neither written nor read is not there at all. */
const isUnknown = (caller: Caller, collection: Collection, field: Field): boolean =>
  ways(caller, collection, field).every(({ write }) => write === 'never') && readOf(caller, collection, field) === 'never';

function ways(caller: Caller, collection: Collection, field: Field): readonly { readonly action: Condition; readonly write: Condition }[] {
  const sent = new Set([field.name]);
  return [
    {
      action: policyFor(caller, collection, 'create', { sent, creating: true }),
      write: writeOf(caller, collection, field, 'write-create', sent),
    },
    { action: policyFor(caller, collection, 'update', { sent }), write: writeOf(caller, collection, field, 'write-update', sent) },
  ];
}
const mayWrite = (caller: Caller, collection: Collection, field: Field): Condition =>
  ways(caller, collection, field).some(({ action, write }) => action !== 'never' && write !== 'never') ? [] : 'never';

/**
 * Sets bytes aside for a file that is to come: `length`, or where that is not known as much as there may be. What counts against one bound
 * is counted under one lock, so that two uploads do not both take what is left. Gives back how many bytes are set aside.
 */
export async function reserve(
  ctx: Ctx,
  { collection, field, settings }: Purpose,
  file: { readonly id: string; readonly name: string; readonly length: number | undefined },
): Promise<number> {
  const { maxSize, quota, quotaPerAccount } = settings;
  if ((file.length ?? 0) > maxSize) throw tooLarge(maxSize); // 413
  const owner = ownerOf(ctx.actor);
  const isAnonymous = ctx.actor.kind === 'anonymous';
  const whose = ctx.actor.kind === 'account' ? ctx.actor.id : owner;
  return withTx(ctx, async (inside) => {
    const left: { readonly size: number; readonly refusal: () => Error }[] = [];
    if (quota !== undefined || quotaPerAccount !== undefined) {
      const used = await usedBy(inside, `file quota ${field.id}`, 'field = $1', [field.id, whose]);
      const exceeded = (whose: string) => () =>
        fail('quota_exceeded', `The files of "${collection.name}.${field.name}"${whose} may have no more bytes.`);
      if (quota !== undefined) left.push({ size: quota - used.all, refusal: exceeded('') });
      if (quotaPerAccount !== undefined) left.push({ size: quotaPerAccount - used.own, refusal: exceeded(' that you uploaded') });
    }
    if (isAnonymous) {
      const used = await usedBy(inside, `file quota ${owner}`, 'owner = $1 AND attached IS NULL', [owner, owner]);
      const { count, size } = limits.files.anonymous;
      const refusal = () =>
        fail('rate_limited', {
          detail: `Without an account at most ${count} files and ${size} bytes may wait for a record.`,
          retryAfter: 3_600,
        });
      if (used.count >= count) throw refusal(); // 429
      left.push({ size: size - used.all, refusal });
    }
    for (const { size, refusal } of left) if (size < Math.max(1, file.length ?? 1)) throw refusal(); // 413, 429
    const aside = file.length ?? Math.min(maxSize, ...left.map(({ size }) => size));
    await inside.db.run({
      name: 'file-begin',
      text: 'INSERT INTO underpin.files (id, name, size, collection, field, owner, account, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
      values: [
        file.id,
        file.name,
        aside,
        collection.id,
        field.id,
        owner,
        ctx.actor.kind === 'account' ? ctx.actor.id : null,
        new Date(ctx.now),
      ],
    });
    return aside;
  });
}

export const tooLarge = (most: number): Error => fail('payload_too_large', `A file may have at most ${most} bytes here.`);

async function usedBy(
  ctx: Ctx,
  lock: string,
  where: string,
  [of, owner]: readonly [string, string],
): Promise<{ readonly all: number; readonly own: number; readonly count: number }> {
  await ctx.db.run({ name: 'file-quota-lock', text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [lock] });
  const { rows } = await ctx.db.run({
    text: `SELECT coalesce(sum(size), 0)::int8 AS all, coalesce(sum(size) FILTER (WHERE coalesce(account::text, owner) = $2), 0)::int8 AS own, count(*) AS count FROM underpin.files WHERE ${where} AND ended IS NULL`,
    values: [of, owner],
  });
  return { all: Number(rows[0]?.['all'] ?? 0), own: Number(rows[0]?.['own'] ?? 0), count: Number(rows[0]?.['count'] ?? 0) };
}
