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
import { Turns } from '../kit/turns.ts';
import { commonPasswords } from '../kit/common-passwords.ts';

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

const most = Math.max(1, availableParallelism() - 1);
const hashes = slot('password hashes', () => new Turns(most));
/** One more than may hash: while one is hashed, the account of the next is looked up. */
const signIns = slot('sign-ins', () => new Turns(most + 1));

async function inTurn<T>(turns: Turns, work: () => Promise<T>): Promise<T> {
  if (turns.waiting < waiting) return turns.take(work);
  // Not all at the same moment again.
  throw fail('unavailable', { detail: 'Too many sign-ins at once.', retryAfter: 1 + Math.floor(Math.random() * patience) });
}

/** All that a sign-in asks of the database is done in its turn too: else a burst would fill the pool, and others wait behind it. */
export const signInTurn = <T>(cache: Cache, work: () => Promise<T>): Promise<T> => inTurn(cache.get(signIns), work);

export const hashPassword = (cache: Cache, text: string): Promise<string> =>
  inTurn(cache.get(hashes), () => hash(normal(text), parameters));

/** Of the same parameters as a real one; its password is nobody's. */
const ofNobody = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Fzv0l0kU0JFZzAcYmFQ3mK8jJb8YyTzj1i0Rk1m0m1E';

/** Whether a password is the account's; without an account it takes as long and is false. */
export const isPassword = (cache: Cache, stored: string | undefined, text: string): Promise<boolean> =>
  inTurn(cache.get(hashes), async () => (await verify(stored ?? ofNobody, normal(text)).catch(() => false)) && stored !== undefined);

/** Whether a hash was made with lower parameters than today's and is to be made anew at the next sign-in. */
export const isWeak = (stored: string): boolean =>
  !stored.includes(`m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}`);
