/** Accounts: found by address, made by sign-up. Passwords are kept apart from the account's own row. */
import { parseEmail } from '../schema/fields/email.ts';
import { withTx, type Ctx } from '../ctx.ts';
import { failAt, fail } from '../kit/errors.ts';
import { collectionNamed, schemaOf, type Schema } from '../schema/load.ts';
import type { Collection } from '../schema/collection.ts';
import { adminsId } from '../schema/system.ts';
import { readRecord } from '../records/read.ts';
import { updateRecord } from '../records/update.ts';
import type { Account } from './sessions.ts';
import { hashPassword, password as passwordInput } from './passwords.ts';
import { apiKeyOf, type Actor } from '../kit/actor.ts';
import { newId, parseId } from '../kit/ids.ts';
import { rowColumns } from '../records/rules/memory.ts';
import { audit } from '../changes/audit.ts';
import { problemsOf } from '../schema/definition.ts';

/** A collection that people can sign in to, or 404. */
export function authCollection(schema: Schema, name: string): Collection {
  const collection = collectionNamed(schema, name);
  if (collection.kind !== 'auth' && collection.id !== adminsId) throw fail('not_found', `Nobody signs in to "${name}".`);
  return collection;
}

export interface FoundAccount extends Account {
  readonly passwordHash: string | undefined;
  /** As it is stored. */
  readonly email: string;
  /** Always so for admins: whoever made them knew their address. */
  readonly verified: boolean;
}

/** The account of an address that may sign in, or nobody. */
export async function findAccount(ctx: Ctx, collection: Collection, email: string): Promise<FoundAccount | undefined> {
  const address = parseEmail(email);
  return address === undefined ? undefined : accountWhere(ctx, collection, '"email"', address);
}

/** The same by its id. */
export const accountOf = (ctx: Ctx, collection: Collection, id: string): Promise<FoundAccount | undefined> =>
  accountWhere(ctx, collection, '"id"', id);

