/**
 * The dashboard's session cookie, and when a request may be judged by it.
 *
 * Worry: a browser sends a cookie with requests that another site caused. Decision: SameSite=Strict, and besides that
 * a request that changes something counts only if the browser says it comes from our own origin (Sec-Fetch-Site, or
 * an Origin that is exactly ours). Over TLS the name begins with `__Host-`, which no other host or path can set.
 */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../kit/config.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { protocolOf } from './incoming.ts';

const plainName = 'underpin_admin';
const secureName = `__Host-${plainName}`;

const isLocal = (host: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host) || /\.localhost(:\d+)?$/.test(host);

/** Whether the cookie is sent over TLS only; a plain one is for this machine, or where the operator allows it. */
function isSecure(request: IncomingMessage, config: Config): boolean {
  if (protocolOf(request, config) === 'https') return true;
  if (isLocal(request.headers.host ?? '') || config.INSECURE_COOKIES) return false;
  throw fail('forbidden', 'Over plain http the dashboard works on localhost only: use https, or set INSECURE_COOKIES=on.');
}

/** A Set-Cookie header; an empty token takes the cookie away. */
export function sessionCookie(request: IncomingMessage, config: Config, token: string): string {
  const secure = isSecure(request, config);
  const age = token === '' ? 0 : Math.floor(limits.session.idle / 1000);
  return [
    `${secure ? secureName : plainName}=${token}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${age}`,
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}

/** The cookie of a request, where the request may be judged by it. */
export function cookieOf(request: IncomingMessage, config: Config): string | undefined {
  if (request.headers.cookie === undefined) return undefined;
  const protocol = protocolOf(request, config);
  const name = protocol === 'https' ? secureName : plainName;
  const token = request.headers.cookie
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);
  if (token === undefined || token === '') return undefined;
  if (request.method === 'GET' || request.method === 'HEAD' || isSameOrigin(request, protocol)) return token;
  throw fail('forbidden', 'A request with the dashboard’s cookie must come from the dashboard itself.');
}

function isSameOrigin(request: IncomingMessage, protocol: string): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return request.headers.origin === `${protocol}://${request.headers.host ?? ''}`;
}
