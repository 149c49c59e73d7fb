/** Which other origins' browser apps may call the API: none but those listed in CORS_ORIGINS, exactly. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const methods = 'GET, POST, PATCH, DELETE';
const sendable = 'Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id, X-Underpin-Client, X-Underpin-Session';
const readable =
  'ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id, X-Schema-Hash, Idempotency-Replayed';

/** Sets what a browser asks for; true where that was all (a preflight). */
export const cors =
  (origins: readonly string[]) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    response.setHeader('Vary', 'Origin');
    const { origin } = request.headers;
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', readable);
    }
    if (request.method !== 'OPTIONS') return false;
    if (allowed) {
      response.setHeader('Access-Control-Allow-Methods', methods);
      response.setHeader('Access-Control-Allow-Headers', sendable);
      response.setHeader('Access-Control-Max-Age', '600');
    }
    response.statusCode = 204;
    response.end();
    return true;
  };
