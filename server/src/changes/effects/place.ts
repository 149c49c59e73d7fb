/** The place up to which the log was copied, and the tables concerned. */
import type { Log } from '../../kit/log.ts';
import { limits } from '../../kit/limits.ts';
import type { Database, Db } from '../../db/connect.ts';
import type { Position } from '../change.ts';
import type { Slot } from '../slot.ts';

export interface Followed {
  readonly collection: string;
  /** Absent while triggers write. */
  readonly since: Position | undefined;
}

interface Found {
  readonly followed: ReadonlyMap<number, Followed>;
  readonly place: Position;
}

/** `isNew`: this session begins. Tables that are written into for long keep their triggers until another try. */
export async function openEffects(
  database: Pick<Database, 'app' | 'owner'>,
  slot: Slot,
  session: string,
  isNew: boolean,
  log: Log,
): Promise<Found> {
  if (isNew) {
    const { rows } = await database.owner.run({
      text: 'SELECT underpin.open_effects($1, $2, $3) AS missed',
      values: [session, slot.epoch, slot.from],
    });
    if (rows[0]?.['missed'] === true) tellLost(log);
    if (!slot.isLasting && (await byTrigger(database.owner))) {
      tellLost(log);
      await database.owner.run({ text: 'UPDATE underpin.effects_place SET session = $1', values: [session] });
    }
  }
  if (slot.isLasting) await byLog(database, session, log);
  const { rows } = await database.app.run({
    text: `SELECT p.position, f.oid, f.collection, f.since FROM underpin.effects_place p LEFT JOIN (
             SELECT to_regclass(format('public.%I', c.name))::oid::int8 AS oid, c.id AS collection, f.since
             FROM underpin.followed f JOIN underpin.collections c ON c.id = f.collection
           ) f ON true`,
  });
  return {
    place: String(rows[0]?.['position']),
    followed: new Map(
      rows.flatMap(({ oid, collection, since }) =>
        oid === null ? [] : [[Number(oid), { collection: String(collection), since: since === null ? undefined : String(since) }] as const],
      ),
    ),
  };
}

/** Asks first, and not the few connections that change the schema. */
async function byLog({ app, owner }: Pick<Database, 'app' | 'owner'>, session: string, log: Log): Promise<void> {
  const { rows } = await app.run({ text: 'SELECT FROM underpin.followed WHERE since IS NULL' });
  if (rows.length === 0) return;
  try {
    await owner.transaction(async (db) => {
      await db.run({ text: `SET LOCAL lock_timeout = ${limits.effects.lock}` });
      await db.run({ text: 'SELECT underpin.effects_by_log($1)', values: [session] });
    });
  } catch (error) {
    log.info({ problem: error instanceof Error ? error.message : String(error) }, 'triggers go on writing effects for now');
  }
}

/** Whether something may have been lost. */
export async function byTrigger(owner: Db): Promise<boolean> {
  const { rows } = await owner.run({ text: 'SELECT underpin.effects_by_trigger() AS missed' });
  return rows[0]?.['missed'] === true;
}

export const tellLost = (log: Log): void =>
  log.error('the history has missed changes: the log of changes was lost before it was copied (underpin doctor says why)');
