/** Accounts: found by address, made by sign-up. Passwords are kept apart from the account's own row. */
import { parseEmail } from '../schema/fields/email.ts';
import { withTx, type Ctx } from '../ctx.ts';
import { failAt, fail } from '../kit/errors.ts';
import { collectionNamed, schemaOf, type Schema } from '../schema/load.ts';
import type { Collection } from '../schema/collection.ts';
import { adminsId } from '../schema/system.ts';
import { createAccountRecord } from '../records/create.ts';
import { readRecord } from '../records/read.ts';
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
}

/** The account of an address that may sign in, or nobody. */
export async function findAccount(ctx: Ctx, collection: Collection, email: string): Promise<FoundAccount | undefined> {
  const address = parseEmail(email);
  if (address === undefined) return undefined;
  const { rows } = await ctx.db.run({
    text: `SELECT a."id", c.password_hash FROM ${collection.table} a LEFT JOIN underpin.credentials c ON c.collection = $2 AND c.account = a."id" WHERE a."email" = $1 AND NOT a."disabled"`,
    values: [address, collection.id],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  const hash = row['password_hash'];
  return {
    id: String(row['id']),
    collectionId: collection.id,
    collection: collection.name,
    passwordHash: typeof hash === 'string' ? hash : undefined,
  };
}

export async function savePassword(ctx: Ctx, account: Account, hash: string): Promise<void> {
  await ctx.db.run({
    text: `INSERT INTO underpin.credentials (collection, account, password_hash, changed) VALUES ($1, $2, $3, $4)
           ON CONFLICT (collection, account) DO UPDATE SET password_hash = excluded.password_hash, changed = excluded.changed`,
    values: [account.collectionId, account.id, hash, new Date(ctx.now)],
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

/** A new account by an anonymous caller: its create rule and field rules hold. 409 where the address is taken. */
export async function signUp(ctx: Ctx, name: string, body: Readonly<Record<string, unknown>>): Promise<Account> {
  const collection = authCollection(await schemaOf(ctx), name);
  if (collection.id === adminsId) throw fail('forbidden', 'Admins are made by admins.');
  const { email, password, ...fields } = body;
  if (typeof email !== 'string') throw failAt('validation_failed', '/email', 'An e-mail address is needed');
  const hash = await hashPassword(ctx.cache, checkedPassword(password));
  const asNobody: Ctx = { ...ctx, actor: { kind: 'anonymous', address: ctx.actor.address } };
  return withTx(asNobody, async (inside) => {
    const { id } = await createAccountRecord(inside, name, email, fields);
    const account: Account = { id, collectionId: collection.id, collection: collection.name };
    await savePassword(inside, account, hash);
    await audit(inside, 'account.created', `${collection.name}:${id}`);
    return account;
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
export async function accountOf(ctx: Ctx, name: string, id: string): Promise<Account> {
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
