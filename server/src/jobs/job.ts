/** What a kind of job does. */
import type { Ctx } from '../ctx.ts';
import type { JobKind } from '../queue/kinds.ts';

/** What a job is given besides its payload. */
export interface Doing {
  readonly id: string;
  /** 1 the first time; more where an earlier execution failed or broke off. */
  readonly execution: number;
  /** Tells how far it is, 0 to 1, to whoever looks at it meanwhile. */
  progress(part: number): Promise<void>;
}

export interface Job {
  readonly name: string;
  readonly attempts: number;
  /** ms to wait after so many failures, before it is tried again. */
  readonly patience: (failures: number) => number;
  /** Runs with a payload that was checked. `ctx.db` is a transaction; the job is marked done in it. What it gives back is kept as JSON. */
  readonly run: (ctx: Ctx, payload: unknown, doing: Doing) => Promise<unknown>;
}

export interface JobSettings<P> {
  readonly attempts?: number;
  readonly patience?: (failures: number) => number;
  readonly run: (ctx: Ctx, payload: P, doing: Doing) => Promise<unknown>;
}

/** 1 s, 2 s, 4 s … up to an hour, each as much again by chance, so that what failed together does not come back together. Whole ms: BullMQ takes no parts. */
export const exponential =
  (first: number, most = 3_600_000) =>
  (failures: number): number =>
    Math.round(Math.min(most, first * 2 ** (failures - 1)) * (1 + Math.random()));

export const defineJob = <P>(kind: JobKind<P>, { attempts = 8, patience = exponential(1_000), run }: JobSettings<P>): Job => ({
  name: kind.name,
  attempts,
  patience,
  run: (ctx, payload, doing) => run(ctx, kind.payload.parse(payload), doing),
});
