/** The one error of the SDK, and the way to have it as a value instead of a throw. */
import type { Problem, ProblemField } from './wire.ts';

/** Codes that never left this machine: `network`, `timeout`, `aborted`; every other is the server's. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  readonly fields: readonly ProblemField[];
  readonly requestId: string;
  readonly retryAfterMs: number | undefined;
  /** Where the code is explained: an absolute URL. */
  readonly docs: string | undefined;
  /** The whole answer: some codes carry more, as `current` with `version_mismatch`. */
  readonly problem: Partial<Problem> & Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Partial<Problem>, retryAfterMs?: number, docs?: string) {
    super(problem.detail ?? problem.title ?? problem.code ?? 'The request failed');
    this.code = problem.code ?? 'internal';
    this.status = status;
    this.fields = problem.errors ?? [];
    this.requestId = problem.requestId ?? '';
    this.retryAfterMs = retryAfterMs;
    this.docs = docs;
    this.problem = { ...problem };
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    const { code, status } = this;
    return ['network', 'timeout', 'idempotency_in_progress'].includes(code) || status === 408 || status === 429 || status >= 500;
  }
}

/** Somebody's signal ended it. */
export const abortError = (): ApiError => new ApiError(0, { code: 'aborted', detail: 'The caller gave up' });

/** `const [error, row] = await attempt(up.collection('posts').get(id))`. What is no ApiError is thrown on. */
export async function attempt<T>(work: PromiseLike<T>): Promise<[error: ApiError, value: undefined] | [error: null, value: T]> {
  try {
    return [null, await work];
  } catch (error) {
    if (error instanceof ApiError) return [error, undefined];
    throw error;
  }
}
