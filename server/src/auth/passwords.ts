/**
 * Password hashes: argon2id, m = 19,456 KiB, t = 2, p = 1 (OWASP's second recommendation for argon2id).
 *
 * Worry: hashing is made to cost, and a burst of sign-ins would take every core and all memory. So at most cores − 1
 * run at once, a bounded number waits, and beyond that the answer is 503 with Retry-After. Nobody found costs the
 * same as a wrong password, by a hash of nothing, so that time does not tell which addresses have accounts.
 */
import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { slot, type Cache } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { commonPasswords } from './common-passwords.ts';

const parameters = { algorithm: 2 /* argon2id */, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const waiting = 100;
/** Seconds over which those who were refused are spread. */
const patience = 5;

/** The one form in which a password is hashed. */
const normal = (password: string): string => password.normalize('NFC');

export const password = z
  .string({ error: 'must be text' })
  .transform(normal)
  .refine((value) => [...value].length >= limits.password.min && [...value].length <= limits.password.max, {
    error: `must have ${limits.password.min} to ${limits.password.max} characters`,
  })
  .refine((value) => value.isWellFormed(), { error: 'must not hold half of a surrogate pair' })
  .refine((value) => !commonPasswords.has(value.toLowerCase()), { error: 'is one of the most used passwords; choose another' });

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}
const queue = slot<Queue>('password queue', () => ({ running: 0, waiting: [] }));
const most = Math.max(1, availableParallelism() - 1);

/** Refuses while as many wait as may. Asked before anything else is done for a password, so that a burst costs others little. */
export function refuseWhenFull(cache: Cache): void {
  if (cache.get(queue).waiting.length < waiting) return;
  // Not all at the same moment again.
  throw fail('unavailable', { detail: 'Too many sign-ins at once.', retryAfter: 1 + Math.floor(Math.random() * patience) });
}

async function inTurn<T>(cache: Cache, work: () => Promise<T>): Promise<T> {
  const state = cache.get(queue);
  if (state.running >= most) {
    refuseWhenFull(cache);
    await new Promise<void>((go) => state.waiting.push(go));
  } else state.running++;
  try {
    return await work();
  } finally {
    const next = state.waiting.shift();
    if (next) next();
    else state.running--;
  }
}

export const hashPassword = (cache: Cache, text: string): Promise<string> => inTurn(cache, () => hash(normal(text), parameters));

/** Of the same parameters as a real one; its password is nobody's. */
const ofNobody = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Fzv0l0kU0JFZzAcYmFQ3mK8jJb8YyTzj1i0Rk1m0m1E';

/** Whether a password is the account's; without an account it takes as long and is false. */
export const isPassword = (cache: Cache, stored: string | undefined, text: string): Promise<boolean> =>
  inTurn(cache, async () => (await verify(stored ?? ofNobody, normal(text)).catch(() => false)) && stored !== undefined);

/** Whether a hash was made with lower parameters than today's and is to be made anew at the next sign-in. */
export const isWeak = (stored: string): boolean =>
  !stored.includes(`m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}`);
