/**
 * A job that is to be done, written down in the transaction of the write that wants it.
 *
 * Worry: a job that is told to a queue before the write commits may run without it, one that is told afterwards is lost where
 * the process ends in between, and a queue in Redis can be neither rolled back nor committed with Postgres.
 * Decision: a job is a row of `underpin.jobs`. Whoever works (jobs/worker.ts) is woken by NOTIFY, which is part of the same commit,
 * hands the row to BullMQ, and marks it done in the transaction of the job's own effect.
 * Why it is enough: what was rolled back was never there; what was committed is found by any worker, now or after a restart, even
 * where BullMQ's own store was lost; and a job that BullMQ runs twice finds its row done. It is the same for both stores.
 */
import type { Ctx } from '../ctx.ts';
import { actorName } from '../kit/actor.ts';
import { newId } from '../kit/ids.ts';
import type { JobKind } from './kinds.ts';

export interface JobOptions {
  /** ms from now. */
  readonly delay?: number;
  /** While a job of this kind and key is waiting or active, no second is made. */
  readonly key?: string;
  /** Given where the same wish may be uttered twice: then there is one job of it for as long as it is kept. */
  readonly id?: string;
}

/** The id of the job: of the one that is there already, where `key` or `id` name one. */
export async function enqueue<P>(ctx: Ctx, kind: JobKind<P>, payload: P, options: JobOptions = {}): Promise<string> {
  const { delay = 0, key, id = newId(ctx.now) } = options;
  const made = await ctx.db.run({
    name: 'enqueue',
    text: `INSERT INTO underpin.jobs (id, created, queue, kind, payload, key, due, actor) VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)
           ON CONFLICT DO NOTHING`,
    values: [
      id,
      new Date(ctx.now),
      kind.queue,
      kind.name,
      JSON.stringify(payload),
      key ?? null,
      new Date(ctx.now + delay),
      actorName(ctx.actor),
    ],
  });
  if (made.count > 0 || key === undefined) return id;
  // A statement of its own: what was in the way may have been committed while the first one waited for it.
  const { rows } = await ctx.db.run({
    text: `SELECT id FROM underpin.jobs WHERE kind = $1 AND key = $2 AND state IN ('waiting', 'active')`,
    values: [kind.name, key],
  });
  // It may be done by now; then the wish comes after it, and is another one.
  return rows[0] === undefined ? enqueue(ctx, kind, payload, options) : String(rows[0]['id']);
}
