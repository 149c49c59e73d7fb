/**
 * A request's credentials → who is asking.
 *
 * A session is looked up once in each process and then remembered with its account, until Postgres says that either
 * changed (NOTIFY from triggers on those rare writes). While nothing is heard, the memory is not trusted and every
 * request looks it up: so a session that was ended anywhere is ended here within a second.
 */
import type { AdminRole, Actor } from '../kit/actor.ts';
import { accountOf, actorOfKey, forgetKeys, isApiKey, type From } from './api-keys.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { systemCtx, type Base, type Ctx } from '../ctx.ts';
import { rowColumns } from '../records/rules/memory.ts';
import { freshSchema, schemaOf } from '../schema/load.ts';
import { adminsId } from '../schema/system.ts';
import { Remembered } from './remembered.ts';
import { sessionOfToken } from './sessions.ts';
import { verifyToken } from './tokens.ts';

interface Known {
  readonly session: string;
  readonly account: string;
  readonly collection: string;
  readonly version: number;
  readonly row: Readonly<Record<string, unknown>>;
}
const memory = slot('sessions', () => new Remembered<Known>());

export function followSessions(base: Base): void {
  const sessions = base.cache.get(memory);
  const forgetAll = (): void => sessions.forgetAll();
  base.listener.on('session', (id) => sessions.forget(id), forgetAll);
  base.listener.on('account', (id) => sessions.forgetWhere((one) => one.account === id), forgetAll);
}

/** What is remembered of sessions, keys and accounts with these ids is asked of the database again. */
export function forget(base: Base, ids: ReadonlySet<string> | 'all'): void {
  const isMeant = (id: string | undefined): boolean => ids === 'all' || (id !== undefined && ids.has(id));
  base.cache.get(memory).forgetWhere((one) => isMeant(one.session) || isMeant(one.account));
  forgetKeys(base, isMeant);
}

export interface Credentials extends From {
  readonly authorization: string | undefined;
  /** A session's cookie, given only where the request may be judged by it. */
  readonly cookie: { readonly of: 'admin' | 'account'; readonly token: string } | undefined;
}

export async function authenticate(base: Base, { authorization, cookie, ...from }: Credentials): Promise<Actor> {
  const { address } = from;
  if (authorization !== undefined) return fromBearer(base, authorization, from);
  if (cookie === undefined) return { kind: 'anonymous', address };
  const found = await sessionOfToken(systemCtx(base), cookie.of, cookie.token);
  return (found && (await actorOf(base, found.id, found.account, found.collection, address))) ?? { kind: 'anonymous', address };
}

/** Where everybody is nobody, as at sign-in: a key that may speak for others says for whom, and any other credentials say nothing. */
export async function authenticateNobody(base: Base, authorization: string | undefined, from: From): Promise<Actor> {
  const token = tokenOf(authorization ?? '');
  const key = token !== undefined && from.client !== undefined && isApiKey(token) ? await actorOfKey(base, token, from) : undefined;
  return { kind: 'anonymous', address: key?.address ?? from.address };
}

/** When an access token ends, in ms since 1970; what else somebody comes with has no end of its own. */
export async function endOf(base: Base, authorization: string | undefined): Promise<number | undefined> {
  const token = tokenOf(authorization ?? '');
  return token === undefined || isApiKey(token) ? undefined : (await verifyToken(base, token))?.expires;
}

const tokenOf = (authorization: string): string | undefined => /^Bearer ([\w.-]{1,4096})$/i.exec(authorization)?.[1];

async function fromBearer(base: Base, authorization: string, from: From): Promise<Actor> {
  const token = tokenOf(authorization);
  const actor =
    token === undefined ? undefined : isApiKey(token) ? await actorOfKey(base, token, from) : await fromToken(base, token, from);
  if (actor === undefined) throw fail('unauthenticated', 'The credentials are not valid (any more).');
  return actor;
}

async function fromToken(base: Base, token: string, { address }: From): Promise<Actor | undefined> {
  const claims = await verifyToken(base, token);
  return claims && actorOf(base, claims.session, claims.account, claims.collection, address);
}

/** The actor of a session that has not ended and whose account is not disabled. */
async function actorOf(base: Base, session: string, account: string, collectionId: string, address: string): Promise<Actor | undefined> {
  const schema = freshSchema(base) ?? (await schemaOf(systemCtx(base)));
  const collection = schema.byId.get(collectionId);
  if (collection === undefined) return undefined;
  const sessions = base.cache.get(memory);
  const before = sessions.get(session);
  const usable = before !== undefined && before.version === schema.version && base.listener.isFresh();
  const known = usable
    ? before
    : await sessions.read(session, schema.version, () => lookUp(systemCtx(base), session, account, collectionId, schema.version));
  if (known === undefined || known.account !== account || known.collection !== collectionId) return undefined;
  if (collectionId === adminsId) return { kind: 'admin', address, id: account, session, role: roleOf(known.row['role']) };
  return { kind: 'account', address, collection: collection.name, id: account, session, record: known.row };
}

/** An account or admin as if he asked now, by the id of his collection and his own: for what speaks in his name later. */
export async function actorBehind(base: Base, collectionId: string, id: string, address: string): Promise<Actor | undefined> {
  const ctx = systemCtx(base);
  if (collectionId !== adminsId) {
    const account = await accountOf(ctx, await schemaOf(ctx), collectionId, id);
    return account && { kind: 'account', address, collection: account.collection, id, session: '', record: account.row };
  }
  const { rows } = await ctx.db.run({ text: 'SELECT role FROM underpin.admins WHERE id = $1 AND NOT disabled', values: [id] });
  return rows[0] && { kind: 'admin', address, id, session: '', role: roleOf(rows[0]['role']) };
}

const roleOf = (value: unknown): AdminRole => (value === 'owner' || value === 'admin' ? value : 'viewer');

async function lookUp(ctx: Ctx, session: string, account: string, collectionId: string, version: number): Promise<Known | undefined> {
  const collection = (await schemaOf(ctx)).byId.get(collectionId);
  if (collection === undefined) return undefined;
  const columns = rowColumns(collection, 'a');
  const { rows } = await ctx.db.run({
    text: `SELECT ${columns} FROM underpin.sessions s JOIN ${collection.table} a ON a."id" = s.account
           WHERE s.id = $1 AND s.account = $2 AND s.collection = $3 AND s.ended IS NULL AND NOT a."disabled"`,
    values: [session, account, collectionId],
  });
  const row = rows[0];
  return row === undefined ? undefined : { session, account, collection: collectionId, version, row };
}
