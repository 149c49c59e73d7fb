/**
 * The part of a process that works: takes jobs from BullMQ, hands it those that were written down, fires the schedules.
 * Any number of processes may have one.
 */
import type { Base } from '../ctx.ts';
import { limits } from '../kit/limits.ts';
import { openBackend } from './backend.ts';
import type { Job } from './job.ts';
import { recover, relay } from './relay.ts';
import { runJob } from './run.ts';
import { fire } from './schedules.ts';
import type { Schedule } from '../queue/schedules.ts';

export interface Work {
  readonly jobs: readonly Job[];
  readonly schedules: readonly Schedule[];
}

/** Begins to work; what is given back lets the jobs at work finish, and ends. */
export async function startWorker(base: Base, { jobs, schedules }: Work): Promise<{ close(): Promise<void> }> {
  const backend = await openBackend(base);
  const kinds = new Map(jobs.map((job) => [job.name, job]));
  const queues = { now: backend.queue('now'), bulk: backend.queue('bulk') };
  const clock = backend.queue('schedule');
  const byName = new Map(schedules.map((schedule) => [schedule.name, schedule]));

  const handOver = repeated(base, limits.jobs.poll, () => relay(base, queues));
  base.listener.on('jobs', handOver.soon, handOver.soon);
  const lookAfter = repeated(base, base.config.JOBS_STALLED * 1000, async () => {
    await recover(base, queues);
    // Anew each time: Redis may have lost them, and what is there already stays as it is.
    for (const { name, cron, zone } of schedules)
      await clock.upsertJobScheduler(name, { pattern: cron, tz: zone }, { name, data: { id: name } });
  });
  for (const { soon } of [lookAfter, handOver]) soon();

  const workers = [
    backend.worker('now', limits.jobs.now, ({ data }) => runJob(base, kinds, data.id)),
    backend.worker('bulk', limits.jobs.bulk, ({ data }) => runJob(base, kinds, data.id)),
    backend.worker('schedule', 1, async (job) => {
      const schedule = byName.get(job.data.id);
      // The moment it was meant for, in ms; the same for whoever is told.
      if (schedule !== undefined) await fire(base, schedule, job.timestamp + (job.opts.delay ?? 0));
    }),
  ];
  return {
    close: async () => {
      await Promise.all([handOver.end(), lookAfter.end()]);
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([...Object.values(queues), clock].map((queue) => queue.close()));
      await backend.close();
    },
  };
}

/** Does something again and again, and soon when asked; never twice at once. What fails is tried again a second later. */
function repeated(base: Base, every: number, work: () => Promise<void>): { soon(): void; end(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let ended = false;
  /** What was told last, and when: not each second anew. */
  let told: { readonly problem: string; readonly at: number } | undefined;
  const tell = (error: unknown): void => {
    const problem = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    if (told !== undefined && told.problem === problem && now - told.at < limits.jobs.silence) return;
    told = { problem, at: now };
    base.log.warn({ problem }, 'jobs cannot be handed to the queue; trying again');
  };
  const run = (): void => {
    clearTimeout(timer);
    again = false;
    running = work()
      .then(() => {
        if (told !== undefined) base.log.info('jobs are handed to the queue again');
        told = undefined;
        return every;
      })
      .catch((error: unknown) => {
        tell(error);
        return limits.jobs.reconnect;
      })
      .then((pause) => {
        running = undefined;
        if (ended) return;
        timer = setTimeout(run, again ? 0 : pause);
      });
  };
  return {
    soon: () => {
      if (ended) return;
      again = true;
      if (running === undefined) run();
    },
    end: async () => {
      ended = true;
      clearTimeout(timer);
      await running;
    },
  };
}
