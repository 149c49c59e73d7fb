/** How often something may happen, counted in Postgres so that all processes count together. One statement, atomic. */
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import type { Rate } from '../kit/limits.ts';

/** Counts one more for a key and refuses with 429 when there were too many in the window. */
export async function countRate(ctx: Ctx, key: string, rate: Rate): Promise<void> {
  const resets = await count(ctx, key, rate);
  if (resets === undefined) return;
  throw fail('rate_limited', {
    detail: 'Too many tries; wait a little.',
    retryAfter: Math.max(1, Math.ceil((resets.getTime() - ctx.now) / 1000)),
  });
}

/** The same where the caller must not notice: whether it was not too many. */
export const isWithinRate = async (ctx: Ctx, key: string, rate: Rate): Promise<boolean> => (await count(ctx, key, rate)) === undefined;

/** When the window ends, where there were too many in it. */
async function count(ctx: Ctx, key: string, rate: Rate): Promise<Date | undefined> {
  if (!ctx.config.RATE_LIMITS) return undefined;
  const { rows } = await ctx.db.run({
    name: 'count-rate',
    text: `INSERT INTO underpin.rate_counts AS r (key, count, resets) VALUES ($1, 1, $3)
           ON CONFLICT (key) DO UPDATE SET count = CASE WHEN r.resets <= $2 THEN 1 ELSE r.count + 1 END, resets = CASE WHEN r.resets <= $2 THEN $3 ELSE r.resets END
           RETURNING count, resets`,
    values: [key, new Date(ctx.now), new Date(ctx.now + rate.window)],
  });
  const resets = rows[0]?.['resets'];
  return Number(rows[0]?.['count']) > rate.count && resets instanceof Date ? resets : undefined;
}
