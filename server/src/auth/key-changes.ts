/** API keys are made, changed, rotated and ended here, by admins alone. The key itself is shown once, by what made it. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { audit } from '../changes/audit.ts';
import { withTx, type Ctx } from '../ctx.ts';
import type { ResultRow } from '../db/connect.ts';
import { randomToken, sha256 } from '../kit/crypto.ts';
import { fail, failAt } from '../kit/errors.ts';
import { newId, parseId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { schemaOf } from '../schema/load.ts';
import { authCollection } from './accounts.ts';
import { checkScopes, scopesInput } from './key-scopes.ts';
import { network } from '../kit/networks.ts';

const settings = {
  name: z.string().min(1).max(200),
  scopes: scopesInput,
  addresses: z.array(network).max(limits.apiKey.addresses),
  expires: z.iso.datetime({ offset: true }).nullable(),
  rate: z.int().min(1).max(limits.apiKey.rate).nullable(),
  forward: z.boolean(),
};
export const newKeyInput = z.strictObject({
  ...settings,
  addresses: settings.addresses.default([]),
  expires: settings.expires.default(null),
  rate: settings.rate.default(null),
  forward: settings.forward.default(false),
  account: z
    .strictObject({ collection: z.string().max(100), id: z.string().max(36) })
    .nullable()
    .default(null),
});
export const keyPatchInput = z.strictObject({ ...settings, disabled: z.boolean() }).partial();
export const rotationInput = z.strictObject({ overlap: z.int().min(0).max(limits.apiKey.overlap).default(0) });

/** A new key, and its prefix. */
function makeKey(): { readonly key: string; readonly prefix: string } {
  const prefix = `upk_${randomBytes(4).toString('hex')}`;
  return { key: `${prefix}_${randomToken()}`, prefix };
}

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

export const createKey = (ctx: Ctx, input: z.infer<typeof newKeyInput>): Promise<MadeKey> =>
  withTx(ctx, async (inside) => {
    const schema = await schemaOf(inside);
    const owner = input.account === null ? undefined : await ownerOf(inside, input.account);
    const scopes = checkScopes(schema, input.scopes, owner !== undefined);
    const id = newId(ctx.now);
    const { key, prefix } = makeKey();
    await inside.db.run({
      text: `INSERT INTO underpin.api_keys (id, created, updated, name, prefix, hash, kind, collection, account, owner, scopes, addresses, expires, rate, forward)
             VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12, $13, $14)`,
      values: [
        id,
        new Date(ctx.now),
        input.name,
        prefix,
        sha256(key),
        owner === undefined ? 'service' : 'account',
        owner?.collection ?? null,
        owner?.id ?? null,
        owner?.name ?? null,
        JSON.stringify(scopes),
        JSON.stringify(input.addresses),
        input.expires === null ? null : new Date(input.expires),
        input.rate,
        input.forward,
      ],
    });
    await audit(inside, 'key.created', `_api_keys:${id}`, { after: shown(await lockedRow(inside, id)) });
    return { id, key };
  });

/** The account that a key is to act as; never an admin, whom no rule holds. */
async function ownerOf(ctx: Ctx, { collection: name, id: text }: { readonly collection: string; readonly id: string }) {
  const collection = authCollection(await schemaOf(ctx), name);
  const id = parseId(text);
  const { rows } =
    collection.system || id === undefined
      ? { rows: [] }
      : await ctx.db.run({ text: `SELECT "id" FROM ${collection.table} WHERE "id" = $1 FOR SHARE`, values: [id] });
  if (rows.length === 0 || id === undefined) throw failAt('reference_violation', '/account', `There is no such account of "${name}"`);
  return { collection: collection.id, id, name: `${collection.name}:${id}` };
}

export const changeKey = (ctx: Ctx, id: string, patch: z.infer<typeof keyPatchInput>): Promise<void> =>
  withTx(ctx, async (inside) => {
    const before = await lockedRow(inside, id);
    const { scopes, addresses, expires, ...plain } = patch;
    const values: Readonly<Record<string, unknown>> = {
      ...plain,
      ...(scopes === undefined
        ? {}
        : { scopes: JSON.stringify(checkScopes(await schemaOf(inside), scopes, before['kind'] === 'account')) }),
      ...(addresses === undefined ? {} : { addresses: JSON.stringify(addresses) }),
      ...(expires === undefined ? {} : { expires: expires === null ? null : new Date(expires) }),
    };
    // The names are those of the input above, which are the columns' own.
    const sets = Object.keys(values).map((name, index) => `${name} = $${index + 3}`);
    await inside.db.run({
      text: `UPDATE underpin.api_keys SET ${[...sets, 'updated = $2', 'version = version + 1'].join(', ')} WHERE id = $1`,
      values: [before['id'], new Date(ctx.now), ...Object.values(values)],
    });
    await audit(inside, 'key.changed', `_api_keys:${id}`, { before: shown(before), after: shown(await lockedRow(inside, id)) });
  });

/** A new key in the place of the old one, which is good for `overlap` seconds more. */
export const rotateKey = (ctx: Ctx, id: string, overlap: number): Promise<MadeKey> =>
  withTx(ctx, async (inside) => {
    const before = await lockedRow(inside, id);
    const { key, prefix } = makeKey();
    await inside.db.run({
      text: `UPDATE underpin.api_keys SET previous = CASE WHEN $4 THEN hash END, previous_ends = CASE WHEN $4 THEN $5::timestamptz END,
               hash = $2, prefix = $3, updated = $6, version = version + 1 WHERE id = $1`,
      values: [before['id'], sha256(key), prefix, overlap > 0, new Date(ctx.now + overlap * 1000), new Date(ctx.now)],
    });
    await audit(inside, 'key.rotated', `_api_keys:${id}`, {
      before: shown(before),
      after: { ...shown(await lockedRow(inside, id)), overlap },
    });
    return { id: String(before['id']), key };
  });

export const removeKey = (ctx: Ctx, id: string): Promise<void> =>
  withTx(ctx, async (inside) => {
    const before = await lockedRow(inside, id);
    await inside.db.run({ text: 'DELETE FROM underpin.api_keys WHERE id = $1', values: [before['id']] });
    await audit(inside, 'key.deleted', `_api_keys:${id}`, { before: shown(before) });
  });

async function lockedRow(ctx: Ctx, id: string): Promise<ResultRow> {
  const key = parseId(id);
  const { rows } =
    key === undefined
      ? { rows: [] }
      : await ctx.db.run({
          text: `SELECT id, name, prefix, kind, owner, scopes, addresses, expires, rate, forward, disabled FROM underpin.api_keys WHERE id = $1 FOR UPDATE`,
          values: [key],
        });
  const [row] = rows;
  if (row === undefined) throw fail('not_found', 'There is no such key.');
  return row;
}

/** What the audit keeps of a key: all but what is secret, which is not read in the first place. */
const shown = ({ id: _id, ...rest }: ResultRow): Readonly<Record<string, unknown>> => rest;
