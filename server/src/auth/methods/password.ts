/** Sign-in with address and password, through passport's local strategy (without passport's own sessions). */
import { Strategy } from 'passport-local';
import type { Request } from 'express';
import type { Ctx } from '../../ctx.ts';
import { audit } from '../../changes/audit.ts';
import { fail } from '../../kit/errors.ts';
import { rates } from '../../kit/limits.ts';
import { networkOf } from '../../kit/actor.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import type { Collection } from '../../schema/collection.ts';
import { isVerificationOn } from '../../schema/auth-options.ts';
import { findAccount, savePassword, type FoundAccount } from '../accounts.ts';
import { hashPassword, isPassword, isWeak, signInTurn } from '../passwords.ts';
import { countRate } from '../rates.ts';
import type { Account } from '../sessions.ts';

/** The strategy for one collection and one request. */
export const passwordStrategy = (ctx: Ctx, collection: Collection): Strategy =>
  new Strategy(
    { usernameField: 'email', passwordField: 'password', session: false, passReqToCallback: true },
    (_request: Request, email, password, done) => {
      signInTurn(ctx.cache, () => judge(ctx, collection, email, password)).then(
        (account) => done(null, account ?? false),
        (error: unknown) => done(error),
      );
    },
  );

async function judge(ctx: Ctx, collection: Collection, email: string, password: string): Promise<Account | undefined> {
  const network = networkOf(ctx.actor.address);
  await countRate(ctx, `sign-in:${network}`, rates.signInAddress);
  await countRate(ctx, `sign-in:${collection.id}:${parseEmail(email) ?? ''}:${network}`, rates.signInAccount);
  const account = await findAccount(ctx, collection, email);
  const isRight = await isPassword(ctx.cache, account?.passwordHash, password);
  // Not proven yet is refused like a wrong password: else the answer would tell that there is such an account.
  if (!isRight || account === undefined || (isVerificationOn(collection) && !account.verified)) {
    await audit(ctx, 'sign-in.refused', `${collection.name}:${account?.id ?? 'nobody'}`);
    return undefined;
  }
  await renewWeak(ctx, account, password);
  return account;
}

async function renewWeak(ctx: Ctx, account: FoundAccount, password: string): Promise<void> {
  if (account.passwordHash !== undefined && isWeak(account.passwordHash))
    await savePassword(ctx, account, await hashPassword(ctx.cache, password));
}

export const wrongCredentials = () => fail('unauthenticated', 'Address or password is wrong.');
