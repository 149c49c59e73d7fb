/** /ops/queues: what is to be done, what failed, and what the clock starts. For admins; the jobs themselves are the collection `_jobs`. */
import { Router, type Request } from 'express';
import { audit, type Audited } from '../../changes/audit.ts';
import { withTx, type Base, type Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { parseId } from '../../kit/ids.ts';
import { cancelJob, queueCounts, retryFailed, retryJob, scheduleInfos } from '../../queue/jobs.ts';
import { requireAdmin } from '../collections.ts';
import { param, withoutParameters } from '../incoming.ts';
import { json, noContent, type Reply } from '../reply.ts';
import { route } from '../route.ts';

export function queueRoutes(base: Base): Router {
  const router = Router();
  router.use(withoutParameters);
  router.get(
    '/',
    route(base, async (ctx) => {
      requireAdmin(ctx, 'read');
      return json({ queues: await queueCounts(ctx), schedules: scheduleInfos(ctx) });
    }),
  );
  router.post(
    '/retry',
    route(base, async (ctx) => {
      requireAdmin(ctx, 'change');
      const retried = await withTx(ctx, async (inside) => {
        const count = await retryFailed(inside);
        if (count > 0) await audit(inside, 'job.retried', '_jobs', { after: { count } });
        return count;
      });
      return json({ retried });
    }),
  );
  router.post(
    '/jobs/:id/retry',
    route(base, (ctx, request) => changeJob(ctx, request, 'job.retried', retryJob)),
  );
  router.post(
    '/jobs/:id/cancel',
    route(base, (ctx, request) => changeJob(ctx, request, 'job.cancelled', cancelJob)),
  );
  return router;
}

async function changeJob(ctx: Ctx, request: Request, action: Audited, change: typeof retryJob): Promise<Reply> {
  requireAdmin(ctx, 'change');
  const id = parseId(param(request, 'id'));
  if (id === undefined) throw fail('not_found');
  await withTx(ctx, async (inside) => {
    await change(inside, id);
    await audit(inside, action, `_jobs:${id}`);
  });
  return noContent;
}
