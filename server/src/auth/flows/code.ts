/** Sign-in without a password: by the code that was mailed, or by the link beside it. Either is used once, and ends the other. */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { isCodeOn } from '../../schema/auth-options.ts';
import type { Collection } from '../../schema/collection.ts';
import { accountOf, changeAccount, findAccount, forgetPassword } from '../accounts.ts';
import { claimOne } from '../one-time.ts';
import { endSessions, type Account } from '../sessions.ts';
import { ask, spent, type Asked } from './ask.ts';

export async function requestCode(ctx: Ctx, collection: Collection, asked: Asked): Promise<void> {
  refuseOff(collection);
  await ask(ctx, collection, 'code', asked);
}

export type CodeProof = { readonly token: string } | { readonly email: string; readonly code: string };

/** The account that it lets in. A wrong code has cost its try even though this is refused: nothing here stands in a transaction before. */
export async function confirmCode(ctx: Ctx, collection: Collection, proof: CodeProof): Promise<Account> {
  refuseOff(collection);
  const by =
    'token' in proof ? proof : { account: (await findAccount(ctx, collection, proof.email))?.id ?? newId(ctx.now), code: proof.code };
  const one = await claimOne(ctx, 'code', collection.id, by);
  if (one === undefined) throw spent();
  const owner = await accountOf(ctx, collection, one.account);
  if (owner === undefined || owner.email !== one.address) throw spent();
  if (!owner.verified) await proveFirst(ctx, owner);
  return owner;
}

/**
 * Whoever made the account never showed that the address is his; now its owner is here. A password that was set before him
 * would let the other one in, so it goes, and with it whoever is signed in.
 */
const proveFirst = (ctx: Ctx, owner: Account): Promise<void> =>
  withTx(ctx, async (inside) => {
    await changeAccount(inside, owner, { verified: true });
    await forgetPassword(inside, owner);
    await endSessions(inside, owner);
    await audit(inside, 'account.verified', `${owner.collection}:${owner.id}`);
  });

function refuseOff(collection: Collection): void {
  if (!isCodeOn(collection)) throw fail('not_found', `Nobody signs in to "${collection.name}" by a code.`);
}
