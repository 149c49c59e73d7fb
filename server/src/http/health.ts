/**
 * /health/live: the process answers. /health/ready: it can do its work, asked at most once a second. /health/proxy: what proxies say of
 * who asks, for `underpin doctor` alone.
 */
import type { RequestHandler } from 'express';
import { slot } from '../kit/cache.ts';
import { systemCtx, type Base } from '../ctx.ts';
import { addressOf, forwardedOf } from '../kit/peer.ts';
import { isProof, proofHeader } from '../kit/proof.ts';
import { schemaOf } from '../schema/load.ts';
import { json, send } from './reply.ts';

const held = slot<{ at: number; ready: Promise<boolean> | undefined }>('readiness', () => ({ at: 0, ready: undefined }));

export const live: RequestHandler = (_request, response) => send(response, json({ status: 'live' }));

/** Ready: Postgres takes a write, the schema is loaded, and the dashboard that is served is the one that was built. */
export const ready =
  (base: Base, hasDashboard: () => boolean): RequestHandler =>
  (_request, response) => {
    const state = base.cache.get(held);
    const now = performance.now();
    if (state.ready === undefined || now - state.at > 1_000) {
      state.at = now;
      state.ready = canWork(base).catch(() => false);
    }
    void state.ready.then((works) => {
      const ok = works && hasDashboard();
      send(response, json({ status: ok ? 'ready' : 'not ready' }, ok ? 200 : 503));
    });
  };

/** Who does not hold our secret finds nothing here, as at any path that is none. */
export const proxy =
  (base: Base): RequestHandler =>
  (request, response, next) => {
    if (!isProof(base.secret, request.headers[proofHeader], base.clock())) return next();
    const { 'x-forwarded-proto': proto } = request.headers;
    const forwardedFor = forwardedOf(request).length;
    send(response, json({ forwardedFor, proto: typeof proto === 'string' ? proto : null, address: addressOf(request, base.config) }));
  };

async function canWork(base: Base): Promise<boolean> {
  const ctx = systemCtx(base);
  await schemaOf(ctx);
  const { count } = await ctx.db.run({
    text: `INSERT INTO underpin.rate_counts (key, count, resets) VALUES ('health', 1, $1) ON CONFLICT (key) DO UPDATE SET resets = excluded.resets`,
    values: [new Date(base.clock())],
  });
  return count === 1;
}
