/** Shows that who holds the session is still who signed in: for what must not be done by whoever found a screen unlocked. */
import type { Ctx } from '../../ctx.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { rates } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import { accountOf, type FoundAccount } from '../accounts.ts';
import { isPassword } from '../passwords.ts';
import { isRecent } from '../proof.ts';
import { countRate } from '../rates.ts';

export interface Holder {
  readonly id: string;
  readonly session: string;
}

/** By the password. An account that has none shows it by a sign-in of the last ten minutes; `orRecent`: so may the others. */
export async function prove(
  ctx: Ctx,
  collection: Collection,
  { id, session }: Holder,
  current: string | undefined,
  { orRecent = false } = {},
): Promise<FoundAccount> {
  const account = await accountOf(ctx, collection, id);
  if (account === undefined) throw fail('unauthenticated');
  if (current !== undefined) {
    await countRate(ctx, `prove:${collection.id}:${id}`, rates.signInAccount);
    if (await isPassword(ctx.cache, account.passwordHash, current)) return account;
    throw failAt('validation_failed', '/current', 'is not the password');
  }
  if ((orRecent || account.passwordHash === undefined) && (await isRecent(ctx, session))) return account;
  throw failAt('validation_failed', '/current', account.passwordHash === undefined ? 'Sign in again first' : 'The password is needed');
}
