/** Which other origins' browser apps may call the API: none but those listed in CORS_ORIGINS, exactly. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, HEAD, POST, PATCH, DELETE';
const sendable =
  'Authorization, Content-Disposition, Content-Type, If-Match, If-None-Match, If-Range, Idempotency-Key, Prefer, Range, Tus-Resumable, Upload-Checksum, Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Request-Id, X-Underpin-Client, X-Underpin-Session';
const readable =
  'Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id, X-Schema-Hash, Idempotency-Replayed, Server-Timing, Tus-Resumable, Tus-Version, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, X-Underpin-Position';

/** What a browser asks of every answer. */
export function corsHeaders(origins: readonly string[], { headers: { origin } }: IncomingMessage): Record<string, string> {
  if (origin === undefined || !origins.includes(origin)) return { Vary: 'Origin' };
  return { Vary: 'Origin', 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': readable };
}

/** Answers a preflight: what it may send, if it may at all. `about`: what is said of the path besides, to everybody. */
export function preflight(
  origins: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
  about: Readonly<Record<string, string>> = {},
): void {
  const headers = corsHeaders(origins, request);
  const more = { 'Access-Control-Allow-Methods': methods, 'Access-Control-Allow-Headers': sendable, 'Access-Control-Max-Age': '600' };
  response.writeHead(204, 'Access-Control-Allow-Origin' in headers ? { ...headers, ...more, ...about } : { ...headers, ...about });
  response.end();
}
