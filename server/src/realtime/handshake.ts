/**
 * Who opens a socket.
 *
 * Worry: a page of another site opens one with the visitor's cookie, and browsers say of sockets nothing but the page's origin.
 * Decision: a cookie counts only where that origin is exactly ours, and the handshake says whose session it means; so nobody
 * follows as an admin who did not mean to.
 */
import type { IncomingMessage } from 'node:http';
import { authenticate } from '../auth/authenticate.ts';
import { cookieOf, isSameOrigin, type CookieOf } from '../auth/cookies.ts';
import type { Base } from '../ctx.ts';
import type { Actor } from '../kit/actor.ts';
import { failAt } from '../kit/errors.ts';

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

type Said = Pick<Handshake, 'token' | 'session'> & { readonly address: string };
export function actorOf(base: Base, request: IncomingMessage, { token, session, address }: Said): Promise<Actor> {
  const authorization = bearer(token);
  const isMeant = token === undefined && session !== undefined && isSameOrigin(request, base.config);
  const cookie = isMeant ? cookieOf(request, base.config, session) : undefined;
  return authenticate(base, { authorization, cookie, address, client: undefined });
}
