/**
 * Links that work without signing in, for a while. A link is no right of its own: it says who made it and for whom, and at each use these two
 * are asked whether they may read the file, as if they came themselves. So a link ends when either's rights do, and needs no list of links.
 */
import type { FileLink } from '@underpin/sdk/wire';
import { z } from 'zod';
import type { Base, Ctx } from '../ctx.ts';
import { apiKeyOf, isPrivileged, type Actor } from '../kit/actor.ts';
import { deriveKey, hmac, sameText } from '../kit/crypto.ts';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { publicUrl } from '../kit/config.ts';
import { schemaOf } from '../schema/load.ts';
import { adminsId } from '../schema/system.ts';
import { readableOf, type ReadableFile } from './access.ts';
import { urlOf } from './names.ts';

export const linkBody = z.strictObject({
  expiresIn: z.number().int().min(1).optional(),
  thumb: z.string().max(20).optional(),
  download: z.boolean().optional(),
  /** Whose rights the link has besides: for admins and service keys. */
  for: z.strictObject({ collection: z.string(), id: z.uuid() }).optional(),
});

/** Somebody who may come back: an account or admin by the id of the collection and its own, a key by its id, or anybody. */
export type Named = readonly ['account', string, string] | readonly ['key', string] | readonly ['anyone'];
const named = z.union([
  z.tuple([z.literal('account'), z.string(), z.string()]).readonly(),
  z.tuple([z.literal('key'), z.string()]).readonly(),
  z.tuple([z.literal('anyone')]).readonly(),
]);
const claims = z.object({
  file: z.string(),
  thumb: z.string().optional(),
  download: z.boolean(),
  expires: z.number(),
  maker: named,
  holder: named,
});
export type Claims = z.infer<typeof claims>;

export async function makeLink(ctx: Ctx, id: string, body: z.infer<typeof linkBody>): Promise<FileLink> {
  const file = await readableOf(ctx, id, body.thumb); // 404
  const isTrusted = isPrivileged(ctx.actor) || apiKeyOf(ctx.actor) !== undefined;
  const most = isTrusted ? limits.links.mostOfAdmins : limits.links.most;
  const seconds = body.expiresIn ?? limits.links.usual;
  if (seconds > most) throw failAt('limit_exceeded', '/expiresIn', `A link is good for at most ${most} seconds`);
  const maker = await nameOf(ctx);
  const expires = Math.floor(ctx.now / 1000) + seconds;
  const holder = body.for === undefined ? maker : await holderOf(ctx, body.for);
  const token = sign(ctx, { file: file.id, thumb: body.thumb, download: body.download === true, expires, maker, holder });
  return { url: `${publicUrl(ctx.config)}${urlOf(file.id, file.name)}?token=${token}`, expires: new Date(expires * 1000).toISOString() };
}

async function nameOf(ctx: Ctx): Promise<Named> {
  const { actor } = ctx;
  const key = apiKeyOf(actor);
  if (key !== undefined) return ['key', key.id];
  if (actor.kind === 'admin') return ['account', adminsId, actor.id];
  if (actor.kind !== 'account') return ['anyone'];
  const collection = (await schemaOf(ctx)).byName.get(actor.collection);
  return ['account', collection?.id ?? '', actor.id];
}

async function holderOf(ctx: Ctx, { collection: name, id }: { readonly collection: string; readonly id: string }): Promise<Named> {
  if (!isPrivileged(ctx.actor) && ctx.actor.kind !== 'service')
    throw failAt('forbidden', '/for', 'Only admins and service keys make links for others');
  const collection = (await schemaOf(ctx)).byName.get(name);
  if (collection?.kind !== 'auth') throw failAt('invalid_request', '/for/collection', `There are no accounts "${name}"`);
  return ['account', collection.id, id];
}

const keyOf = (base: Base): Buffer => deriveKey(base.secret, 'file links');
const sumOf = (base: Base, text: string): string => hmac(keyOf(base), text).toString('base64url');

function sign(base: Base, content: Claims): string {
  const text = Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${text}.${sumOf(base, text)}`;
}

/** What a link says, if we made it for this file and it is not over. */
export function openLink(ctx: Ctx, id: string, token: string): Claims {
  const [text = '', sum = ''] = token.split('.');
  const parsed = sameText(sum, sumOf(ctx, text)) ? claims.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())) : undefined;
  if (parsed?.success !== true || parsed.data.file !== id.toLowerCase() || parsed.data.expires * 1000 <= ctx.now)
    throw fail('forbidden', 'The link is not good (any more).');
  return parsed.data;
}

/** The file of a link, where both whom it names may still read it. `comeBack`: somebody as he would be if he asked now. */
export async function fileOfLink(
  ctx: Ctx,
  { file, thumb, maker, holder }: Claims,
  comeBack: (who: Named) => Promise<Actor | undefined>,
): Promise<ReadableFile> {
  const readable = async (who: Named): Promise<ReadableFile> => {
    const actor = await comeBack(who);
    if (actor === undefined) throw fail('not_found');
    return readableOf({ ...ctx, actor }, file, thumb);
  };
  const found = await readable(maker);
  return String(maker) === String(holder) ? found : readable(holder);
}
