/** /auth/:collection: sign-up, sign-in, refresh, sign-out, me, own sessions. In cookie mode no token leaves the cookie. */
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { SessionAnswer } from '@underpin/sdk/wire';
import { cookieOf, sessionCookie, type CookieOf } from '../auth/cookies.ts';
import type { Base, Ctx } from '../ctx.ts';
import { ownRecord, authCollection } from '../auth/accounts.ts';
import { signUp } from '../auth/flows/sign-up.ts';
import { passwordStrategy, wrongCredentials } from '../auth/methods/password.ts';
import { runStrategy } from '../auth/passport.ts';
import { countRate } from '../auth/rates.ts';
import {
  beginSession,
  endSession,
  endSessions,
  listSessions,
  noteUse,
  refreshSession,
  type Account,
  type Session,
} from '../auth/sessions.ts';
import { apiKeyOf, networkOf } from '../kit/actor.ts';
import { parseId } from '../kit/ids.ts';
import { fail, failAt } from '../kit/errors.ts';
import { limits, rates } from '../kit/limits.ts';
import { schemaOf } from '../schema/load.ts';
import { adminsId } from '../schema/system.ts';
import { isObject } from '../records/parse/input.ts';
import { parsed, readJson } from './body.ts';
import { param, withoutParameters } from './incoming.ts';
import { accepted, json, noContent, text, type Reply } from './reply.ts';
import { route } from './route.ts';

const credentials = z.strictObject({ email: z.string().max(320), password: z.string().max(limits.password.max) });
const refresh = z.strictObject({ refreshToken: z.string().max(200).optional() });

const bodyOf = (request: Request): Promise<unknown> => readJson(request, limits.body.auth);

/** Whether the caller wants its session in a cookie. */
export function wantsCookie(request: Request): boolean {
  const sent = request.headers['x-underpin-session'];
  if (sent === undefined) return false;
  if (sent !== 'cookie') throw failAt('invalid_request', '/X-Underpin-Session', 'X-Underpin-Session must be "cookie"');
  return true;
}

/** The answer to sign-in: the account's record, and either tokens or a cookie. */
export async function sessionReply(ctx: Ctx, request: Request, account: Account, session: Session, status = 200): Promise<Reply> {
  const record = await ownRecord(ctx, account);
  const cookie = wantsCookie(request);
  const answer: Omit<SessionAnswer, 'record'> = cookie
    ? { expiresAt: new Date(session.ends).toISOString() }
    : { accessToken: session.accessToken, refreshToken: session.refreshToken, expiresAt: new Date(session.expires).toISOString() };
  return text(
    `{"record":${record},${JSON.stringify(answer).slice(1)}`,
    status,
    cookie ? { 'Set-Cookie': sessionCookie(request, ctx.config, { of: cookieKind(account), token: session.refreshToken }) } : {},
  );
}

const cookieKind = (account: Account): CookieOf => (account.collectionId === adminsId ? 'admin' : 'account');

export const deviceOf = (request: Request): string => request.headers['user-agent'] ?? 'unknown';

