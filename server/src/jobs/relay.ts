/**
 * Hands the jobs that were written down to BullMQ. Any number of processes may do it: each takes other rows, and a job that is handed
 * over twice has the same id there both times.
 */
import type { Base } from '../ctx.ts';
import { limits } from '../kit/limits.ts';
import type { QueueName } from '../queue/kinds.ts';
import type { BullQueue } from './backend.ts';

export type Queues = Readonly<Record<QueueName, BullQueue>>;

/** All that wait to be handed over, some hundreds at a time. */
export async function relay(base: Base, queues: Queues): Promise<void> {
  for (;;) {
    const count = await base.database.jobs.transaction(async (db) => {
      const now = base.clock();
      const { rows } = await db.run({
        name: 'relay',
        text: `UPDATE underpin.jobs SET queued = $1 WHERE id IN (
                 SELECT id FROM underpin.jobs WHERE queued IS NULL AND state = 'waiting' ORDER BY id LIMIT ${limits.jobs.relay} FOR UPDATE SKIP LOCKED)
               RETURNING id, queue, round, due`,
        values: [new Date(now)],
      });
      for (const name of ['now', 'bulk'] as const) {
        const mine = rows.filter((row) => row['queue'] === name);
        if (mine.length === 0) continue;
        // Within the transaction: where this fails, they are still to be handed over.
        await queues[name].addBulk(
          mine.map((row) => ({
            name: 'job',
            data: { id: String(row['id']) },
            opts: { jobId: toldId(String(row['id']), Number(row['round'])), delay: Math.max(0, momentOf(row['due']) - now) },
          })),
        );
      }
      return rows.length;
    });
    if (count < limits.jobs.relay) return;
  }
}

const toldId = (id: string, round: number): string => `${id}-${round}`;
const momentOf = (value: unknown): number => (value instanceof Date ? value.getTime() : 0);

/**
 * Jobs that should have been done and of which BullMQ knows nothing (its store was lost, or it gave them up): they are handed
 * over once more, in another round.
 */
export async function recover(base: Base, queues: Queues): Promise<number> {
  const { rows } = await base.database.jobs.run({
    text: `SELECT id, queue, round FROM underpin.jobs
           WHERE state IN ('waiting', 'active') AND queued IS NOT NULL AND due < $1 AND queued < $1 ORDER BY due LIMIT ${limits.jobs.relay}`,
    values: [new Date(base.clock() - base.config.JOBS_STALLED * 2000)],
  });
  let lost = 0;
  for (const row of rows) {
    const queue = queues[row['queue'] === 'bulk' ? 'bulk' : 'now'];
    const state = await queue.getJobState(toldId(String(row['id']), Number(row['round'])));
    if (state !== 'unknown' && state !== 'completed' && state !== 'failed') continue;
    const { count } = await base.database.jobs.run({
      text: `UPDATE underpin.jobs SET queued = NULL, state = 'waiting', round = round + 1 WHERE id = $1 AND round = $2 AND state IN ('waiting', 'active')`,
      values: [row['id'], row['round']],
    });
    lost += count;
  }
  if (lost > 0) base.log.warn({ lost }, 'jobs that the queue had lost are handed to it again');
  return lost;
}
