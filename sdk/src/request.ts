/** One request: what is sent along with each, and the answer, or what it was refused for. */
import { ApiError, abortError } from './error.ts';
import type { Problem } from './wire.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For each try. */
  readonly timeoutMs?: number;
  /** How often to try again; 2 by default. */
  readonly retries?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}
export interface Call extends CallOptions {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** Sent as they are, instead of a body. */
  readonly bytes?: Blob;
  /** What sends it, unless the client was given something that sends all: for requests that tell how far they are. */
  readonly fetch?: typeof fetch | undefined;
  /** A POST that only reads, or that does no more when it comes twice. */
  readonly reads?: boolean;
  /** `/auth`: takes no idempotency key, and is tried again only where the server did nothing (429). */
  readonly unkeyed?: boolean;
  /** The answer is the response as it comes (its body has one reader, so it is not shared). */
  readonly raw?: boolean;
  /** Sent without the session's token: sign-in and refresh. */
  readonly anonymous?: boolean;
}
export interface TransportOptions {
  readonly url: string;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies: boolean;
  /** While live queries are open, each write asks for its place in the log of changes, and tells them. */
  readonly following?: { readonly open: number; written: string | undefined };
}

export async function sendOnce(
  options: TransportOptions,
  base: string,
  call: Call,
  own: Readonly<Record<string, string>>,
): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new ApiError(0, { code: 'timeout' })), call.timeoutMs ?? options.timeoutMs ?? 30_000);
  const abort = (): void => controller.abort(abortError());
  call.signal?.addEventListener('abort', abort);
  // Then the body is the caller's: no timeout ends it, but his signal still does.
  let isStreaming = false;
  const query = call.query?.toString();
  try {
    const response = await (options.fetch ?? call.fetch ?? fetch)(`${base}${call.path}${query ? `?${query}` : ''}`, {
      method: call.method,
      signal: controller.signal,
      credentials: options.cookies ? 'include' : 'same-origin',
      headers: {
        Accept: call.raw ? '*/*' : 'application/json',
        'X-Underpin-Client': 'js/0.1.0',
        ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
        ...(options.cookies && { 'X-Underpin-Session': 'cookie' }),
        ...(call.method !== 'GET' && options.following?.open && { Prefer: 'position' }),
        ...options.headers,
        ...call.headers,
        ...own,
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.bytes && { body: call.bytes }),
    });
    if (!response.ok) throw await toError(response, options.url);
    const place = response.headers.get('X-Underpin-Position');
    if (place !== null && options.following) options.following.written = place;
    isStreaming = call.raw === true;
    if (isStreaming) return response;
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (controller.signal.reason instanceof ApiError) throw controller.signal.reason;
    throw new ApiError(0, { code: 'network', detail: error instanceof Error ? error.message : 'network' });
  } finally {
    clearTimeout(timer);
    if (!isStreaming) call.signal?.removeEventListener('abort', abort);
  }
}

async function toError(response: Response, url: string): Promise<ApiError> {
  // cast: every field is optional, and what is no problem document is an empty one
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const after = response.headers.get('Retry-After');
  const ms = after === null ? Number.NaN : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  const requestId = problem.requestId ?? response.headers.get('X-Request-Id') ?? '';
  return new ApiError(
    response.status,
    { title: response.statusText, ...problem, requestId },
    Number.isNaN(ms) ? undefined : Math.max(0, ms),
    docsOf(problem.type, url, response.url),
  );
}

/** The server names its own page by a path; a client in a browser may have been made with a relative URL, so the answer's own is next. */
function docsOf(type: unknown, ...bases: readonly string[]): string | undefined {
  const base = bases.find((one) => URL.canParse(one));
  return typeof type === 'string' && URL.canParse(type, base) ? new URL(type, base).href : undefined;
}
