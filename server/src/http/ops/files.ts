/** /ops/files: what there is, what names it, and what goes. For admins; the files themselves are the collection `_files`. */
import { Router } from 'express';
import { z } from 'zod';
import { audit } from '../../changes/audit.ts';
import type { Base } from '../../ctx.ts';
import { fileDetails, filesSummary } from '../../files/overview.ts';
import { sweepFiles } from '../../files/sweep.ts';
import { limits } from '../../kit/limits.ts';
import { parsed, readJson } from '../body.ts';
import { requireAdmin } from '../collections.ts';
import { noParameters, param } from '../incoming.ts';
import { json } from '../reply.ts';
import { route } from '../route.ts';

const sweeping = z.strictObject({ dryRun: z.boolean() });

export function filesOpsRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      noParameters(request);
      return json(await filesSummary(ctx));
    }),
  );
  router.post(
    '/sweep',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      noParameters(request);
      const { dryRun } = parsed(sweeping, await readJson(request, limits.body.json));
      if (!dryRun) requireAdmin(ctx, 'change');
      const swept = await sweepFiles(ctx, { dryRun, strays: true });
      if (!dryRun) await audit(ctx, 'files.swept', '_files', { after: { count: swept.count, size: swept.size } });
      return json(swept);
    }),
  );
  router.get(
    '/:id',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      noParameters(request);
      return json(await fileDetails(ctx, param(request, 'id')));
    }),
  );
  return router;
}
