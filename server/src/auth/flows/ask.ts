/**
 * A link or a code by mail, for whoever names an address.
 *
 * Worry: who asks may be anybody, and must not learn whether the address has an account: not by the answer, not by how long it
 * takes, not by what is done for it.
 * Decision: nobody found is a stranger with an id that no account will have. For him the same statements run in the same order:
 * a one-time row that nobody holds the token of, a message to nobody, its job. The same for an account that is disabled, needs
 * no such mail, or has had its three of this hour.
 * Why it is enough: there is no branch between finding and answering that does less; a test counts statements, hashes and jobs.
 */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { publicUrl } from '../../kit/config.ts';
import { isGuestAddress } from '../../kit/actor.ts';
import { failAt, fail } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { rates } from '../../kit/limits.ts';
import { message } from '../../messages/message.ts';
import { isRedirect, pageOf } from '../../schema/auth-options.ts';
import type { Collection } from '../../schema/collection.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import { accountOf, findAccount, type FoundAccount } from '../accounts.ts';
import { claimOne, issueOne, type Claimed, type Purpose } from '../one-time.ts';
import { isWithinRate } from '../rates.ts';

export interface Asked {
  readonly email: string;
  readonly redirect?: string | undefined;
}

/** `isFor`: whether an account that was found is to have it. */
export async function ask(
  ctx: Ctx,
  collection: Collection,
  purpose: 'verify' | 'reset' | 'code',
  { email, redirect }: Asked,
  isFor: (account: FoundAccount) => boolean = () => true,
): Promise<void> {
  const address = parseEmail(email);
  if (address === undefined) throw failAt('validation_failed', '/email', 'must be an e-mail address');
  refuseRedirect(ctx, collection, redirect);
  const isWithin = await mayMail(ctx, collection, address);
  const found = await findAccount(ctx, collection, address);
  const account = found !== undefined && isWithin && isFor(found) && !isGuestAddress(found.email) ? found : undefined;
  await withTx(ctx, async (inside) => {
    const subject = { collectionId: collection.id, account: account?.id ?? newId(ctx.now), address, data: { redirect } };
    const { token, code } = await issueOne(inside, purpose, subject);
    await message(inside, {
      template: purpose === 'code' && pageOf(collection, 'code') !== undefined ? 'code-link' : purpose,
      to: account?.email,
      account: `${collection.name}:${account?.id ?? ''}`,
      values: { link: linkOf(ctx, collection, purpose, token), ...(purpose === 'code' ? { code } : {}) },
    });
    await audit(inside, 'one-time.sent', `${collection.name}:${account?.id ?? 'nobody'}`, { after: { purpose } });
  });
}

/** Counted by the address, whether there is an account or not. */
export const mayMail = (ctx: Ctx, collection: Collection, address: string): Promise<boolean> =>
  isWithinRate(ctx, `mail:${collection.id}:${address}`, rates.mail);

/** The host is ours or the definition's, whatever the request says; after the # it reaches no server and no log. */
export function linkOf(ctx: Ctx, collection: Collection, purpose: Purpose, token: string): string {
  const own = pageOf(collection, purpose);
  if (own !== undefined) return `${own}#t=${token}`;
  return `${publicUrl(ctx.config)}/account/${purpose}#t=${token}${collection.name === 'users' ? '' : `&c=${collection.name}`}`;
}

export function refuseRedirect(ctx: Ctx, collection: Collection, redirect: string | undefined): void {
  if (redirect !== undefined && !isRedirect(collection, redirect, ctx.config.MODE === 'development'))
    throw failAt('invalid_request', '/redirect', 'is none of the collection’s auth.redirects');
}

/** Takes a link and gives back the account that it is for, as long as that has the address it was sent to. */
export async function claimed(
  ctx: Ctx,
  collection: Collection,
  purpose: Purpose,
  token: string,
): Promise<Claimed & { readonly owner: FoundAccount }> {
  const one = await claimOne(ctx, purpose, collection.id, { token });
  if (one === undefined) throw spent();
  const owner = await accountOf(ctx, collection, one.account);
  if (owner === undefined || owner.email !== (one.data.from ?? one.address)) throw spent();
  return { ...one, owner };
}

export const spent = () => fail('unauthenticated', 'This link or code is wrong, was used, or has ended; ask for a new one.');
