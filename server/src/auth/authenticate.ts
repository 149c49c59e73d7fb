/**
 * A request's credentials → who is asking.
 *
 * A session is looked up once in each process and then remembered with its account, until Postgres says that either
 * changed (NOTIFY from triggers on those rare writes). While nothing is heard, the memory is not trusted and every
 * request looks it up: so a session that was ended anywhere is ended here within a second.
 */
import type { AdminRole, Actor } from '../kit/actor.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { Recent } from '../kit/recent.ts';
import { systemCtx, type Base, type Ctx } from '../ctx.ts';
import { rowColumns } from '../records/rules/memory.ts';
import { freshSchema, schemaOf } from '../schema/load.ts';
import { adminsId } from '../schema/system.ts';
import { sessionOfToken } from './sessions.ts';
import { verifyToken } from './tokens.ts';

interface Known {
  readonly account: string;
  readonly collection: string;
  readonly version: number;
  readonly row: Readonly<Record<string, unknown>>;
}
const knownSlot = slot('sessions', () => new Recent<string, Known>(remembered));
const remembered = 10_000;

export function followSessions(base: Base): void {
  const known = base.cache.get(knownSlot);
  const forgetAll = (): void => known.clear();
  base.listener.on('session', (id) => known.delete(id), forgetAll);
  const forgetAccount = (id: string): void => {
    for (const [session, one] of known.entries()) if (one.account === id) known.delete(session);
  };
  base.listener.on('account', forgetAccount, forgetAll);
}

export interface Credentials {
  readonly authorization: string | undefined;
  /** The dashboard's cookie, given only where the request may be judged by it. */
  readonly cookie: string | undefined;
  readonly address: string;
}

export async function authenticate(base: Base, { authorization, cookie, address }: Credentials): Promise<Actor> {
  if (authorization !== undefined) return fromBearer(base, authorization, address);
  if (cookie === undefined) return { kind: 'anonymous', address };
  const found = await sessionOfToken(systemCtx(base), adminsId, cookie);
  return (found && (await actorOf(base, found.id, found.account, adminsId, address))) ?? { kind: 'anonymous', address };
}

async function fromBearer(base: Base, authorization: string, address: string): Promise<Actor> {
  const token = /^Bearer ([\w.-]{1,4096})$/i.exec(authorization)?.[1];
  const claims = token === undefined ? undefined : await verifyToken(base, token);
  const actor = claims && (await actorOf(base, claims.session, claims.account, claims.collection, address));
  if (actor === undefined) throw fail('unauthenticated', 'The credentials are not valid (any more).');
  return actor;
}

/** The actor of a session that has not ended and whose account is not disabled. */
async function actorOf(base: Base, session: string, account: string, collectionId: string, address: string): Promise<Actor | undefined> {
  const schema = freshSchema(base) ?? (await schemaOf(systemCtx(base)));
  const collection = schema.byId.get(collectionId);
  if (collection === undefined) return undefined;
  const memory = base.cache.get(knownSlot);
  const before = memory.get(session);
  const usable = before !== undefined && before.version === schema.version && base.listener.isFresh();
  const known = usable ? before : await lookUp(systemCtx(base), session, account, collectionId, schema.version);
  if (known === undefined || known.account !== account || known.collection !== collectionId) return undefined;
  if (!usable) memory.set(session, known);
  if (collectionId === adminsId) return { kind: 'admin', address, id: account, session, role: roleOf(known.row['role']) };
  return { kind: 'account', address, collection: collection.name, id: account, session, record: known.row };
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
  return row === undefined ? undefined : { account, collection: collectionId, version, row };
}
