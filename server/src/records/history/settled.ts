/**
 * What was written before is in the history, before it is read: on every node, whoever copies the log.
 *
 * A message in the log asks the one who reads it to say how far he has copied; once that lies behind the message, all that was
 * committed before it is there. Where triggers write, it is there with the commit.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { keptPrefix } from '../../changes/effects/keeper.ts';
import { takeVersions } from '../../changes/effects/take.ts';
import { positionOf } from '../../changes/position.ts';
import type { Ctx } from '../../ctx.ts';
import { fail } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';

/** Asks outside of any transaction of the request: its message has to be committed. */
export async function settleHistory({ database: { app }, changes }: Ctx, collection: Collection): Promise<void> {
  const { rows } = await app.run({
    name: 'history form',
    text: 'SELECT since IS NOT NULL AS logged FROM underpin.followed WHERE collection = $1',
    values: [collection.id],
  });
  if (rows[0]?.['logged'] === true) {
    const [row] = await app.texts({ name: 'history asks', text: `SELECT pg_logical_emit_message(true, '${keptPrefix}', '')::text` });
    const wanted = positionOf(row?.[0] ?? '');
    const late = performance.now() + limits.effects.patience;
    for (;;) {
      const [place] = await app.texts({ name: 'history place', text: 'SELECT position FROM underpin.effects_place' });
      if ((place?.[0] ?? '') >= wanted) break;
      if (performance.now() > late) throw fail('unavailable', changes.reason ?? 'The history is late: nobody reads the log of changes.');
      await pause(limits.effects.look);
    }
  }
  await takeVersions(app);
}
