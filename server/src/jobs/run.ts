/**
 * One execution of a job.
 *
 * Worry: BullMQ runs a job again where it did not hear of its end: the worker died, its lock ran out, Postgres or Redis was away.
 * A job whose effect is not repeatable would then have it twice; and two executions may even be at work at the same time.
 * Decision: the effect and the mark "done" are one transaction, and executions of a job come one after the other, by an advisory
 * lock that ends with the transaction. Whoever gets the lock and finds the job ended does nothing. What goes out of Postgres
 * (a mail) can be promised only once at least; its kind says so.
 * Why it is enough: a transaction is there whole or not at all, whatever was killed; if its commit was not heard of, the next
 * execution finds out. Cancelling takes the mark away, and with it the effect of an execution under way.
 */
import { systemCtx, type Base } from '../ctx.ts';
import { limits } from '../kit/limits.ts';
import type { Job } from './job.ts';

/** To be tried again after `delay` ms. */
export class Again extends Error {
  override readonly name = 'Again';
  readonly delay: number;
  constructor(delay: number, cause: unknown) {
    super(messageOf(cause), { cause });
    this.delay = delay;
  }
}
class Ended extends Error {}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Ends without an error where there is nothing left to do: done, failed for good, cancelled. */
export async function runJob(base: Base, jobs: ReadonlyMap<string, Job>, id: string): Promise<void> {
  const { database, log } = base;
  const { rows } = await database.jobs.run({
    name: 'job begins',
    text: `UPDATE underpin.jobs SET state = 'active', executions = executions + 1, started = coalesce(started, $2)
           WHERE id = $1 AND state IN ('waiting', 'active') RETURNING kind, payload, executions, failures`,
    values: [id, new Date(base.clock())],
  });
  const [row] = rows;
  if (row === undefined) return;
  const execution = Number(row['executions']);
  const failures = Number(row['failures']);
  const job = jobs.get(String(row['kind']));
  const begun = performance.now();
  try {
    if (job === undefined) throw new Error(`this process knows no job of the kind "${String(row['kind'])}"`);
    if (execution - failures > limits.jobs.breaks) throw new Error('its process ended too often while it ran');
    await database.jobs.transaction(async (db) => {
      await db.run({ text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [id] });
      const still = await db.run({ text: `SELECT FROM underpin.jobs WHERE id = $1 AND state = 'active'`, values: [id] });
      if (still.count === 0) throw new Ended();
      const progress = async (part: number): Promise<void> => {
        await database.jobs.run({
          text: 'UPDATE underpin.jobs SET progress = $2 WHERE id = $1',
          values: [id, Math.min(1, Math.max(0, part))],
        });
      };
      const ctx = { ...systemCtx(base), db, requestId: id };
      const result = await job.run(ctx, row['payload'], { id, execution, progress });
      const done = await db.run({
        text: `UPDATE underpin.jobs SET state = 'done', ended = $2, progress = 1, error = NULL, result = $3::jsonb WHERE id = $1 AND state = 'active'`,
        values: [id, new Date(base.clock()), result === undefined ? null : JSON.stringify(result)],
      });
      if (done.count === 0) throw new Ended();
    });
    log.info({ job: id, kind: row['kind'], execution, ms: Math.round(performance.now() - begun) }, 'job done');
  } catch (error) {
    if (error instanceof Ended) return;
    log.warn({ job: id, kind: row['kind'], execution, err: error }, 'job failed');
    await noteFailure(base, id, job, failures + 1, error);
  }
}

async function noteFailure(base: Base, id: string, job: Job | undefined, failures: number, error: unknown): Promise<void> {
  // Who does not know the kind may be older than who wanted it: there will be one who does.
  const isLast = job !== undefined && failures >= job.attempts;
  const delay = job === undefined ? limits.jobs.unknown : job.patience(failures);
  const { count } = await base.database.jobs.run({
    text: `UPDATE underpin.jobs SET failures = $2, error = $3, state = $4, due = $5, ended = $6 WHERE id = $1 AND state = 'active'`,
    values: [
      id,
      failures,
      messageOf(error).slice(0, limits.jobs.error),
      isLast ? 'failed' : 'waiting',
      new Date(base.clock() + (isLast ? 0 : delay)),
      isLast ? new Date(base.clock()) : null,
    ],
  });
  if (count > 0 && !isLast) throw new Again(delay, error);
}
