/**
 * What is good for one use: the links and codes of mails.
 *
 * Worry: two requests with the same link both find it unused; a short code is tried until it fits; a link for one thing is taken
 * to another door; what the database holds is used by whoever reads it.
 * Decision: one statement both asks and takes (`claimOne`): purpose, collection, moment and tries stand in its WHERE, so that of
 * many at once one has it, and a wrong code costs a try however many come together. Stored are a hash of the token and an HMAC of
 * the code. There is one open thing for each purpose and account: a new one takes the place of the one before.
 * Why it is enough: 256 random bits are not guessed; five tries of a million, with three codes an hour, are not either.
 */
import type { Ctx } from '../ctx.ts';
import { deriveKey, hmac, randomCode, randomToken, sha256 } from '../kit/crypto.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import type { Account } from './sessions.ts';

export type Purpose = 'verify' | 'reset' | 'code' | 'email';

export interface Subject {
  readonly collectionId: string;
  readonly account: string;
  /** The address that it is sent to, and that it proves. */
  readonly address: string;
  readonly data: OneTimeData;
}
export interface OneTimeData {
  /** Where the page leads on to afterwards. */
  readonly redirect?: string | undefined;
  /** Of a change of address: the one before, and the session that asked. */
  readonly from?: string;
  readonly session?: string;
}

/** A new one, instead of any earlier of the same purpose and account. */
export async function issueOne(ctx: Ctx, purpose: Purpose, subject: Subject): Promise<{ readonly token: string; readonly code: string }> {
  const token = randomToken();
  const code = randomCode();
  await ctx.db.run({
    name: 'one-time',
    text: `INSERT INTO underpin.one_time (id, created, purpose, collection, account, address, hash, code, data, expires)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10)
           ON CONFLICT (collection, account, purpose) WHERE used IS NULL DO UPDATE SET id = excluded.id, created = excluded.created,
             address = excluded.address, hash = excluded.hash, code = excluded.code, tries = 0, data = excluded.data, expires = excluded.expires`,
    values: [
      newId(ctx.now),
      new Date(ctx.now),
      purpose,
      subject.collectionId,
      subject.account,
      subject.address,
      sha256(token),
      purpose === 'code' ? codeHash(ctx, subject, code) : null,
      JSON.stringify(subject.data),
      new Date(ctx.now + limits.oneTime[purpose]),
    ],
  });
  return { token, code };
}

export interface Claimed {
  readonly account: string;
  readonly address: string;
  readonly data: OneTimeData;
}
type By = { readonly token: string } | { readonly account: string; readonly code: string };

/** Takes one, by its token or as an account's code; undefined where there is none such any more. */
export async function claimOne(ctx: Ctx, purpose: Purpose, collectionId: string, by: By): Promise<Claimed | undefined> {
  const isToken = 'token' in by;
  const { rows } = await ctx.db.run({
    name: 'claim-one',
    text: `UPDATE underpin.one_time SET tries = tries + 1, used = CASE WHEN hash = $4 OR code = $5 THEN $3::timestamptz END
           WHERE purpose = $1 AND collection = $2 AND used IS NULL AND expires > $3
             AND (hash = $4 OR (account = $6::uuid AND code IS NOT NULL AND tries < ${limits.oneTime.tries}))
           RETURNING account, address, data, used`,
    values: [
      purpose,
      collectionId,
      new Date(ctx.now),
      isToken ? sha256(by.token) : null,
      isToken ? null : codeHash(ctx, { collectionId, account: by.account }, by.code),
      isToken ? null : by.account,
    ],
  });
  const [row] = rows;
  if (row === undefined || row['used'] === null) return undefined;
  // cast: written above, from the same type.
  return { account: String(row['account']), address: String(row['address']), data: row['data'] as OneTimeData };
}

/** Ends whatever was sent to an account and not used: after a change of what it proves. */
export async function endOnes(ctx: Ctx, account: Account): Promise<void> {
  await ctx.db.run({
    text: 'DELETE FROM underpin.one_time WHERE collection = $1 AND account = $2 AND used IS NULL',
    values: [account.collectionId, account.id],
  });
}

const codeHash = (ctx: Ctx, { collectionId, account }: Pick<Subject, 'collectionId' | 'account'>, code: string): Buffer =>
  hmac(deriveKey(ctx.secret, 'codes'), `${collectionId}:${account}:${code}`);
