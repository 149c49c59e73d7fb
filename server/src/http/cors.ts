/** Which other origins' browser apps may call the API: none but those listed in CORS_ORIGINS, exactly. */
import type { RequestHandler } from 'express';

const methods = 'GET, POST, PATCH, DELETE';
const sendable = 'Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id, X-Underpin-Client, X-Underpin-Session';
const readable =
  'ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id, X-Schema-Hash, Idempotency-Replayed';

export const cors =
  (origins: readonly string[]): RequestHandler =>
  (request, response, next) => {
    response.vary('Origin');
    const { origin } = request.headers;
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', readable);
    }
    if (request.method !== 'OPTIONS') return next();
    if (allowed) {
      response.setHeader('Access-Control-Allow-Methods', methods);
      response.setHeader('Access-Control-Allow-Headers', sendable);
      response.setHeader('Access-Control-Max-Age', '600');
    }
    response.status(204).end();
  };
