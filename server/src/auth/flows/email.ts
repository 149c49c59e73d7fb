/** An account gets another address: asked by who knows the password, done by who reads the mail at the new one; both are told. */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { isGuestAddress } from '../../kit/actor.ts';
import { failAt } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { rates } from '../../kit/limits.ts';
import { message } from '../../messages/message.ts';
import type { Collection } from '../../schema/collection.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import { changeAccount, type FoundAccount } from '../accounts.ts';
import { endOnes, issueOne } from '../one-time.ts';
import { countRate } from '../rates.ts';
import { endSessions } from '../sessions.ts';
import { claimed, linkOf, mayMail, refuseRedirect, type Asked } from './ask.ts';

/** Silent about whether the new address has an account: its owner is told instead. */
export async function requestEmail(ctx: Ctx, collection: Collection, account: FoundAccount, session: string, asked: Asked): Promise<void> {
  const address = parseEmail(asked.email);
  if (address === undefined || isGuestAddress(address)) throw failAt('validation_failed', '/email', 'must be an e-mail address');
  refuseRedirect(ctx, collection, asked.redirect);
  await countRate(ctx, `email-change:${account.id}`, rates.mail);
  const isWithin = await mayMail(ctx, collection, address);
  const { count } = await ctx.db.run({ text: `SELECT FROM ${collection.table} WHERE "email" = $1`, values: [address] });
  const name = `${collection.name}:${account.id}`;
  await withTx(ctx, async (inside) => {
    const data = { redirect: asked.redirect, from: account.email, session };
    // A stranger's, where it is taken: then no link is good for it.
    const owner = count === 0 ? account.id : newId(ctx.now);
    const { token } = await issueOne(inside, 'email', { collectionId: collection.id, account: owner, address, data });
    await message(inside, {
      template: count === 0 ? 'email' : 'taken',
      to: isWithin ? address : undefined,
      ...(count === 0 ? { account: name } : {}),
      values: { link: linkOf(ctx, collection, 'email', token) },
    });
    await message(inside, { template: 'email-asked', to: told(account), account: name, values: { next: address } });
    await audit(inside, 'one-time.sent', name, { after: { purpose: 'email' } });
  });
}

/** The address before; a guest had none. */
const told = ({ email }: FoundAccount): string | undefined => (isGuestAddress(email) ? undefined : email);

/** → where to go on. The session that asked goes on, all others end. */
export const confirmEmail = (ctx: Ctx, collection: Collection, token: string): Promise<string | undefined> =>
  withTx(ctx, async (inside) => {
    const { owner, address, data } = await claimed(inside, collection, 'email', token);
    await changeAccount(inside, owner, { email: address, verified: true });
    await endSessions(inside, owner, data.session);
    await endOnes(inside, owner);
    const name = `${collection.name}:${owner.id}`;
    await message(inside, { template: 'email-changed', to: told(owner), account: name, values: { next: address } });
    await audit(inside, 'email.changed', name, { before: { email: owner.email }, after: { email: address } });
    return data.redirect;
  });
