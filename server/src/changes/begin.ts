/** What a process does about the log of changes when it starts. */
import type { Database, Db } from '../db/connect.ts';
import { schemaLock } from '../db/migrate.ts';
import type { Log } from '../kit/log.ts';
import { createChangeLog, type ChangeBounds, type ChangeLog } from './log.ts';
import { byTrigger, tellLost } from './effects/place.ts';
import { slotExists } from './slot.ts';

/**
 * Brings the publication up to date, which another Postgres (18 after 15) may ask for. The log is read from here on only where there is
 * a slot: Postgres keeps its own log for that, so that somebody has to read it. Else it begins when somebody follows.
 */
export async function beginChanges(database: Database, log: Log, bounds?: ChangeBounds, reads?: boolean): Promise<ChangeLog> {
  await database.owner.transaction(async (db) => {
    await db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [schemaLock] });
    await db.run({ text: 'SELECT underpin.publish_changes()' });
  });
  const changes = createChangeLog(database, log, bounds, reads);
  // Whoever makes a slot begins with the triggers, so that it does not matter who comes first.
  const isThere = await database.owner.transaction(async (db) => {
    await db.run({ text: 'SELECT FROM underpin.effects_place FOR UPDATE' });
    const { rows } = await db.run({ text: slotExists });
    const found = rows[0]?.['there'] === true;
    if (!found && (await byTrigger(db))) tellLost(log);
    return found;
  });
  if (isThere || (await isFollowed(database.app))) changes.start();
  return changes;
}

/** Whether there are collections of which no change may be missed: the log is read for them, too. */
export async function isFollowed(db: Db): Promise<boolean> {
  const { rows } = await db.run({ text: 'SELECT EXISTS (SELECT FROM underpin.followed) AS there' });
  return rows[0]?.['there'] === true;
}
