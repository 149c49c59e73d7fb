/**
 * Who opens a socket.
 *
 * Worry: a page of another site opens one with the visitor's cookie, and browsers say of sockets nothing but the page's origin.
 * Decision: a cookie counts only where that origin is exactly ours, and the handshake says whose session it means; so nobody
 * follows as an admin who did not mean to.
 */
import type { IncomingMessage } from 'node:http';
import { authenticate } from '../../auth/authenticate.ts';
import { cookieOf, isSameOrigin, type CookieOf, type SessionCookie } from '../../auth/cookies.ts';
import type { Base } from '../../ctx.ts';
import type { Actor } from '../../kit/actor.ts';
import type { Config } from '../../kit/config.ts';
import { failAt } from '../../kit/errors.ts';
import { addressOf } from '../../kit/peer.ts';

interface Handshake {
  readonly token: string | undefined;
  /** Whose cookie says who asks, where no token does. */
  readonly session: CookieOf | undefined;
  readonly v: unknown;
}
export function readHandshake(auth: Readonly<Record<string, unknown>>): Handshake {
  const { token, session, v = 1 } = auth;
  if (token !== undefined && token !== null && typeof token !== 'string')
    throw failAt('invalid_request', '/token', 'The token must be text');
  if (session !== undefined && session !== 'account' && session !== 'admin')
    throw failAt('invalid_request', '/session', 'The session is "account" or "admin"');
  return { token: token ?? undefined, session, v };
}

export const bearer = (token: string | undefined): string | undefined => (token === undefined ? undefined : `Bearer ${token}`);

/** What somebody came with, by which he is asked who he is for as long as he stays. */
export interface Came {
  readonly token: string | undefined;
  /** Counts while he shows no token. */
  readonly cookie: SessionCookie | undefined;
  readonly address: string;
}
export function cameWith(request: IncomingMessage, config: Config, { token, session }: Handshake): Came {
  const isMeant = session !== undefined && isSameOrigin(request, config);
  return { token, cookie: isMeant ? cookieOf(request, config, session) : undefined, address: addressOf(request, config) };
}

export const actorOf = (base: Base, { token, cookie, address }: Came): Promise<Actor> =>
  authenticate(base, { authorization: bearer(token), cookie: token === undefined ? cookie : undefined, address, client: undefined });
