/** A password is set anew by a link, or changed by who knows the one before. Either ends other sessions and tells the address. */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { message } from '../../messages/message.ts';
import type { Collection } from '../../schema/collection.ts';
import { changeAccount, checkedPassword, savePassword, type FoundAccount } from '../accounts.ts';
import { endOnes } from '../one-time.ts';
import { hashPassword } from '../passwords.ts';
import { endSessions } from '../sessions.ts';
import { claimed } from './ask.ts';

/** → where to go on. The link came by mail, so it proves the address too. */
export async function resetPassword(ctx: Ctx, collection: Collection, token: string, password: string): Promise<string | undefined> {
  const checked = checkedPassword(password);
  return withTx(ctx, async (inside) => {
    const { owner, data } = await claimed(inside, collection, 'reset', token);
    if (!owner.verified) await changeAccount(inside, owner, { verified: true });
    await set(inside, owner, await hashPassword(ctx.cache, checked));
    await audit(inside, 'password.reset', `${collection.name}:${owner.id}`);
    return data.redirect;
  });
}

export async function changePassword(ctx: Ctx, account: FoundAccount, session: string, password: string): Promise<void> {
  const hash = await hashPassword(ctx.cache, checkedPassword(password));
  await withTx(ctx, async (inside) => {
    await set(inside, account, hash, session);
    await audit(inside, 'password.changed', `${account.collection}:${account.id}`);
  });
}

async function set(ctx: Ctx, account: FoundAccount, hash: string, session?: string): Promise<void> {
  await savePassword(ctx, account, hash);
  await endSessions(ctx, account, session);
  await endOnes(ctx, account);
  await message(ctx, { template: 'password-changed', to: account.email, account: `${account.collection}:${account.id}` });
}
