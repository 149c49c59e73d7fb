/**
 * A write that carries an Idempotency-Key is done once, however often it is sent.
 *
 * Worry: a client that lost the answer cannot know whether the write was done, and sends it again; the second may come
 * while the first is still under way, in another process, or after a crash between the two.
 * Decision: the answer is stored in the transaction of the write itself, so that either both are there or neither; and
 * who holds the advisory lock of the key in that transaction is the one under way. Lock first, then look: so the one
 * who gets the lock sees what the one before him committed. Why it is enough: the lock ends exactly when the
 * transaction does, and a crash undoes both.
 */
import { createHash } from 'node:crypto';
import { withTx, type Ctx } from '../../ctx.ts';
import { callerKey } from '../../kit/actor.ts';
import { fail, failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import { readRecord } from '../../records/read.ts';
import { urlOf, type Incoming } from '../incoming.ts';
import type { Reply } from '../reply.ts';

export interface Repeatable {
  readonly request: Incoming;
  readonly collection: string;
  readonly body: unknown;
}

/** Does the work, or answers what it answered before. `work` is given a ctx within the transaction. */
export async function once(
  ctx: Ctx,
  { request, collection, body }: Repeatable,
  work: (ctx: Ctx) => Promise<Reply & { readonly id?: string }>,
): Promise<Reply> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return work(ctx);
  if (typeof key !== 'string' || !/^[\x21-\x7e]{16,255}$/.test(key))
    throw failAt('invalid_request', '/Idempotency-Key', 'Idempotency-Key must have 16 to 255 printable ASCII characters');
  const scope = digest([callerKey(ctx.actor), request.method ?? '', urlOf(request), key]);
  const asked = digest([JSON.stringify(body ?? null)]);
  return withTx(ctx, async (inside) => {
    const lock = await inside.db.run({
      name: 'idempotency-lock',
      text: 'SELECT pg_try_advisory_xact_lock($1) AS mine',
      values: [scope.readBigInt64BE().toString()],
    });
    if (lock.rows[0]?.['mine'] !== true)
      throw fail('idempotency_in_progress', { detail: 'The same request is being done; ask again in a moment.', retryAfter: 1 });
    const before = await replay(inside, scope, asked, collection);
    if (before !== undefined) return before;
    const { id, ...reply } = await work(inside);
    if (reply.status < 300) await keep(inside, scope, asked, reply, id);
    return reply;
  });
}

const digest = (parts: readonly string[]): Buffer => createHash('sha256').update(JSON.stringify(parts)).digest();

async function replay(ctx: Ctx, scope: Buffer, asked: Buffer, collection: string): Promise<Reply | undefined> {
  const { rows } = await ctx.db.run({
    name: 'idempotency-look',
    text: 'SELECT request, status, headers, body, record FROM underpin.idempotency WHERE scope = $1 AND created > $2',
    values: [scope, new Date(ctx.now - limits.idempotency.keep)],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  if (!Buffer.isBuffer(row['request']) || !row['request'].equals(asked))
    throw fail('idempotency_mismatch', 'This Idempotency-Key was used with another body.');
  const again =
    row['body'] === null && row['record'] !== null
      ? (await readRecord(ctx, collection, String(row['record']), { text: false })).json
      : row['body'];
  // cast: written below, from a reply's headers.
  const headers = { ...(row['headers'] as Record<string, string>), 'Idempotency-Replayed': 'true' };
  return { status: Number(row['status']), headers, ...(typeof again === 'string' ? { text: again } : {}) };
}

async function keep(ctx: Ctx, scope: Buffer, asked: Buffer, reply: Reply, id: string | undefined): Promise<void> {
  const small = reply.text === undefined || id === undefined || Buffer.byteLength(reply.text) <= limits.idempotency.body;
  await ctx.db.run({
    name: 'idempotency-keep',
    text: `INSERT INTO underpin.idempotency (scope, request, created, status, headers, body, record) VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)
           ON CONFLICT (scope) DO UPDATE SET request = excluded.request, created = excluded.created, status = excluded.status, headers = excluded.headers, body = excluded.body, record = excluded.record`,
    values: [
      scope,
      asked,
      new Date(ctx.now),
      reply.status,
      JSON.stringify(reply.headers ?? {}),
      small ? (reply.text ?? null) : null,
      id ?? null,
    ],
  });
}