async function accountWhere(
  ctx: Ctx,
  collection: Collection,
  column: '"email"' | '"id"',
  value: string,
): Promise<FoundAccount | undefined> {
  const { rows } = await ctx.db.run({
    text: `SELECT a."id", a."email", ${collection.id === adminsId ? 'true' : 'a."verified"'} AS verified, c.password_hash
           FROM ${collection.table} a LEFT JOIN underpin.credentials c ON c.collection = $2 AND c.account = a."id" WHERE a.${column} = $1 AND NOT a."disabled"`,
    values: [value, collection.id],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  const hash = row['password_hash'];
  return {
    id: String(row['id']),
    collectionId: collection.id,
    collection: collection.name,
    email: String(row['email']),
    verified: row['verified'] === true,
    passwordHash: typeof hash === 'string' ? hash : undefined,
  };
}

/** `isThere` false: the same statement, which then writes nothing. */
export async function savePassword(ctx: Ctx, account: Account, hash: string, isThere = true): Promise<void> {
  await ctx.db.run({
    text: `INSERT INTO underpin.credentials (collection, account, password_hash, changed) SELECT $1::uuid, $2::uuid, $3, $4::timestamptz WHERE $5::boolean
           ON CONFLICT (collection, account) DO UPDATE SET password_hash = excluded.password_hash, changed = excluded.changed`,
    values: [account.collectionId, account.id, hash, new Date(ctx.now), isThere],
  });
}

export async function forgetPassword(ctx: Ctx, account: Account): Promise<void> {
  await ctx.db.run({
    text: 'DELETE FROM underpin.credentials WHERE collection = $1 AND account = $2',
    values: [account.collectionId, account.id],
  });
}

/** What an account may not change of itself: its address, and that it is proven. */
export async function changeAccount(ctx: Ctx, account: Account, change: { email?: string; verified?: true }): Promise<void> {
  if (account.collectionId !== adminsId) {
    await updateRecord(
      { ...ctx, actor: { kind: 'system', address: ctx.actor.address } },
      account.collection,
      account.id,
      change,
      undefined,
    );
    return;
  }
  if (change.email === undefined) return;
  await ctx.db.run({
    text: 'UPDATE underpin.admins SET email = $2, updated = $3, version = version + 1 WHERE id = $1',
    values: [account.id, change.email, new Date(ctx.now)],
  });
}

/** Checks a password that is to be set; at its pointer where it does not do. */
export function checkedPassword(input: unknown): string {
  const parsed = passwordInput.safeParse(input);
  if (parsed.success) return parsed.data;
  throw fail('validation_failed', {
    detail: `The password ${parsed.error.issues[0]?.message ?? 'does not do'}.`,
    errors: problemsOf(parsed.error, '/password', 'invalid_value'),
  });
}

/** The record of an account as the account itself may view it; an admin's with its role. */
export async function ownRecord(ctx: Ctx, account: Account): Promise<string> {
  // A key that asks for its account sees what its scopes leave of it.
  const actor =
    apiKeyOf(ctx.actor) !== undefined
      ? ctx.actor
      : account.collectionId === adminsId
        ? ({ kind: 'admin', address: ctx.actor.address, id: account.id, session: '', role: 'viewer' } as const)
        : await accountActor(ctx, account);
  const { json } = await readRecord({ ...ctx, actor }, account.collection, account.id, { text: false }).catch((error: unknown) => {
    // The account's own view rule may hide it from itself; it still knows its id.
    if (error instanceof Error && error.name === 'Failure') return { json: JSON.stringify({ id: account.id }) };
    throw error;
  });
  return json;
}

/** An account of any collection that people sign in to, admins too; 404 where there is none. */
export async function accountNamed(ctx: Ctx, name: string, id: string): Promise<Account> {
  const collection = authCollection(await schemaOf(ctx), name);
  const key = parseId(id);
  const { rows } =
    key === undefined ? { rows: [] } : await ctx.db.run({ text: `SELECT "id" FROM ${collection.table} WHERE "id" = $1`, values: [key] });
  if (rows.length === 0 || key === undefined) throw fail('not_found', `There is no such account of "${name}".`);
  return { id: key, collectionId: collection.id, collection: collection.name };
}

/** An account as the caller of rules, for what is done in its name; 404 where there is none. Admins are not judged by rules. */
export async function accountActor(ctx: Ctx, { collection, id }: Pick<Account, 'collection' | 'id'>): Promise<Actor> {
  const found = authCollection(await schemaOf(ctx), collection);
  const key = parseId(id);
  if (found.id === adminsId || key === undefined) throw fail('not_found', `There is no such account of "${collection}".`);
  const { rows } = await ctx.db.run({
    text: `SELECT ${rowColumns(found, 'a')} FROM ${found.table} a WHERE a."id" = $1`,
    values: [key],
  });
  const [record] = rows;
  if (record === undefined) throw fail('not_found', `There is no such account of "${collection}".`);
  return { kind: 'account', address: ctx.actor.address, collection, id: key, session: '', record };
}

/** The first admin: made once, by whoever holds the setup link or by the environment. False where there is one already. */
export async function createOwner(ctx: Ctx, email: string, passwordText: string): Promise<Account | undefined> {
  const address = parseEmail(email);
  if (address === undefined) throw failAt('validation_failed', '/email', 'must be an e-mail address');
  const hash = await hashPassword(ctx.cache, checkedPassword(passwordText));
  return withTx(ctx, async (inside) => {
    await inside.db.run({ text: 'LOCK TABLE underpin.admins IN SHARE ROW EXCLUSIVE MODE' });
    const { rows } = await inside.db.run({
      text: `INSERT INTO underpin.admins (id, created, updated, email, role) SELECT $1, $2, $2, $3, 'owner' WHERE NOT EXISTS (SELECT FROM underpin.admins) RETURNING id`,
      values: [newId(ctx.now), new Date(ctx.now), address],
    });
    const id = rows[0]?.['id'];
    if (typeof id !== 'string') return undefined;
    const account: Account = { id, collectionId: adminsId, collection: '_admins' };
    await savePassword(inside, account, hash);
    await audit(inside, 'owner.created', `_admins:${id}`);
    return account;
  });
}
