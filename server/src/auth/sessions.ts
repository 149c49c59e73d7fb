/**
 * Sessions: one row for each sign-in, with a refresh token that changes at every use.
 *
 * Worry: a stolen refresh token is good for as long as its owner does not notice; and a client that loses an answer,
 * or two tabs that refresh at once, must not be signed out for it.
 * Decision: every refresh gives a successor. For ten seconds the spent token gives the same successor again (it is
 * HMAC-SHA-256 of the spent one under a key of ours, so it need not be stored); after that, using any spent token of
 * the session ends the session. Rotation and grace are decided in one UPDATE, reuse in a committed one of its own.
 * Why it is enough: of thief and owner one is second with a spent token, and then neither has a session.
 */
import type { SessionInfo } from '@underpin/sdk/wire';
import { audit } from '../changes/audit.ts';
import { withTx, type Ctx } from '../ctx.ts';
import { slot } from '../kit/cache.ts';
import { deriveKey, hmac, randomToken, sha256 } from '../kit/crypto.ts';
import { fail } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { adminsId } from '../schema/system.ts';
import { deviceName } from './device.ts';
import { signToken } from './tokens.ts';

export interface Account {
  readonly id: string;
  readonly collectionId: string;
  readonly collection: string;
}

export interface Session {
  readonly id: string;
  readonly account: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, and when the session does if it is not used: ms since 1970. */
  readonly expires: number;
  readonly ends: number;
}

export interface SessionOf {
  readonly id: string;
  readonly account: string;
  /** The id of the collection that holds the account. */
  readonly collection: string;
}

const successorKey = slot<{ key: Buffer | undefined }>('successor key', () => ({ key: undefined }));
function successorOf(ctx: Ctx, token: string): string {
  const held = ctx.cache.get(successorKey);
  held.key ??= deriveKey(ctx.secret, 'refresh successor');
  return hmac(held.key, token).toString('base64url');
}

export async function beginSession(ctx: Ctx, account: Account, device: string): Promise<Session> {
  const id = newId(ctx.now);
  const refreshToken = randomToken();
  await ctx.db.run({
    name: 'session-begin',
    text: `INSERT INTO underpin.sessions (id, collection, collection_name, account, current, created, rotated, used, device, address)
           VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8)`,
    values: [
      id,
      account.collectionId,
      account.collection,
      account.id,
      sha256(refreshToken),
      new Date(ctx.now),
      device.slice(0, 300),
      ctx.actor.address,
    ],
  });
  await audit(ctx, 'session.created', `${account.collection}:${account.id}`, { after: { session: id } });
  return withAccess(ctx, id, account.id, account.collectionId, refreshToken);
}

async function withAccess(ctx: Ctx, id: string, account: string, collectionId: string, refreshToken: string): Promise<Session> {
  const { token, expires } = await signToken(ctx, { account, session: id, collection: collectionId });
  return { id, account, accessToken: token, refreshToken, expires, ends: ctx.now + limits.session.idle };
}

/** A refresh token for its successor, or 401. */
export async function refreshSession(ctx: Ctx, collectionId: string, token: string): Promise<Session> {
  const successor = successorOf(ctx, token);
  const { rows } = await ctx.db.run({
    name: 'session-refresh',
    text: `
      WITH rotated AS (
        UPDATE underpin.sessions s
        SET current = $2, previous = $1, used = $3, rotated = CASE WHEN s.current = $1 THEN $3 ELSE s.rotated END
        WHERE s.collection = $7 AND s.ended IS NULL AND s.used > $4 AND s.created > $5
          AND (s.current = $1 OR (s.previous = $1 AND s.current = $2 AND s.rotated > $6))
        RETURNING s.id, s.account
      ), spent AS (
        INSERT INTO underpin.spent_tokens (hash, session) SELECT $1, id FROM rotated ON CONFLICT DO NOTHING
      )
      SELECT id, account FROM rotated`,
    values: [
      sha256(token),
      sha256(successor),
      new Date(ctx.now),
      new Date(ctx.now - limits.session.idle),
      new Date(ctx.now - limits.session.absolute),
      new Date(ctx.now - limits.session.grace),
      collectionId,
    ],
  });
  const row = rows[0];
  if (row !== undefined) return withAccess(ctx, String(row['id']), String(row['account']), collectionId, successor);
  await endReused(ctx, token);
  throw fail('unauthenticated', 'The session has ended; sign in again.');
}

