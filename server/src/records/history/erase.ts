/** Versions that are not to stay: of a record that is erased, and those that are older than their collection keeps them. */
import type { Ctx } from '../../ctx.ts';
import type { Collection } from '../../schema/collection.ts';

/** What there is now; what the log still brings of it goes with the deletion, which says that it erases (`take_versions`). */
export async function eraseVersions(ctx: Ctx, collection: Collection, id: string): Promise<void> {
  for (const table of ['versions', 'effects'])
    await ctx.db.run({ text: `DELETE FROM underpin.${table} WHERE collection = $1 AND record = $2`, values: [collection.id, id] });
}

export async function sweepVersions(ctx: Ctx): Promise<void> {
  await ctx.db.run({
    text: `DELETE FROM underpin.versions v USING underpin.collections c
           WHERE c.id = v.collection AND jsonb_typeof(c.definition -> 'history') = 'object'
             AND v.at < $1::timestamptz - (c.definition -> 'history' ->> 'keep')::interval`,
    values: [new Date(ctx.now)],
  });
}
