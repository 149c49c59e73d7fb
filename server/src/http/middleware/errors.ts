/** A failure as an answer: problem+json. */
import type { Log } from '../../kit/log.ts';
import { problemOf } from '../../db/problem.ts';
import type { Reply } from '../reply.ts';

export function toReply(error: unknown, requestId: string, log: Log): Reply {
  const { problem, retryAfter, headers } = problemOf(error, requestId, log);
  return {
    status: problem.status,
    text: JSON.stringify(problem),
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...headers,
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...(problem.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    },
  };
}
