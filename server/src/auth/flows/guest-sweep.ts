/** Guests that have not been there for thirty days go, unless records that must not lose them refer to them. */
import { withTx, type Ctx } from '../../ctx.ts';
import { Failure } from '../../kit/errors.ts';
import { guestAddress } from '../../kit/actor.ts';
import { limits } from '../../kit/limits.ts';
import { schemaOf } from '../../schema/load.ts';
import { endAccount } from './end.ts';

export async function sweepGuests(ctx: Ctx): Promise<void> {
  const before = new Date(ctx.now - limits.guests.idle);
  for (const { id: collectionId, kind, name: collection, table } of (await schemaOf(ctx)).collections) {
    if (kind !== 'auth') continue;
    const { rows } = await ctx.db.run({
      text: `SELECT a."id" FROM ${table} a WHERE a."email" LIKE '%' || $1 AND a."created" < $2
               AND NOT EXISTS (SELECT FROM underpin.sessions s WHERE s.account = a."id" AND s.used >= $2) ORDER BY a."id" LIMIT ${limits.guests.sweep}`,
      values: [guestAddress(''), before],
    });
    for (const { id } of rows)
      await withTx(ctx, (inside) => endAccount(inside, { id: String(id), collectionId, collection })).catch((error: unknown) => {
        if (!(error instanceof Failure && error.code === 'reference_violation')) throw error;
      });
  }
}
