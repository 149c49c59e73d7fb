/** Who is at the other end of a request, and what the proxies in front say of him. */
import type { IncomingMessage } from 'node:http';
import type { Config } from './config.ts';

/** What the proxies in front say of who asks, the farthest first: each adds whom it was asked by. */
export function forwardedOf(request: IncomingMessage): readonly string[] {
  const forwarded = request.headers['x-forwarded-for'];
  return typeof forwarded === 'string'
    ? forwarded
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : [];
}

/** The address of who asks: that of the connection, or what the last TRUST_PROXY proxies say. */
export function addressOf(request: IncomingMessage, { TRUST_PROXY: hops }: Config): string {
  const direct = request.socket.remoteAddress ?? 'unknown';
  if (hops === 0) return direct;
  const chain = [...forwardedOf(request), direct].reverse();
  return chain[Math.min(hops, chain.length - 1)] ?? direct;
}

/** `http` or `https`, as the client sees it. */
export function protocolOf(request: IncomingMessage, { TRUST_PROXY: hops }: Config): string {
  const forwarded = request.headers['x-forwarded-proto'];
  if (hops > 0 && typeof forwarded === 'string') return forwarded.split(',', 1)[0]?.trim() ?? 'http';
  return 'encrypted' in request.socket ? 'https' : 'http';
}
