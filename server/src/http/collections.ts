/** /collections and /schema: definitions, for admins. */
import { Router } from 'express';
import { z } from 'zod';
import type { SchemaInfo } from '@underpin/sdk/wire';
import type { Base, Ctx } from '../ctx.ts';
import { hasScope } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { adviseIndexes } from '../records/indexes/advice.ts';
import { collectionInfo, fieldTypeInfo } from '../schema/collection.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { changeCollection, createCollection, dropCollection } from '../schema/save.ts';
import { parsed, readJson } from './body.ts';
import { noParameters, param, withoutParameters } from './incoming.ts';
import { json, noContent } from './reply.ts';
import { route } from './route.ts';

/** Admins read definitions; viewers among them change none. A service key where the door has a scope, and it has that. */
export function requireAdmin(
  ctx: Ctx,
  to: 'read' | 'change',
  scope?: { readonly on: 'schema' | 'explain'; readonly action: string },
): void {
  const { actor } = ctx;
  if (actor.kind === 'anonymous') throw fail('unauthenticated');
  if (scope !== undefined && hasScope(actor, scope.on, scope.action)) return;
  if (actor.kind === 'account' || actor.kind === 'service' || (actor.kind === 'admin' && actor.role === 'viewer' && to === 'change'))
    throw fail('forbidden');
}

const reading = { on: 'schema', action: 'read' } as const;
const changing = { on: 'schema', action: 'change' } as const;

const patch = z.strictObject({
  name: z.unknown().optional(),
  fields: z.unknown().optional(),
  indexes: z.unknown().optional(),
  rules: z.record(z.string(), z.unknown()).optional(),
  guard: z.unknown().optional(),
  auth: z.unknown().optional(),
  history: z.unknown().optional(),
  ui: z.unknown().optional(),
  base: z.string().optional(),
  confirm: z.string().optional(),
});
const confirmation = z.strictObject({ confirm: z.string().optional() });

export function collectionRoutes(base: Base): Router {
  const router = Router();
  router.use(withoutParameters);
  router.get(
    '/',
    route(base, async (ctx) => {
      requireAdmin(ctx, 'read', reading);
      return json({ data: (await schemaOf(ctx)).collections.map(collectionInfo) });
    }),
  );
  router.post(
    '/',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change', changing);
      return json(collectionInfo(await createCollection(ctx, await readJson(request, limits.body.json))), 201);
    }),
  );
  router.get(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read', reading);
      return json(collectionInfo(collectionNamed(await schemaOf(ctx), param(request, 'name'))));
    }),
  );
  router.get(
    '/:name/advice',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read', reading);
      return json({ advice: await adviseIndexes(ctx, param(request, 'name')) });
    }),
  );
  router.patch(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change', changing);
      return json(
        collectionInfo(await changeCollection(ctx, param(request, 'name'), parsed(patch, await readJson(request, limits.body.json)))),
      );
    }),
  );
  router.delete(
    '/:name',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change', changing);
      const { confirm } = parsed(confirmation, (await readJson(request, limits.body.json)) ?? {});
      await dropCollection(ctx, param(request, 'name'), confirm);
      return noContent;
    }),
  );
  return router;
}

export const schemaRoute = (base: Base) =>
  route(base, async (ctx, request) => {
    requireAdmin(ctx, 'read', reading);
    noParameters(request);
    const schema = await schemaOf(ctx);
    const info: SchemaInfo = { hash: schema.hash, collections: schema.collections.map(collectionInfo), types: fieldTypeInfo() };
    return json(info);
  });
