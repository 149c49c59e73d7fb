/** The only place where a failure becomes a problem (RFC 9457), for every door. What is not ours is `internal` and is logged. */
import type { Problem } from '@underpin/sdk/wire';
import { ExprError } from '@underpin/sdk/expr/ast';
import { errorKinds, fail, type Failure } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { fromPgError } from './pg-errors.ts';

/** Served by ourselves, beside the API (http/pages/docs.ts). */
const docs = '/docs/errors';

export function problemOf(
  error: unknown,
  requestId: string,
  log: Log,
): { readonly problem: Problem; readonly retryAfter: number | undefined; readonly headers: Readonly<Record<string, string>> } {
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
  return { problem, retryAfter: failure.details.retryAfter, headers: failure.details.headers ?? {} };
}

function known(error: unknown): Failure | undefined {
  if (error instanceof ExprError) return fail('invalid_filter', error.message, error);
  if (error instanceof URIError) return fail('invalid_request', 'The path is not well encoded.', error);
  return fromPgError(error);
}
