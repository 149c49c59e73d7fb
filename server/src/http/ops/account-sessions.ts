/** /ops/accounts: the sessions of any account, for admins to look at and to end. */
import { Router, type Request } from 'express';
import { accountNamed } from '../../auth/accounts.ts';
import { endSession, endSessions, listSessions, type Account } from '../../auth/sessions.ts';
import type { Base, Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { parseId } from '../../kit/ids.ts';
import { adminsId } from '../../schema/system.ts';
import { requireAdmin } from '../collections.ts';
import { noParameters, param } from '../incoming.ts';
import { json, noContent } from '../reply.ts';
import { route } from '../route.ts';

export function accountSessionRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/:collection/:id/sessions',
    route(base, async (ctx, request) => json({ data: await listSessions(ctx, await accountFor(ctx, request, 'read'), '') })),
  );
  router.delete(
    '/:collection/:id/sessions',
    route(base, async (ctx, request) => json({ count: await endSessions(ctx, await accountFor(ctx, request, 'change')) })),
  );
  router.delete(
    '/:collection/:id/sessions/:session',
    route(base, async (ctx, request) => {
      const account = await accountFor(ctx, request, 'change');
      const session = parseId(param(request, 'session'));
      if (session === undefined || !(await endSession(ctx, account, session))) throw fail('not_found');
      return noContent;
    }),
  );
  return router;
}

/** The account in the path. Sessions of admins are ended by owners, and by each admin his own. */
async function accountFor(ctx: Ctx, request: Request, to: 'read' | 'change'): Promise<Account> {
  noParameters(request);
  requireAdmin(ctx, to);
  const account = await accountNamed(ctx, param(request, 'collection'), param(request, 'id'));
  const { actor } = ctx;
  const mayEnd = account.collectionId !== adminsId || (actor.kind === 'admin' && (actor.role === 'owner' || actor.id === account.id));
  if (to === 'change' && !mayEnd) throw fail('forbidden', 'Owners end the sessions of other admins.');
  return account;
}
