/**
 * Sign-up: a create by an anonymous caller, so its create rule and field rules hold.
 *
 * With verification on no answer may tell that an address is taken. So both ways are one: the record is created in a savepoint;
 * where Postgres says the address is taken that is undone, and what follows is done for a stranger with an id of his own: the
 * password that is not written, the audit, a link that nobody gets. The mail goes to the address in either case, and says which.
 */
import { audit } from '../../changes/audit.ts';
import { withTx, type Ctx } from '../../ctx.ts';
import { isGuestAddress } from '../../kit/actor.ts';
import { fail, failAt, Failure } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { message } from '../../messages/message.ts';
import { createAccountRecord } from '../../records/create.ts';
import { isVerificationOn } from '../../schema/auth-options.ts';
import type { Collection } from '../../schema/collection.ts';
import { parseEmail } from '../../schema/fields/email.ts';
import { adminsId } from '../../schema/system.ts';
import { checkedPassword, savePassword } from '../accounts.ts';
import { issueOne } from '../one-time.ts';
import { hashPassword } from '../passwords.ts';
import type { Account } from '../sessions.ts';
import { linkOf, mayMail } from './ask.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The new account, or undefined where its address is to be proven first. 409 for a taken one only without verification. */
export async function signUp(ctx: Ctx, collection: Collection, body: Fields): Promise<Account | undefined> {
  if (collection.id === adminsId) throw fail('forbidden', 'Admins are made by admins.');
  const { email, password, ...fields } = body;
  if (typeof email !== 'string' || isGuestAddress(parseEmail(email)))
    throw failAt('validation_failed', '/email', 'An e-mail address is needed');
  const hash = await hashPassword(ctx.cache, checkedPassword(password));
  const asNobody: Ctx = { ...ctx, actor: { kind: 'anonymous', address: ctx.actor.address } };
  if (isVerificationOn(collection)) return signUpUnseen(asNobody, collection, { email, hash, fields });
  return withTx(asNobody, async (inside) => {
    const account = accountOf(collection, (await createAccountRecord(inside, collection.name, email, fields)).id);
    await savePassword(inside, account, hash);
    await audit(inside, 'account.created', `${collection.name}:${account.id}`);
    return account;
  });
}

async function signUpUnseen(
  ctx: Ctx,
  collection: Collection,
  { email, hash, fields }: { email: string; hash: string; fields: Fields },
): Promise<undefined> {
  const address = parseEmail(email) ?? '';
  const isWithin = await mayMail(ctx, collection, address);
  await withTx(ctx, async (inside) => {
    const made = await withTx(inside, (deeper) => createAccountRecord(deeper, collection.name, email, fields)).catch(unlessTaken);
    const account = accountOf(collection, made?.id ?? newId(ctx.now));
    await savePassword(inside, account, hash, made !== undefined);
    await audit(inside, made === undefined ? 'sign-up.taken' : 'account.created', `${collection.name}:${account.id}`);
    const { token } = await issueOne(inside, 'verify', { collectionId: collection.id, account: account.id, address, data: {} });
    await message(inside, {
      template: made === undefined ? 'taken' : 'verify',
      to: isWithin ? address : undefined,
      account: made === undefined ? undefined : `${collection.name}:${account.id}`,
      values: { link: linkOf(ctx, collection, 'verify', token) },
    });
  });
  return undefined;
}

const accountOf = (collection: Collection, id: string): Account => ({ id, collectionId: collection.id, collection: collection.name });

/** Undefined where it was the address that is taken; any other refusal stands. */
function unlessTaken(error: unknown): undefined {
  const isTaken = error instanceof Failure && error.code === 'unique_violation' && error.details.errors?.[0]?.pointer === '/email';
  if (!isTaken) throw error;
}
