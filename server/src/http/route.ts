/** Around every route: an id, who is asking, how much he may, the work, the answer, one line in the log. */
import type { Request, RequestHandler, Response } from 'express';
import type { Base, Ctx } from '../ctx.ts';
import { authenticate } from '../auth/authenticate.ts';
import { isStalePlan } from '../db/pg-errors.ts';
import { newId } from '../kit/ids.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { loadedHash, reloadSchema } from '../schema/load.ts';
import { cookieOf } from './cookies.ts';
import { admit, countAddress, type Admitted } from './middleware/limits.ts';
import { toReply } from './middleware/errors.ts';
import { send, type Reply } from './reply.ts';

export type Work = (ctx: Ctx, request: Request) => Promise<Reply>;
export interface RouteOptions {
  /** Reads although the method is POST (query), or the other way round. */
  readonly write?: boolean;
  /** Judged as nobody whatever is sent: sign-in and setup, where old credentials must not stand in the way. */
  readonly anonymous?: boolean;
}

export const route =
  (base: Base, work: Work, options: RouteOptions = {}): RequestHandler =>
  (request, response) => {
    void answer(base, work, options, request, response);
  };

async function answer(base: Base, work: Work, options: RouteOptions, request: Request, response: Response): Promise<void> {
  const begun = performance.now();
  const requestId = requestIdOf(request, base.clock());
  response.setHeader('X-Request-Id', requestId);
  let admitted: Admitted | undefined;
  try {
    if (request.url.length > limits.url) throw fail('limit_exceeded', `A URL may have at most ${limits.url} characters.`);
    const ctx = await contextOf(base, options, request, requestId);
    admitted = admit(base, ctx.actor, options.write ?? !['GET', 'HEAD'].includes(request.method));
    for (const [name, value] of Object.entries(admitted.headers)) response.setHeader(name, value);
    const reply = await withFreshSchema(ctx, () => work(ctx, request));
    const hash = loadedHash(base);
    if (hash !== undefined) response.setHeader('X-Schema-Hash', hash);
    send(response, reply);
  } catch (error) {
    if (!response.headersSent) send(response, toReply(error, requestId, base.log));
    // What was not read of the body would be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false;
  } finally {
    admitted?.release();
    base.log.info(
      { requestId, method: request.method, path: request.path, status: response.statusCode, ms: Math.round(performance.now() - begun) },
      'request',
    );
  }
}

async function contextOf(base: Base, options: RouteOptions, request: Request, requestId: string): Promise<Ctx> {
  const address = request.ip ?? 'unknown';
  const { authorization } = request.headers;
  const cookie = authorization === undefined && options.anonymous !== true ? cookieOf(request) : undefined;
  const actor = await authenticate(base, { authorization: options.anonymous === true ? undefined : authorization, cookie, address }).catch(
    (error: unknown) => {
      countAddress(base, address);
      throw error;
    },
  );
  return { ...base, db: base.database.app, actor, requestId, now: base.clock(), request: { ip: address, method: request.method } };
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

function requestIdOf(request: Request, now: number): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(sent) ? sent : newId(now);
}