/** A spent token after its grace: whoever holds the session now may not be who signed in. */
async function endReused(ctx: Ctx, token: string): Promise<void> {
  const { rows } = await ctx.db.run({
    text: `UPDATE underpin.sessions s SET ended = $2 FROM underpin.spent_tokens t
           WHERE t.hash = $1 AND t.session = s.id AND s.ended IS NULL AND NOT (s.previous = $1 AND s.rotated > $3) RETURNING s.id, s.account, s.collection_name`,
    values: [sha256(token), new Date(ctx.now), new Date(ctx.now - limits.session.grace)],
  });
  for (const row of rows)
    await audit(ctx, 'session.reused', `${String(row['collection_name'])}:${String(row['account'])}`, { after: { session: row['id'] } });
}

/** The session that a cookie's refresh token belongs to: the one in force, or within its grace the one before. An admin's, or anybody else's. */
export async function sessionOfToken(ctx: Ctx, of: 'admin' | 'account', token: string): Promise<SessionOf | undefined> {
  const { rows } = await ctx.db.run({
    name: 'session-of-token',
    text: `SELECT id, account, collection FROM underpin.sessions
           WHERE (collection = $2) = $6 AND ended IS NULL AND used > $4 AND created > $5 AND (current = $1 OR (previous = $1 AND rotated > $3))`,
    values: [
      sha256(token),
      adminsId,
      new Date(ctx.now - limits.session.grace),
      new Date(ctx.now - limits.session.idle),
      new Date(ctx.now - limits.session.absolute),
      of === 'admin',
    ],
  });
  const row = rows[0];
  return row === undefined ? undefined : { id: String(row['id']), account: String(row['account']), collection: String(row['collection']) };
}

/** A session in a cookie is not refreshed by every use: it is noted once a day that it was used. True where that was done now. */
export async function noteUse(ctx: Ctx, session: string): Promise<boolean> {
  const { count } = await ctx.db.run({
    text: 'UPDATE underpin.sessions SET used = $2 WHERE id = $1 AND ended IS NULL AND used < $3',
    values: [session, new Date(ctx.now), new Date(ctx.now - limits.session.noted)],
  });
  return count > 0;
}

/** Ends one session of an account; false where it has none such. */
export async function endSession(ctx: Ctx, account: Account, session: string): Promise<boolean> {
  const { count } = await ctx.db.run({
    text: 'UPDATE underpin.sessions SET ended = $3 WHERE id = $1 AND account = $2 AND ended IS NULL',
    values: [session, account.id, new Date(ctx.now)],
  });
  if (count > 0) await audit(ctx, 'session.ended', `${account.collection}:${account.id}`, { before: { session } });
  return count > 0;
}

/** Ends all sessions of an account, but for one where that is named; how many there were. */
export async function endSessions(ctx: Ctx, account: Account, except?: string): Promise<number> {
  return withTx(ctx, async (inside) => {
    const { rows } = await inside.db.run({
      text: 'UPDATE underpin.sessions SET ended = $3 WHERE account = $1 AND collection = $2 AND ended IS NULL AND id IS DISTINCT FROM $4::uuid RETURNING id',
      values: [account.id, account.collectionId, new Date(ctx.now), except ?? null],
    });
    const sessions = rows.map(({ id }) => String(id));
    if (sessions.length > 0) await audit(inside, 'sessions.ended', `${account.collection}:${account.id}`, { before: { sessions } });
    return sessions.length;
  });
}

export async function listSessions(ctx: Ctx, account: Account, current: string): Promise<readonly SessionInfo[]> {
  const { rows } = await ctx.db.run({
    text: `SELECT id, created, used, device, address FROM underpin.sessions
           WHERE account = $1 AND collection = $2 AND ended IS NULL AND used > $3 AND created > $4 ORDER BY used DESC, id LIMIT 200`,
    values: [account.id, account.collectionId, new Date(ctx.now - limits.session.idle), new Date(ctx.now - limits.session.absolute)],
  });
  const moment = (value: unknown): string => (value instanceof Date ? value.toISOString() : '');
  return rows.map((row) => ({
    id: String(row['id']),
    created: moment(row['created']),
    lastUsed: moment(row['used']),
    device: deviceName(String(row['device'])),
    address: String(row['address']),
    current: row['id'] === current,
  }));
}
