/** /auth/:collection: what an account proves and changes of itself, by mails or by its password. */
import { Router, type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { authCollection, ownRecord } from '../auth/accounts.ts';
import { ask } from '../auth/flows/ask.ts';
import { confirmCode, requestCode } from '../auth/flows/code.ts';
import { confirmEmail, requestEmail } from '../auth/flows/email.ts';
import { endAccount } from '../auth/flows/end.ts';
import { makeGuest, upgradeGuest } from '../auth/flows/guest.ts';
import { ownData } from '../auth/flows/own-data.ts';
import { changePassword, resetPassword } from '../auth/flows/password.ts';
import { prove, type Holder } from '../auth/flows/prove.ts';
import { confirmVerification, requestVerification } from '../auth/flows/verify.ts';
import { countRate } from '../auth/rates.ts';
import { beginSession } from '../auth/sessions.ts';
import type { Base, Ctx } from '../ctx.ts';
import { networkOf } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { limits, rates } from '../kit/limits.ts';
import { exportTypes } from '../records/export.ts';
import { methodsOf } from '../schema/auth-options.ts';
import type { Collection } from '../schema/collection.ts';
import { schemaOf } from '../schema/load.ts';
import { adminsId } from '../schema/system.ts';
import { deviceOf, sessionReply, signedIn } from './auth.ts';
import { parsed, readJson } from './body.ts';
import { noParameters, param } from './incoming.ts';
import { accepted, json, noContent, text, type Reply } from './reply.ts';
import { route } from './route.ts';

const email = z.string().max(320);
const token = z.string().max(200);
const password = z.string().max(limits.password.max);
const current = password.optional();
const redirect = z.string().max(2_000).optional();

const asked = z.strictObject({ email, redirect });
const byLink = z.strictObject({ token });
const reset = z.strictObject({ token, password });
const change = z.strictObject({ current, password });
const moved = z.strictObject({ current, email, redirect });
const code = z.union([byLink, z.strictObject({ email, code: z.string().max(20) })], {
  error: 'must be { token } or { email, code }',
});
const upgrade = z.strictObject({ email, password });
const ended = z.strictObject({ current });

export function accountRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/:collection/methods',
    route(base, async (ctx, request) => {
      noParameters(request);
      return json(methodsOf(await collectionOf(ctx, request)));
    }),
  );
  router.post(
    '/:collection/verify/request',
    byAnybody(base, asked, async (ctx, of, body) => done(requestVerification(ctx, of, body))),
  );
  router.post(
    '/:collection/verify/confirm',
    byAnybody(base, byLink, async (ctx, of, body) => onward(await confirmVerification(ctx, of, body.token))),
  );
  router.post(
    '/:collection/password/forgot',
    byAnybody(base, asked, async (ctx, of, body) => done(ask(ctx, of, 'reset', body))),
  );
  router.post(
    '/:collection/password/reset',
    byAnybody(base, reset, async (ctx, of, body) => onward(await resetPassword(ctx, of, body.token, body.password))),
  );
  router.post(
    '/:collection/password/change',
    byItself(base, change, async (ctx, of, body, me) => {
      await changePassword(ctx, await prove(ctx, of, me, body.current), me.session, body.password);
      return noContent;
    }),
  );
  router.post(
    '/:collection/code/request',
    byAnybody(base, asked, async (ctx, of, body) => done(requestCode(ctx, of, body))),
  );
  router.post(
    '/:collection/code/confirm',
    byAnybody(base, code, async (ctx, of, body, request) => {
      const account = await confirmCode(ctx, of, body);
      return sessionReply(ctx, request, account, await beginSession(ctx, account, deviceOf(request)));
    }),
  );
  router.post(
    '/:collection/email/change',
    byItself(base, moved, async (ctx, of, body, me) =>
      done(requestEmail(ctx, of, await prove(ctx, of, me, body.current), me.session, body)),
    ),
  );
  router.post(
    '/:collection/email/confirm',
    byAnybody(base, byLink, async (ctx, of, body) => onward(await confirmEmail(ctx, of, body.token))),
  );
  router.post(
    '/:collection/guest',
    byAnybody(base, z.record(z.string(), z.unknown()), async (ctx, of, body, request) => {
      await countRate(ctx, `sign-up:${networkOf(ctx.actor.address)}`, rates.signUp);
      const account = await makeGuest(ctx, of, body);
      return sessionReply(ctx, request, account, await beginSession(ctx, account, deviceOf(request)), 201);
    }),
  );
  router.post(
    '/:collection/upgrade',
    byItself(base, upgrade, async (ctx, of, body, me) => {
      if (!(await upgradeGuest(ctx, of, me, body))) return accepted;
      return text(`{"record":${await ownRecord(ctx, { id: me.id, collectionId: of.id, collection: of.name })}}`);
    }),
  );
  router.get(
    '/:collection/me/data',
    route(base, async (ctx, request) => {
      noParameters(request);
      const { account, session } = await signedIn(ctx, request);
      if (account.collectionId === adminsId) throw fail('forbidden', 'What is kept of admins they read in the collections.');
      await countRate(ctx, `own-data:${account.id}`, rates.ownData);
      const headers = { 'Content-Type': exportTypes.json, 'Content-Disposition': 'attachment; filename="my-data.json"' };
      return { status: 200, chunks: ownData(ctx, account, session), headers };
    }),
  );
  router.delete(
    '/:collection/me',
    byItself(base, ended, async (ctx, of, body, me) => {
      if (of.id === adminsId) throw fail('forbidden', 'Admins are taken away by admins.');
      await endAccount(ctx, await prove(ctx, of, me, body.current, { orRecent: true }));
      return noContent;
    }),
  );
  return router;
}

const collectionOf = async (ctx: Ctx, request: Request): Promise<Collection> =>
  authCollection(await schemaOf(ctx), param(request, 'collection'));

const bodyOf = async <T>(request: Request, schema: z.ZodType<T>): Promise<T> => {
  noParameters(request);
  return parsed(schema, (await readJson(request, limits.body.auth)) ?? {});
};

/** Whatever is sent of credentials: who asks shows what he has by the body. */
const byAnybody = <T>(
  base: Base,
  schema: z.ZodType<T>,
  work: (ctx: Ctx, of: Collection, body: T, request: Request) => Promise<Reply>,
): RequestHandler =>
  route(
    base,
    async (ctx, request) => {
      const of = await collectionOf(ctx, request);
      const body = await bodyOf(request, schema);
      await countRate(ctx, `asked:${networkOf(ctx.actor.address)}`, rates.signInAddress);
      return work(ctx, of, body, request);
    },
    { anonymous: true },
  );

const byItself = <T>(
  base: Base,
  schema: z.ZodType<T>,
  work: (ctx: Ctx, of: Collection, body: T, me: Holder) => Promise<Reply>,
): RequestHandler =>
  route(base, async (ctx, request) => {
    const { account, session } = await signedIn(ctx, request);
    return work(ctx, await collectionOf(ctx, request), await bodyOf(request, schema), { id: account.id, session });
  });

const done = async (work: Promise<void>): Promise<Reply> => {
  await work;
  return accepted;
};

/** Where the page of ours may lead on to. */
const onward = (to: string | undefined): Reply => json({ redirect: to ?? null });
