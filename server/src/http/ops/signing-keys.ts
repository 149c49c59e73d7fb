/** The keys of access tokens: the public ones for whoever checks tokens by himself, and their rotation by an owner. */
import type { RequestHandler } from 'express';
import { jwks, rotateSigningKeys } from '../../auth/keys.ts';
import { requireProof } from '../../auth/proof.ts';
import type { Base } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { requireAdmin } from '../collections.ts';
import { noParameters } from '../incoming.ts';
import { json } from '../reply.ts';
import { route } from '../route.ts';

export const publicKeys = (base: Base): RequestHandler =>
  route(base, async () => json(await jwks(base), 200, { 'Cache-Control': 'public, max-age=60' }), { anonymous: true });

export const rotation = (base: Base): RequestHandler =>
  route(base, async (ctx, request) => {
    noParameters(request);
    requireAdmin(ctx, 'change');
    if (ctx.actor.kind === 'admin' && ctx.actor.role !== 'owner') throw fail('forbidden', 'Owners rotate the signing keys.');
    await requireProof(ctx);
    const { id, before, ends } = await rotateSigningKeys(ctx);
    return json({ key: id, before: { key: before, ends: new Date(ends).toISOString() } });
  });
