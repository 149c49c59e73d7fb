/**
 * Guests: accounts without address and password, for who wants to begin before he says who he is.
 *
 * A guest's address is one that nobody can have (the domain `invalid` never exists, RFC 2606), so an account is as it always is,
 * with an address that is its own: no column may be empty for them, and rules know them by `auth.guest`. Nobody signs up with
 * such an address, and no mail goes there. With an upgrade the same account, and all that is its own, gets a real one.
 */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { guestAddress, isGuestAddress } from '../../kit/actor.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { createAccountRecord } from '../../records/create.ts';
import { areGuestsOn, isVerificationOn } from '../../schema/auth-options.ts';
import type { Collection } from '../../schema/collection.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import { accountOf, changeAccount, checkedPassword, savePassword } from '../accounts.ts';
import { hashPassword } from '../passwords.ts';
import type { Account } from '../sessions.ts';
import { requestEmail } from './email.ts';
import type { Holder } from './prove.ts';

export function makeGuest(ctx: Ctx, collection: Collection, fields: Readonly<Record<string, unknown>>): Promise<Account> {
  if (!areGuestsOn(collection)) throw fail('not_found', `There are no guests in "${collection.name}".`);
  const asNobody: Ctx = { ...ctx, actor: { kind: 'anonymous', address: ctx.actor.address } };
  return withTx(asNobody, async (inside) => {
    const { id } = await createAccountRecord(inside, collection.name, guestAddress(newId(ctx.now)), fields);
    await audit(inside, 'account.created', `${collection.name}:${id}`, { after: { guest: true } });
    return { id, collectionId: collection.id, collection: collection.name };
  });
}

export interface Upgrade {
  readonly email: string;
  readonly password: string;
}

/** Whether it is done; with verification on it is when the address is proven, by the link that it gets. */
export async function upgradeGuest(
  ctx: Ctx,
  collection: Collection,
  { id, session }: Holder,
  { email, password }: Upgrade,
): Promise<boolean> {
  const guest = await accountOf(ctx, collection, id);
  if (guest === undefined || !isGuestAddress(guest.email)) throw fail('forbidden', 'Only a guest can be upgraded.');
  const address = parseEmail(email);
  if (address === undefined || isGuestAddress(address)) throw failAt('validation_failed', '/email', 'must be an e-mail address');
  const hash = await hashPassword(ctx.cache, checkedPassword(password));
  await withTx(ctx, async (inside) => {
    // Good for nothing before the address is: nobody signs in with a guest's.
    await savePassword(inside, guest, hash);
    if (isVerificationOn(collection)) return requestEmail(inside, collection, guest, session, { email: address });
    await changeAccount(inside, guest, { email: address });
    await audit(inside, 'email.changed', `${collection.name}:${id}`, { after: { email: address } });
  });
  return !isVerificationOn(collection);
}
