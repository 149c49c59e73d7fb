/** /records/_api_keys: how keys are made, changed and ended. They are read like all records; what shows a key is never kept for a repetition. */
import { Router, type Request } from 'express';
import {
  changeKey,
  createKey,
  keyPatchInput,
  newKeyInput,
  removeKey,
  rotateKey,
  rotationInput,
  type MadeKey,
} from '../auth/key-changes.ts';
import { requireProof } from '../auth/proof.ts';
import type { Base, Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { readRecord } from '../records/read.ts';
import { parsed, readJson } from './body.ts';
import { requireAdmin } from './collections.ts';
import { noParameters, param } from './incoming.ts';
import { noContent, text, type Reply } from './reply.ts';
import { route, type Work } from './route.ts';

export const keysCollection = '_api_keys';
const bodyOf = (request: Request): Promise<unknown> => readJson(request, limits.body.json);

export function keyRoutes(base: Base): Router {
  const router = Router();
  const kept = (work: Work) =>
    route(base, async (ctx, request) => {
      noParameters(request);
      await requireKeeper(ctx);
      return work(ctx, request);
    });
  router.post(
    '/',
    kept(async (ctx, request) => withKey(ctx, await createKey(ctx, parsed(newKeyInput, await bodyOf(request))), 201)),
  );
  router.patch(
    '/:id',
    kept(async (ctx, request) => {
      await changeKey(ctx, param(request, 'id'), parsed(keyPatchInput, await bodyOf(request)));
      return text(await recordOf(ctx, param(request, 'id')));
    }),
  );
  router.post(
    '/:id/rotate',
    kept(async (ctx, request) => {
      const { overlap } = parsed(rotationInput, (await bodyOf(request)) ?? {});
      return withKey(ctx, await rotateKey(ctx, param(request, 'id'), overlap), 200);
    }),
  );
  router.delete(
    '/:id',
    kept(async (ctx, request) => {
      await removeKey(ctx, param(request, 'id'));
      return noContent;
    }),
  );
  return router;
}

/** To everybody but admins there is no such collection. */
async function requireKeeper(ctx: Ctx): Promise<void> {
  const { kind } = ctx.actor;
  if (kind === 'account' || kind === 'service') throw fail('not_found', `There is no collection "${keysCollection}".`);
  requireAdmin(ctx, 'change');
  await requireProof(ctx);
}

const recordOf = async (ctx: Ctx, id: string): Promise<string> => (await readRecord(ctx, keysCollection, id, { text: false })).json;

/** The one answer that holds the key. */
const withKey = async (ctx: Ctx, { id, key }: MadeKey, status: number): Promise<Reply> =>
  text(`${(await recordOf(ctx, id)).slice(0, -1)},"key":${JSON.stringify(key)}}`, status);
