/**
 * Session cookies, of the dashboard and of apps, and when a request may be judged by one.
 *
 * Worry: a browser sends a cookie with requests that another site caused. Decision: a request that changes something counts
 * only if the browser says it comes from our own origin (Sec-Fetch-Site, or an Origin that is exactly ours), and the cookies
 * are SameSite besides: Strict for the dashboard; Lax for accounts, so that a server that renders pages knows who follows a
 * link to it. Over TLS the names begin with `__Host-`, which no other host or path can set.
 *
 * Worry: an app lives on the origin of the dashboard, and its visitor is signed in to both. Decision: an app says with
 * `X-Underpin-Session: cookie` that it means its own session; so nobody acts as an admin who did not mean to.
 */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../kit/config.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { protocolOf } from '../kit/peer.ts';

/** Whose session a cookie holds. */
export type CookieOf = 'admin' | 'account';
export interface SessionCookie {
  readonly of: CookieOf;
  readonly token: string;
}

const kinds = {
  admin: { name: 'underpin_admin', site: 'Strict' },
  account: { name: 'underpin_session', site: 'Lax' },
} as const;
const secureName = (of: CookieOf): string => `__Host-${kinds[of].name}`;

const isLocal = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host) || /\.localhost(:\d+)?$/.test(host);

/** Whether the cookie is sent over TLS only; a plain one is for this machine, or where the operator allows it. */
function isSecure(request: IncomingMessage, config: Config): boolean {
  if (protocolOf(request, config) === 'https') return true;
  if (isLocal(request.headers.host ?? '') || config.INSECURE_COOKIES) return false;
  throw fail('forbidden', 'Over plain http cookies work on localhost only: use https, or set INSECURE_COOKIES=on.');
}

/** A Set-Cookie header; an empty token takes the cookie away. */
export function sessionCookie(request: IncomingMessage, config: Config, { of, token }: SessionCookie): string {
  const secure = isSecure(request, config);
  const age = token === '' ? 0 : Math.floor(limits.session.idle / 1000);
  return [
    `${secure ? secureName(of) : kinds[of].name}=${token}`,
    'Path=/',
    'HttpOnly',
    `SameSite=${kinds[of].site}`,
    `Max-Age=${age}`,
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}

/** The cookie of a request, where the request may be judged by it. */
export function cookieOf(request: IncomingMessage, config: Config, of: CookieOf): SessionCookie | undefined {
  if (request.headers.cookie === undefined) return undefined;
  const protocol = protocolOf(request, config);
  // A server that renders pages sends on what its visitor has of TLS, over a network of its own.
  const names = protocol === 'https' ? [secureName(of)] : [secureName(of), kinds[of].name];
  const parts = request.headers.cookie.split(';').map((part) => part.trim());
  const tokens = names.flatMap((name) => parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1)));
  const token = tokens.find((text) => text !== '');
  if (token === undefined) return undefined;
  if (request.method === 'GET' || request.method === 'HEAD' || isSameOrigin(request, config)) return { of, token };
  throw fail('forbidden', 'A request with a session’s cookie must come from the origin that it was given to.');
}

/** Whose session a request means. */
export const meantBy = (request: IncomingMessage, path: string): CookieOf =>
  request.headers['x-underpin-session'] === undefined || path.startsWith('/api/v1/auth/_admins/') ? 'admin' : 'account';

/** Whether the page that asks is of our own origin, as its browser says. */
export function isSameOrigin(request: IncomingMessage, config: Config): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const protocol = protocolOf(request, config);
  return request.headers.origin === `${protocol}://${request.headers.host ?? ''}`;
}