export function authRoutes(base: Base): Router {
  const router = Router();
  router.use(withoutParameters);
  router.post(
    '/:collection/sign-in',
    route(
      base,
      async (ctx, request) => {
        const collection = authCollection(await schemaOf(ctx), param(request, 'collection'));
        wantsCookie(request);
        request.body = parsed(credentials, await bodyOf(request));
        const account = await runStrategy(passwordStrategy(ctx, collection), request);
        if (account === undefined) throw wrongCredentials();
        return sessionReply(ctx, request, account, await beginSession(ctx, account, deviceOf(request)));
      },
      { anonymous: true },
    ),
  );
  router.post(
    '/:collection/sign-up',
    route(
      base,
      async (ctx, request) => {
        const body = await bodyOf(request);
        if (!isObject(body)) throw failAt('invalid_request', '', 'The body must be a JSON object');
        await countRate(ctx, `sign-up:${networkOf(ctx.actor.address)}`, rates.signUp);
        const account = await signUp(ctx, authCollection(await schemaOf(ctx), param(request, 'collection')), body);
        if (account === undefined) return accepted;
        return sessionReply(ctx, request, account, await beginSession(ctx, account, deviceOf(request)), 201);
      },
      { anonymous: true },
    ),
  );
  router.post(
    '/:collection/refresh',
    route(
      base,
      async (ctx, request) => {
        const collection = authCollection(await schemaOf(ctx), param(request, 'collection'));
        const body = parsed(refresh, (await bodyOf(request)) ?? {});
        const token =
          body.refreshToken ??
          (wantsCookie(request) ? cookieOf(request, ctx.config, collection.id === adminsId ? 'admin' : 'account')?.token : undefined);
        if (token === undefined) throw fail('unauthenticated', 'There is no refresh token.');
        await countRate(ctx, `refresh:${networkOf(ctx.actor.address)}`, rates.refresh);
        const session = await refreshSession(ctx, collection.id, token);
        return sessionReply(ctx, request, { id: session.account, collectionId: collection.id, collection: collection.name }, session);
      },
      { anonymous: true },
    ),
  );
  router.post(
    '/:collection/sign-out',
    route(base, async (ctx, request) => {
      const { account, session } = await signedIn(ctx, request);
      await endSession(ctx, account, session);
      const { authorization, cookie } = request.headers;
      return authorization === undefined && cookie !== undefined
        ? { ...noContent, headers: { 'Set-Cookie': sessionCookie(request, ctx.config, { of: cookieKind(account), token: '' }) } }
        : noContent;
    }),
  );
  router.get(
    '/:collection/me',
    route(base, async (ctx, request) => {
      const { account, session } = await callerAs(ctx, request);
      return text(`{"record":${await ownRecord(ctx, account)}}`, 200, await prolonged(ctx, request, account, session));
    }),
  );
  router.get(
    '/:collection/sessions',
    route(base, async (ctx, request) => {
      const { account, session } = await signedIn(ctx, request);
      return json({ data: await listSessions(ctx, account, session) });
    }),
  );
  router.delete(
    '/:collection/sessions',
    route(base, async (ctx, request) => {
      const { account, session } = await signedIn(ctx, request);
      return json({ count: await endSessions(ctx, account, session) });
    }),
  );
  router.delete(
    '/:collection/sessions/:id',
    route(base, async (ctx, request) => {
      const { account } = await signedIn(ctx, request);
      const id = parseId(param(request, 'id'));
      if (id === undefined || !(await endSession(ctx, account, id))) throw fail('not_found');
      return noContent;
    }),
  );
  return router;
}

/** An app asks this at each load, and so keeps the session and the cookie that it is used with for as long as it is used. */
async function prolonged(ctx: Ctx, request: Request, account: Account, session: string): Promise<Readonly<Record<string, string>>> {
  const cookie = request.headers.authorization === undefined ? cookieOf(request, ctx.config, cookieKind(account)) : undefined;
  if (cookie === undefined || !(await noteUse(ctx, session))) return {};
  return { 'Set-Cookie': sessionCookie(request, ctx.config, cookie) };
}

/** The same with a session of his own, which a key is not. */
export async function signedIn(ctx: Ctx, request: Request): Promise<{ account: Account; session: string }> {
  if (apiKeyOf(ctx.actor) !== undefined) throw fail('forbidden', 'An API key has no session, and changes none.');
  return callerAs(ctx, request);
}

/** The caller as an account of the collection in the path: another collection's token is refused. */
async function callerAs(ctx: Ctx, request: Request): Promise<{ account: Account; session: string }> {
  const collection = authCollection(await schemaOf(ctx), param(request, 'collection'));
  const { actor } = ctx;
  const mine = (actor.kind === 'account' && actor.collection === collection.name) || (actor.kind === 'admin' && collection.id === adminsId);
  if (!mine) throw fail('unauthenticated', `Sign in to "${collection.name}" first.`);
  return { account: { id: actor.id, collectionId: collection.id, collection: collection.name }, session: actor.session };
}
