/**
 * Every way in which a request can fail: code → status, title and what it means. The table is the documentation's
 * source (docs/reference/errors.md is held to it by a test). A message is public; a cause is only logged.
 */
import type { ProblemField } from '@underpin/sdk/wire';

interface ErrorKind {
  readonly status: number;
  readonly title: string;
}

export const errorKinds = {
  invalid_request: { status: 400, title: 'The request makes no sense' },
  invalid_filter: { status: 400, title: 'The filter cannot be understood' },
  unknown_field: { status: 400, title: 'There is no such field' },
  read_only: { status: 400, title: 'The field cannot be written' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  proof_required: { status: 403, title: 'Sign in again first' },
  rule_denied: { status: 403, title: 'A rule refused it' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'It has changed meanwhile' },
  confirmation_required: { status: 409, title: 'Needs to be confirmed' },
  unique_violation: { status: 409, title: 'The value is already taken' },
  /** 422 where a value refers to no record; 409 (`status` in the details) where others still refer to this one. */
  reference_violation: { status: 422, title: 'A reference does not hold' },
  idempotency_mismatch: { status: 422, title: 'The key was used for another request' },
  idempotency_in_progress: { status: 409, title: 'The same request is being done' },
  gone: { status: 410, title: 'It is not there any more' },
  unsupported_version: { status: 412, title: 'The protocol has another version' },
  version_mismatch: { status: 412, title: 'The record has another version' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  quota_exceeded: { status: 413, title: 'The quota is used up' },
  unsupported_media_type: { status: 415, title: 'The body has another type' },
  invalid_range: { status: 416, title: 'There are no such bytes' },
  validation_failed: { status: 422, title: 'A value does not fit' },
  locked: { status: 423, title: 'Somebody else is at it' },
  checksum_mismatch: { status: 460, title: 'The bytes are not those of the checksum' },
  rate_limited: { status: 429, title: 'Too many requests' },
  limit_exceeded: { status: 400, title: 'A bound was passed' },
  timeout: { status: 503, title: 'It took too long' },
  unavailable: { status: 503, title: 'Not available for the moment' },
  internal: { status: 500, title: 'Something went wrong inside' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface FailDetails {
  readonly detail?: string;
  readonly errors?: readonly ProblemField[];
  /** Further public members of the answer, as `plan` or `current`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Sent with the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds, sent as Retry-After. */
  readonly retryAfter?: number;
  /** Where one code has two statuses (`reference_violation`). */
  readonly status?: number;
}

/** A refusal that is part of the contract. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ErrorCode;
  readonly details: FailDetails;
  constructor(code: ErrorCode, details: FailDetails, cause?: unknown) {
    super(details.detail ?? errorKinds[code].title, { cause });
    this.code = code;
    this.details = details;
  }
}

/** Refuses: `throw fail('not_found')`. A text is the public detail. */
export function fail(code: ErrorCode, details: FailDetails | string = {}, cause?: unknown): Failure {
  return new Failure(code, typeof details === 'string' ? { detail: details } : details, cause);
}

/** The same refusal where what it speaks of stands below `pointer`, as `/data`. */
export function below(pointer: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.details.errors === undefined) return error;
  const errors = error.details.errors.map((one) => ({ ...one, pointer: pointer + one.pointer }));
  return fail(error.code, { ...error.details, errors }, error.cause);
}

/** Refuses one member of the body or one parameter. `pointer` as `/title` or `/filter`. */
export function failAt(code: ErrorCode, pointer: string, message: string, cause?: unknown): Failure {
  return new Failure(code, { detail: message, errors: [{ pointer, code, message }] }, cause);
}
