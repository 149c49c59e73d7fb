/** /ops/outbox: what became of messages, for admins. */
import { Router } from 'express';
import { z } from 'zod';
import type { Base } from '../../ctx.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { parseId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { outboxState, readMessage, sendTest } from '../../messages/outbox.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import { parsed, readJson } from '../body.ts';
import { requireAdmin } from '../collections.ts';
import { noParameters, param } from '../incoming.ts';
import { json } from '../reply.ts';
import { route } from '../route.ts';

const test = z.strictObject({ to: z.string().max(320) });

export function outboxRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'read');
      noParameters(request);
      return json(await outboxState(ctx));
    }),
  );
  router.get(
    '/:id',
    route(base, async (ctx, request) => {
      // A body may hold what signs somebody in: not for those who only look.
      requireAdmin(ctx, 'change');
      const id = parseId(param(request, 'id'));
      if (id === undefined) throw fail('not_found');
      return json(await readMessage(ctx, id));
    }),
  );
  router.post(
    '/test',
    route(base, async (ctx, request) => {
      requireAdmin(ctx, 'change');
      const to = parseEmail(parsed(test, await readJson(request, limits.body.json)).to);
      if (to === undefined) throw failAt('validation_failed', '/to', 'must be an e-mail address');
      return json({ answer: await sendTest(ctx, to) });
    }),
  );
  return router;
}
