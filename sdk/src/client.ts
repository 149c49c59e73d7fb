/**
 * How every request is sent. Three worries:
 *
 * A write whose answer is lost must not happen twice: its idempotency key is made before the first try and stays the same.
 * Many callers that ask the same at once share one request, but none may cancel it for the others: the request belongs to
 * nobody, and a caller's signal only ends that caller's wait. And an expired token must not start a storm: renewing it is the
 * business of `Credentials`, which does it once for all who wait (`sessions.ts`).
 */
import { ApiError } from './error.ts';
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
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** A POST that only reads, or that does no more when it comes twice. */
  readonly reads?: boolean;
  /** `/auth`: takes no idempotency key, and is tried again only where the server did nothing (429). */
  readonly unkeyed?: boolean;
  /** The answer is the body as it comes (a stream has one reader, so it is not shared). */
  readonly stream?: boolean;
  /** Sent without the session's token: sign-in and refresh. */
  readonly anonymous?: boolean;
}
export interface Credentials {
  token(): Promise<string | undefined>;
  /** Who is signed in, as far as that is known here. */
  account(): string | undefined;
  /** A token was refused with 401: true if there is another one to try with. It fails where renewing does. */
  renew(refused: string | undefined): Promise<boolean>;
  /** Changes with the account, so that answers are not shared across sign-in and sign-out. */
  epoch(): number;
}
export interface Transport {
  /** T is what the contract says of the path. */
  send<T>(call: Call): Promise<T>;
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

export function createTransport(options: TransportOptions, credentials: () => Credentials): Transport {
  const base = `${options.url.replace(/\/+$/, '')}/api/v1`;
  const inFlight = new Map<string, Promise<unknown>>();

  async function send<T>(call: Call): Promise<T> {
    if (call.signal?.aborted) throw abortError();
    // cast: the shape of each path's answer is the contract that server and SDK are both compiled against
    return (await (call.method === 'GET' && !call.stream ? share(call) : trying(options, credentials(), base, call))) as T;
  }

  function share(call: Call): Promise<unknown> {
    const { signal, ...unowned } = call;
    const key = JSON.stringify([credentials().epoch(), call.path, call.query?.toString(), call.headers]);
    let running = inFlight.get(key);
    if (!running) {
      running = trying(options, credentials(), base, unowned).finally(() => inFlight.delete(key));
      inFlight.set(key, running);
    }
    return waiting(running, signal);
  }
  return { send };
}

/** Sends until there is an answer, a refusal that will stay, or no try is left. */
async function trying(options: TransportOptions, credentials: Credentials, base: string, call: Call): Promise<unknown> {
  const isWrite = call.method !== 'GET' && !call.reads && !call.unkeyed;
  const key = isWrite ? (call.idempotencyKey ?? crypto.randomUUID()) : undefined;
  const retries = call.retries ?? options.retries ?? 2;
  const asked = credentials.account();
  let renewed = false;
  for (let tries = 0; ; tries += 1) {
    const token = call.anonymous ? undefined : await waiting(credentials.token(), call.signal);
    // What one account asked for is not done as another that came meanwhile, here or in another tab.
    if (token !== undefined && asked !== undefined && credentials.account() !== asked)
      throw new ApiError(401, { code: 'unauthenticated', detail: 'Somebody else has signed in meanwhile' });
    try {
      return await once(options, base, call, {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(key && { 'Idempotency-Key': key }),
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 && !call.anonymous && !renewed && (await waiting(credentials.renew(token), call.signal))) {
        renewed = true;
        tries -= 1;
        continue;
      }
      if (tries >= retries || !(call.unkeyed && call.method !== 'GET' ? error.status === 429 : error.retryable)) throw error;
      // Full jitter; what the server says wins.
      await sleep(error.retryAfterMs ?? Math.random() * Math.min(8000, 250 * 2 ** tries), call.signal);
    }
  }
}

async function once(options: TransportOptions, base: string, call: Call, own: Readonly<Record<string, string>>): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new ApiError(0, { code: 'timeout' })), call.timeoutMs ?? options.timeoutMs ?? 30_000);
  const abort = (): void => controller.abort(abortError());
  call.signal?.addEventListener('abort', abort);
  // Then the body is the caller's: no timeout ends it, but his signal still does.
  let isStreaming = false;
  const query = call.query?.toString();
  try {
    const response = await (options.fetch ?? fetch)(`${base}${call.path}${query ? `?${query}` : ''}`, {
      method: call.method,
      signal: controller.signal,
      credentials: options.cookies ? 'include' : 'same-origin',
      headers: {
        Accept: call.stream ? '*/*' : 'application/json',
        'X-Underpin-Client': 'js/0.1.0',
        ...(call.body !== undefined && { 'Content-Type': 'application/json' }),
        ...(options.cookies && { 'X-Underpin-Session': 'cookie' }),
        ...(call.method !== 'GET' && options.following?.open && { Prefer: 'position' }),
        ...options.headers,
        ...call.headers,
        ...own,
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    if (!response.ok) throw await toError(response, options.url);
    const place = response.headers.get('X-Underpin-Position');
    if (place !== null && options.following) options.following.written = place;
    isStreaming = call.stream === true;
    if (isStreaming) return response.body ?? new Blob([await response.arrayBuffer()]).stream();
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

const abortError = (): ApiError => new ApiError(0, { code: 'aborted', detail: 'The caller gave up' });

/** A caller's signal ends his wait for what others wait for too. It may outlive many calls, so nothing of this one stays on it. */
function waiting<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortError());
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.finally(() => signal.removeEventListener('abort', stop)).then(resolve, reject);
  });
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(abortError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
