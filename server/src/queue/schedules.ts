/** What the clock starts, and when. Fired by jobs/schedules.ts. */
import { sweep, type JobKind } from './kinds.ts';

export interface Schedule {
  readonly name: string;
  /** Five fields, or six with seconds first. */
  readonly cron: string;
  /** IANA name of the zone in which the fields are read. */
  readonly zone: string;
  /** `skip`: while the job of an earlier firing is not done, none is made. `queue`: each firing is a job. */
  readonly overlap: 'skip' | 'queue';
  readonly kind: JobKind<Readonly<Record<string, never>>>;
}

export const schedules: readonly Schedule[] = [{ name: 'sweep', cron: '17 * * * *', zone: 'UTC', overlap: 'skip', kind: sweep }];
