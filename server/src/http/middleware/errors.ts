/** The only place where a failure becomes an answer: problem+json (RFC 9457). What is not ours is a 500 and is logged. */
import type { Problem } from '@underpin/sdk/wire';
import { ExprError } from '@underpin/sdk/expr/ast';
import { fromPgError } from '../../db/pg-errors.ts';
import { errorKinds, fail, type Failure } from '../../kit/errors.ts';
import type { Log } from '../../kit/log.ts';
import type { Reply } from '../reply.ts';

/** Served by ourselves, beside the API (http/pages/docs.ts). */
export const docs = '/docs/errors';

export function toReply(error: unknown, requestId: string, log: Log): Reply {
  const failure = known(error) ?? fail('internal', {}, error);
  const { status, title } = errorKinds[failure.code];
  const answered = failure.details.status ?? status;
  // What is refused because too many came is no fault, and comes in bursts: no stack is printed for each.
  const isRefusal = failure.code === 'unavailable' && failure.cause === undefined;
  if (isRefusal) log.info({ requestId, problem: failure.code }, failure.message);
  else if (answered >= 500) log.error({ requestId, problem: failure.code, err: failure.cause ?? failure }, failure.message);
  const problem: Problem = {
    type: `${docs}#${failure.code}`,
    title,
    status: answered,
    detail: failure.message,
    code: failure.code,
    requestId,
    ...(failure.details.errors === undefined ? {} : { errors: failure.details.errors }),
    ...failure.details.extra,
  };
  const { retryAfter } = failure.details;
  return {
    status: answered,
    text: JSON.stringify(problem),
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...(answered === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    },
  };
}

function known(error: unknown): Failure | undefined {
  if (error instanceof ExprError) return fail('invalid_filter', error.message, error);
  if (error instanceof URIError) return fail('invalid_request', 'The path is not well encoded.', error);
  return fromPgError(error);
}
