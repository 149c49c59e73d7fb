/** The kinds of jobs, as those name them who want one done. What they do is in jobs/kinds, above. */
import { z } from 'zod';

/** `now` is what somebody waits for, `bulk` what takes its time. What the clock starts comes through a third, `schedule`. */
export type QueueName = 'now' | 'bulk';

export interface JobKind<P> {
  readonly name: string;
  readonly queue: QueueName;
  /** Ids and numbers, never secrets: payloads are seen by admins and leave for Redis nowhere else than as an id. */
  readonly payload: z.ZodType<P>;
}
export const jobKind = <P>(name: string, queue: QueueName, payload: z.ZodType<P>): JobKind<P> => ({ name, queue, payload });

/** Takes away what has ended: jobs, answers kept for repetition, counters. */
export const sweep = jobKind('sweep', 'bulk', z.strictObject({}));

/** Sends a message of the outbox. */
export const sendMessage = jobKind('send-message', 'now', z.strictObject({ message: z.string() }));
