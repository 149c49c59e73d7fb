/** Takes away what has ended and is kept no longer; bodies of messages before that. */
import { sweep as kind } from '../../queue/kinds.ts';
import { limits } from '../../kit/limits.ts';
import { sweepGuests } from '../../auth/flows/guest-sweep.ts';
import { takeVersions } from '../../changes/effects/take.ts';
import { sweepVersions } from '../../records/history/erase.ts';
import { sweepFiles } from '../../files/sweep.ts';
import { defineJob } from '../job.ts';

export const sweep = defineJob(kind, {
  run: async (ctx) => {
    const before = (kept: number): Date => new Date(ctx.now - kept);
    await ctx.db.run({ text: 'DELETE FROM underpin.idempotency WHERE created <= $1', values: [before(limits.idempotency.keep)] });
    await ctx.db.run({
      text: `DELETE FROM underpin.jobs WHERE (state IN ('done', 'cancelled') AND ended < $1) OR (state = 'failed' AND ended < $2)`,
      values: [before(limits.jobs.keepDone), before(limits.jobs.keepFailed)],
    });
    await ctx.db.run({
      text: 'UPDATE underpin.messages SET sealed = NULL WHERE sealed IS NOT NULL AND expires <= $1',
      values: [before(0)],
    });
    await ctx.db.run({ text: 'DELETE FROM underpin.messages WHERE created < $1', values: [before(limits.messages.keep)] });
    await ctx.db.run({ text: 'DELETE FROM underpin.one_time WHERE expires < $1', values: [before(0)] });
    await sweepGuests(ctx);
    await takeVersions(ctx.db);
    await sweepVersions(ctx);
    // What lies in the store is looked at once a day. In transactions of its own: bytes that go do not come back with one that fails.
    await sweepFiles({ ...ctx, db: ctx.database.jobs }, { dryRun: false, strays: new Date(ctx.now).getUTCHours() === 3 });
    await ctx.db.run({ text: 'DELETE FROM underpin.rate_counts WHERE resets < $1', values: [before(0)] });
  },
});
