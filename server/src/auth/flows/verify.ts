/** An address is proven by the link that was sent to it. */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import type { Collection } from '../../schema/collection.ts';
import { adminsId } from '../../schema/system.ts';
import { changeAccount } from '../accounts.ts';
import { ask, claimed, type Asked } from './ask.ts';

export async function requestVerification(ctx: Ctx, collection: Collection, asked: Asked): Promise<void> {
  refuseAdmins(collection);
  await ask(ctx, collection, 'verify', asked, ({ verified }) => !verified);
}

/** → where to go on, if that was asked for. */
export async function confirmVerification(ctx: Ctx, collection: Collection, token: string): Promise<string | undefined> {
  refuseAdmins(collection);
  return withTx(ctx, async (inside) => {
    const { owner, data } = await claimed(inside, collection, 'verify', token);
    await changeAccount(inside, owner, { verified: true });
    await audit(inside, 'account.verified', `${collection.name}:${owner.id}`);
    return data.redirect;
  });
}

function refuseAdmins(collection: Collection): void {
  if (collection.id === adminsId) throw fail('not_found', 'Addresses of admins are not verified.');
}
