/**
 * How every request is sent. Three worries:
 *
 * A write whose answer is lost must not happen twice: its idempotency key is made before the first try and stays the same.
 * Many callers that ask the same at once share one request, but none may cancel it for the others: the request belongs to
 * nobody, and a caller's signal only ends that caller's wait. And an expired token must not start a storm: renewing it is the
 * business of `Credentials`, which does it once for all who wait (`sessions.ts`).
 */
import { ApiError, abortError } from './error.ts';
import { sendOnce } from './request.ts';
import type { Call, TransportOptions } from './request.ts';
import { sleep, waiting } from './waiting.ts';

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
export function createTransport(options: TransportOptions, credentials: () => Credentials): Transport {
  const base = `${options.url.replace(/\/+$/, '')}/api/v1`;
  const inFlight = new Map<string, Promise<unknown>>();

  async function send<T>(call: Call): Promise<T> {
    if (call.signal?.aborted) throw abortError();
    // cast: the shape of each path's answer is the contract that server and SDK are both compiled against
    return (await (call.method === 'GET' && !call.raw ? share(call) : trying(options, credentials(), base, call))) as T;
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
      return await sendOnce(options, base, call, {
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
