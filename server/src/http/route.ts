/** Around every route: an id, who is asking, how much he may, the work, the answer, one line in the log. */
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Base, Ctx } from '../ctx.ts';
import { admit, countAddress, type Admitted } from '../auth/admit.ts';
import { authenticate, authenticateNobody, type Credentials } from '../auth/authenticate.ts';
import { cookieOf, meantBy, type SessionCookie } from '../auth/cookies.ts';
import { positionOf } from '../changes/position.ts';
import { isStalePlan } from '../db/pg-errors.ts';
import { hasScope, type Actor } from '../kit/actor.ts';
import { newId } from '../kit/ids.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { addressOf } from '../kit/peer.ts';
import { Timing } from '../kit/timing.ts';
import { loadedHash, reloadSchema } from '../schema/load.ts';
import { corsHeaders } from './cors.ts';
import { pathOf, urlOf, type Incoming } from './incoming.ts';
import { toReply } from './middleware/errors.ts';
import { send, sendBytes, sendChunks, type Reply } from './reply.ts';

export type Work<R extends Incoming = Request> = (ctx: Ctx, request: R) => Promise<Reply>;
export interface RouteOptions {
  /** Reads although the method is POST (query), or the other way round. */
  readonly write?: boolean;
  /** Judged as nobody whatever is sent: sign-in and setup, where old credentials must not stand in the way. */
  readonly anonymous?: boolean;
  /** Asked for by elements of pages too. */
  readonly shown?: boolean;
}

export const route =
  (base: Base, work: Work, options: RouteOptions = {}): RequestHandler =>
  (request, response) => {
    void answer(base, work, options, request, response);
  };

export async function answer<R extends Incoming>(
  base: Base,
  work: Work<R>,
  options: RouteOptions,
  request: R,
  response: ServerResponse,
): Promise<void> {
  const begun = performance.now();
  const requestId = requestIdOf(request, base.clock());
  const headers = corsHeaders(base.config.CORS_ORIGINS, request);
  headers['X-Content-Type-Options'] = 'nosniff';
  headers['X-Request-Id'] = requestId;
  let admitted: Admitted | undefined;
  try {
    if (urlOf(request).length > limits.url) throw fail('limit_exceeded', `A URL may have at most ${limits.url} characters.`);
    const ctx = await contextOf(base, options, request, requestId);
    admitted = admit(base, ctx.actor, options.write ?? !['GET', 'HEAD'].includes(request.method ?? ''), headers);
    const reply = await withFreshSchema(ctx, () => work(ctx, request));
    if (wantsPosition(request)) await tellPosition(ctx, headers);
    const hash = loadedHash(base);
    if (hash !== undefined) headers['X-Schema-Hash'] = hash;
    const timing = ctx.timing?.header;
    if (timing !== undefined) headers['Server-Timing'] = timing;
    // What was not read of the body would be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false;
    // Who listens is none of the requests that are under way.
    if (reply.until !== undefined) {
      admitted.release();
      admitted = undefined;
    }
    if (reply.bytes !== undefined) await sendBytes(response, reply, reply.bytes, headers);
    else if (reply.chunks === undefined) send(response, reply, headers);
    else await sendChunks(response, reply, reply.chunks, headers);
  } catch (error) {
    // What was not read of the body would be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false;
    if (response.headersSent) base.log.warn({ requestId, err: error }, 'an answer broke off');
    else send(response, toReply(error, requestId, base.log), headers);
  } finally {
    admitted?.release();
    if (base.log.isLevelEnabled('info'))
      base.log.info(
        {
          requestId,
          method: request.method,
          path: pathOf(request),
          status: response.statusCode,
          ms: Math.round(performance.now() - begun),
        },
        'request',
      );
  }
}

/** Who sent a request; also of one that is answered for long, whose rights may have ended since. */
export async function askedBy(base: Base, request: Incoming, options: RouteOptions = {}): Promise<Actor> {
  const address = addressOf(request, base.config);
  const { authorization } = request.headers;
  const cookies =
    authorization === undefined && options.anonymous !== true
      ? kindsMeant(request, options).flatMap((kind) => cookieOf(request, base.config, kind) ?? [])
      : [];
  const named = request.headers['x-client-address'];
  const from = { address, client: typeof named === 'string' ? named : undefined };
  const asking =
    options.anonymous === true ? authenticateNobody(base, authorization, from) : firstOf(base, { authorization, ...from }, cookies);
  return asking.catch((error: unknown) => {
    countAddress(base, address);
    throw error;
  });
}

/** Who the first of the cookies names that names anybody. */
async function firstOf(base: Base, credentials: Omit<Credentials, 'cookie'>, cookies: readonly SessionCookie[]): Promise<Actor> {
  const [cookie, ...others] = cookies;
  const actor = await authenticate(base, { ...credentials, cookie });
  return actor.kind === 'anonymous' && others.length > 0 ? firstOf(base, credentials, others) : actor;
}

/** Whose cookie counts. A picture in a page cannot say whom it means: the dashboard's first, else that of the page's own visitor. */
const kindsMeant = (request: Incoming, { shown = false }: RouteOptions): readonly ('admin' | 'account')[] =>
  shown && request.headers['x-underpin-session'] === undefined ? ['admin', 'account'] : [meantBy(request, pathOf(request))];

async function contextOf(base: Base, options: RouteOptions, request: Incoming, requestId: string): Promise<Ctx> {
  const actor = await askedBy(base, request, options);
  return {
    ...base,
    db: base.database.app,
    actor,
    requestId,
    now: base.clock(),
    request: { ip: addressOf(request, base.config), method: request.method ?? '' },
    timing: actor.kind === 'admin' || hasScope(actor, 'explain', 'read') ? new Timing() : undefined,
  };
}

/**
 * A statement may meet a table that another process changed a moment ago. Nothing of it was done then (a write is one
 * statement or one transaction), so the schema is loaded anew and the request done again, once.
 */
async function withFreshSchema(ctx: Ctx, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (!isStalePlan(error)) throw error;
    ctx.log.info(
      { requestId: ctx.requestId, problem: error instanceof Error ? error.message : '' },
      'met another schema than planned for; loading it anew',
    );
    await reloadSchema(ctx);
    return work();
  }
}

function requestIdOf(request: Incoming, now: number): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(sent) ? sent : newId(now);
}

/** RFC 7240. A client that follows live queries asks with its writes for their place in the log. */
const wantsPosition = ({ method, headers: { prefer } }: Incoming): boolean =>
  method !== 'GET' && typeof prefer === 'string' && prefer.split(',').some((one) => one.trim() === 'position');

/**
 * A place at or behind the commit: where nothing else is written, the very one at which the change is told. The message makes the log
 * come there at once in any case.
 */
async function tellPosition(ctx: Ctx, headers: Record<string, string>): Promise<void> {
  const { epoch, state } = ctx.changes;
  if (state !== 'live') return;
  const [row] = await ctx.database.app.texts({
    name: 'position',
    text: `WITH here AS MATERIALIZED (SELECT pg_current_wal_insert_lsn()::text AS place)
           SELECT place, pg_logical_emit_message(true, 'underpin.barrier', '')::text FROM here`,
  });
  headers['X-Underpin-Position'] = `${epoch}.${positionOf(row?.[0] ?? '')}`;
}
