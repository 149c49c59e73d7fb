/** The one place that speaks HTTP: a cookie session of the same origin, JSON both ways, refusals as `ApiFailure`. */
import type { Plan, ProblemField } from '@underpin/sdk/wire';

export const API = '/api/v1';

/** A place in the request that was refused; errors in rules also say where in the text. */
export interface FailureField extends ProblemField {
  readonly start?: number;
  readonly end?: number;
  readonly hint?: string;
}

interface FailureParts {
  status: number;
  code: string;
  detail: string;
  errors?: readonly FailureField[];
  plan?: Plan;
  requestId?: string;
}

export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FailureField[];
  readonly plan: Plan | undefined;
  readonly requestId: string | undefined;
  /** What react-admin's forms look for: messages by field. */
  readonly body: { errors: Readonly<Record<string, string>> | undefined };

  constructor(parts: FailureParts) {
    super(parts.detail);
    this.name = 'ApiFailure';
    this.status = parts.status;
    this.code = parts.code;
    this.detail = parts.detail;
    this.errors = parts.errors ?? [];
    this.plan = parts.plan;
    this.requestId = parts.requestId;
    const named = this.errors.map((error) => [fieldOf(error.pointer), error.message] as const).filter(([field]) => field !== '');
    this.body = { errors: named.length > 0 ? Object.fromEntries(named) : undefined };
  }
}

/** `/title/0` → `title`. */
export const fieldOf = (pointer: string): string => (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

let whenSignedOut: () => void = () => undefined;
/** Called whenever the server no longer knows the session. */
export const onSignedOut = (callback: () => void): void => {
  whenSignedOut = callback;
};

export const request = async <T>(method: string, path: string, options: RequestOptions = {}): Promise<T> => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) if (value !== undefined && value !== '') query.set(name, String(value));
  const address = `${API}${path}${query.size > 0 ? `?${query}` : ''}`;
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json', ...options.headers } };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
  }
  const response = await fetch(address, init).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw unreachable();
  });
  const text = await response.text();
  if (response.ok) {
    // cast: the shape of an answer is the contract's (wire.ts); the server and this file compile against the same types.
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  throw refused(response.status, text);
};

export const unreachable = (): ApiFailure => new ApiFailure({ status: 0, code: 'unreachable', detail: 'The server could not be reached.' });

/** What an answer of 400 and more says. */
export const refused = (status: number, text: string): ApiFailure => {
  const failure = new ApiFailure(problemOf(status, text));
  if (failure.status === 401 && failure.code === 'unauthenticated') whenSignedOut();
  return failure;
};

/** A proxy in between may answer with something that is no problem document. */
const problemOf = (status: number, text: string): FailureParts => {
  try {
    const problem: Partial<FailureParts> = JSON.parse(text);
    return { ...problem, status, code: problem.code ?? 'unknown', detail: problem.detail ?? `The server answered ${status}.` };
  } catch {
    return { status, code: 'unknown', detail: `The server answered ${status}.` };
  }
};

/** What to show for whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
