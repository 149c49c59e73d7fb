/**
 * How much one caller may ask of this process: requests and writes in ten seconds, and requests at once. Counted in
 * memory: these bounds keep one caller from taking the server from the others, and need no agreement between processes.
 */
import { apiKeyOf, callerKey, limitKey, type Actor } from '../kit/actor.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { limits, rates, type Rate } from '../kit/limits.ts';
import type { Base } from '../ctx.ts';

interface Counter {
  count: number;
  resets: number;
}
interface Counters {
  readonly windows: Map<string, Counter>;
  readonly running: Map<string, number>;
}
const counters = slot<Counters>('request counters', () => ({ windows: new Map(), running: new Map() }));

export interface Admitted {
  release(): void;
}

/** Lets a request in, or refuses it; `headers` are told how much is left. */
export function admit(base: Base, actor: Actor, write: boolean, headers: Record<string, string>): Admitted {
  if (!base.config.RATE_LIMITS) return unlimited;
  const state = base.cache.get(counters);
  const key = limitKey(actor);
  const { api, write: writes } = ratesOf(actor);
  const all = countOne(base, state, `all ${key}`, api);
  if (write) countOne(base, state, `write ${key}`, writes);
  const running = (state.running.get(key) ?? 0) + 1;
  if (running > limits.request.perCaller)
    throw fail('rate_limited', { detail: `At most ${limits.request.perCaller} requests at once.`, retryAfter: 1 });
  state.running.set(key, running);
  headers['RateLimit-Limit'] = String(api.count);
  headers['RateLimit-Remaining'] = String(Math.max(0, api.count - all.count));
  headers['RateLimit-Reset'] = String(seconds(base, all));
  return {
    release: () => {
      const left = (state.running.get(key) ?? 1) - 1;
      if (left === 0) state.running.delete(key);
      else state.running.set(key, left);
    },
  };
}

/** A key may have a rate of its own; whom it speaks for has that of everybody. */
function ratesOf(actor: Actor): { readonly api: Rate; readonly write: Rate } {
  const rate = limitKey(actor) === callerKey(actor) ? apiKeyOf(actor)?.rate : undefined;
  if (rate === undefined) return rates;
  return { api: { ...rates.api, count: rate }, write: { ...rates.write, count: rate } };
}

const unlimited: Admitted = { release: () => undefined };

/** Counts a request that was refused before anybody knew who asked. */
export const countAddress = (base: Base, address: string): void => {
  if (base.config.RATE_LIMITS) countOne(base, base.cache.get(counters), `all ${callerKey({ kind: 'anonymous', address })}`, rates.api);
};

/** Counts what comes in over a socket. */
export function countMessage(base: Base, actor: Actor): void {
  if (base.config.RATE_LIMITS) countOne(base, base.cache.get(counters), `message ${limitKey(actor)}`, rates.message);
}

/** Counts what a request writes besides the one that it was counted as. */
export function countWrites(base: Base, actor: Actor, more: number): void {
  if (!base.config.RATE_LIMITS) return;
  for (let counted = 0; counted < more; counted++)
    countOne(base, base.cache.get(counters), `write ${limitKey(actor)}`, ratesOf(actor).write);
}

const seconds = (base: Base, counter: Counter): number => Math.max(1, Math.ceil((counter.resets - base.clock()) / 1000));

function countOne(base: Base, state: Counters, key: string, rate: Rate): Counter {
  const now = base.clock();
  const before = state.windows.get(key);
  const counter = before !== undefined && before.resets > now ? before : { count: 0, resets: now + rate.window };
  if (state.windows.size > 50_000) for (const [old, { resets }] of state.windows) if (resets <= now) state.windows.delete(old);
  state.windows.set(key, counter);
  counter.count += 1;
  if (counter.count > rate.count)
    throw fail('rate_limited', { detail: `At most ${rate.count} in ${rate.window / 1000} seconds.`, retryAfter: seconds(base, counter) });
  return counter;
}
