/** What a process does about the log of changes when it starts. */
import type { Database } from '../db/connect.ts';
import { schemaLock } from '../db/migrate.ts';
import type { Log } from '../kit/log.ts';
import { createChangeLog, type ChangeBounds, type ChangeLog } from './log.ts';
import { slotExists } from './slot.ts';

/**
 * Brings the publication up to date, which another Postgres (18 after 15) may ask for. The log is read from here on only where there is
 * a slot: Postgres keeps its own log for that, so that somebody has to read it. Else it begins when somebody follows.
 */
export async function beginChanges(database: Database, log: Log, bounds?: ChangeBounds): Promise<ChangeLog> {
  await database.owner.transaction(async (db) => {
    await db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [schemaLock] });
    await db.run({ text: 'SELECT underpin.publish_changes()' });
  });
  const changes = createChangeLog(database, log, bounds);
  const { rows } = await database.app.run({ text: slotExists });
  if (rows[0]?.['there'] === true) changes.start();
  return changes;
}
