/** What Postgres reports → our error codes. Messages of Postgres are never shown: they name tables and values. */
import { fail, Failure, type ErrorCode } from '../kit/errors.ts';

interface PgProblem {
  readonly code: string;
  readonly constraint?: string;
  readonly column?: string;
  readonly detail?: string;
}

export function isPgProblem(error: unknown): error is PgProblem & Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code);
}

const codes: Readonly<Record<string, ErrorCode>> = {
  '57014': 'timeout',
  '25P03': 'timeout',
  '55P03': 'unavailable',
  '40001': 'conflict',
  '40P01': 'conflict',
  '22003': 'validation_failed',
  '22001': 'validation_failed',
  '23514': 'validation_failed',
  '23502': 'validation_failed',
  '53100': 'unavailable',
  '53200': 'unavailable',
  '53300': 'unavailable',
  '57P01': 'unavailable',
  '57P02': 'unavailable',
  '57P03': 'unavailable',
  '25006': 'unavailable',
  '54000': 'limit_exceeded',
  '54001': 'limit_exceeded',
};

/** Errors of the socket to Postgres, and of the pool that waits for one. */
const connectionLost =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|Connection terminated|Connection ended|timeout exceeded when trying to connect|timeout expired|not queryable|terminating connection|Client has encountered a connection error/;

/** The host's name means nothing, or there is no way to it: so it is while its container, or this machine's network, is down. */
const hostAway = /ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN/;

/** Whether there is nobody to talk to, which may be otherwise in a moment. The client of S3 marks its own errors, which are none of Postgres's. */
function isLost(error: Error): boolean {
  const told = `${error.message} ${'code' in error ? String(error.code) : ''}`;
  return connectionLost.test(told) || (hostAway.test(told) && !('$metadata' in error));
}

/** Whether Postgres was not there, or is only coming up: who waits may find it. What it refuses for good, as a wrong password, is not that. */
export function isAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isAway);
  if (isPgProblem(error)) return ['57P01', '57P02', '57P03', '53300'].includes(error.code);
  return error instanceof Error && (isLost(error) || ('code' in error && error.code === 'ENOENT'));
}

/** The Failure that an error of the database is, or undefined where it is a mistake of ours (and so a 500). */
export function fromPgError(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof AggregateError) return fromPgError(error.errors[0]);
  if (isPgProblem(error)) {
    const code = codes[error.code] ?? (error.code.startsWith('08') ? 'unavailable' : undefined);
    return code === undefined ? undefined : fail(code, code === 'unavailable' ? { retryAfter: 1 } : {}, error);
  }
  return error instanceof Error && isLost(error) ? fail('unavailable', { retryAfter: 1 }, error) : undefined;
}

/** Whether a statement met a table or column that was renamed, dropped or retyped since it was planned. */
export const isStalePlan = (error: unknown): boolean => isPgProblem(error) && ['42703', '42P01', '0A000', '42804'].includes(error.code);
