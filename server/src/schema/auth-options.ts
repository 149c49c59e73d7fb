/** `auth` in the definition of a collection of accounts: how people get in. What is absent is off. */
import { z } from 'zod';
import type { AuthMethods, AuthOptions } from '@underpin/sdk/wire';
import type { Collection } from './collection.ts';

/** A page or an app that a link may lead to: all of it is given, nothing is left to a request. */
const page = z
  .string()
  .max(2_000)
  .refine(
    (value) => {
      if (!URL.canParse(value) || value.includes('#')) return false;
      const { protocol, username, password } = new URL(value);
      return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
    },
    { error: 'must be an absolute URL of http or https, without a name, a password or a #' },
  );

const anyLocal = 'http://localhost:*';

export const authOptions = z.strictObject({
  verification: z.boolean().optional(),
  code: z.boolean().optional(),
  guests: z.boolean().optional(),
  urls: z.strictObject({ verify: page.optional(), reset: page.optional(), code: page.optional(), email: page.optional() }).optional(),
  redirects: z
    .array(z.union([z.literal(anyLocal), page]))
    .max(50)
    .optional(),
});

const optionsOf = (collection: Collection): AuthOptions => collection.def.auth ?? {};

export const isVerificationOn = (collection: Collection): boolean => optionsOf(collection).verification === true;
export const isCodeOn = (collection: Collection): boolean => optionsOf(collection).code === true;
export const areGuestsOn = (collection: Collection): boolean => optionsOf(collection).guests === true;
export const pageOf = (collection: Collection, page: 'verify' | 'reset' | 'code' | 'email'): string | undefined =>
  optionsOf(collection).urls?.[page];

export const methodsOf = (collection: Collection): AuthMethods => ({
  password: true,
  verification: isVerificationOn(collection),
  code: isCodeOn(collection),
  guests: areGuestsOn(collection),
});

/** Exactly one of the list, to the letter: a URL is not understood here, so there is nothing to be misunderstood. */
export function isRedirect(collection: Collection, asked: string, isDevelopment: boolean): boolean {
  const { redirects = [] } = optionsOf(collection);
  if (asked !== anyLocal && redirects.includes(asked)) return true;
  return isDevelopment && redirects.includes(anyLocal) && /^http:\/\/localhost:\d{1,5}(\/[\w\-./]*)?$/.test(asked);
}
