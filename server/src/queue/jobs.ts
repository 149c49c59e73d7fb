/** Jobs as admins see them: how many there are, and what can be done about one. */
import { CronExpressionParser } from 'cron-parser';
import type { Ctx } from '../ctx.ts';
import { isPgProblem } from '../db/pg-errors.ts';
import { fail } from '../kit/errors.ts';
import { schedules } from './schedules.ts';

export interface QueueCounts {
  readonly name: string;
  /** To be done now, and later. */
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  /** As many as are still kept. */
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
}
export interface ScheduleInfo {
  readonly name: string;
  readonly kind: string;
  readonly cron: string;
  readonly zone: string;
  readonly next: string;
}

export async function queueCounts(ctx: Ctx): Promise<readonly QueueCounts[]> {
  const { rows } = await ctx.db.run({
    text: `SELECT queue, CASE WHEN state = 'waiting' AND due > $1 THEN 'delayed' ELSE state END AS state, count(*) AS count
           FROM underpin.jobs GROUP BY 1, 2`,
    values: [new Date(ctx.now)],
  });
  const count = (queue: string, state: string): number =>
    Number(rows.find((row) => row['queue'] === queue && row['state'] === state)?.['count'] ?? 0);
  return ['now', 'bulk'].map((name) => ({
    name,
    waiting: count(name, 'waiting'),
    delayed: count(name, 'delayed'),
    active: count(name, 'active'),
    done: count(name, 'done'),
    failed: count(name, 'failed'),
    cancelled: count(name, 'cancelled'),
  }));
}

export const scheduleInfos = (ctx: Ctx): readonly ScheduleInfo[] =>
  schedules.map(({ name, kind, cron, zone }) => {
    const next = CronExpressionParser.parse(cron, { tz: zone, currentDate: new Date(ctx.now) }).next();
    return { name, kind: kind.name, cron, zone, next: next.toDate().toISOString() };
  });

/** What makes an ended job one that waits: as new, and told to the queue in another round. */
const anew = `state = 'waiting', executions = 0, failures = 0, error = NULL, progress = 0, started = NULL, ended = NULL, due = $1, queued = NULL, round = round + 1`;

/** Does a job that failed or was cancelled after all. */
export async function retryJob(ctx: Ctx, id: string): Promise<void> {
  const { count } = await ctx.db
    .run({
      text: `UPDATE underpin.jobs SET ${anew} WHERE id = $2 AND state IN ('failed', 'cancelled')`,
      values: [new Date(ctx.now), id],
    })
    .catch((error: unknown) => {
      if (isPgProblem(error) && error.code === '23505') throw fail('conflict', 'The same is waiting to be done already.', error);
      throw error;
    });
  if (count === 0) throw await refusal(ctx, id, 'Only a job that failed or was cancelled can be done again.');
}

/** Does all failed jobs again, but those of which the same is waiting already; the answer is how many. */
export async function retryFailed(ctx: Ctx): Promise<number> {
  const { count } = await ctx.db.run({
    text: `UPDATE underpin.jobs j SET ${anew} WHERE state = 'failed' AND (key IS NULL OR (
             NOT EXISTS (SELECT FROM underpin.jobs o WHERE o.kind = j.kind AND o.key = j.key AND o.state IN ('waiting', 'active'))
             AND NOT EXISTS (SELECT FROM underpin.jobs o WHERE o.kind = j.kind AND o.key = j.key AND o.state = 'failed' AND o.id > j.id)))`,
    values: [new Date(ctx.now)],
  });
  return count;
}

/** A job that waits is never done; one at work has no effect, unless it was done already. */
export async function cancelJob(ctx: Ctx, id: string): Promise<void> {
  const { count } = await ctx.db.run({
    text: `UPDATE underpin.jobs SET state = 'cancelled', ended = $1 WHERE id = $2 AND state IN ('waiting', 'active')`,
    values: [new Date(ctx.now), id],
  });
  if (count === 0) throw await refusal(ctx, id, 'Only a job that waits or is at work can be cancelled.');
}

async function refusal(ctx: Ctx, id: string, why: string): Promise<Error> {
  const { count } = await ctx.db.run({ text: 'SELECT FROM underpin.jobs WHERE id = $1', values: [id] });
  return count === 0 ? fail('not_found') : fail('conflict', why);
}
