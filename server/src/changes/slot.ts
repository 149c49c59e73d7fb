/**
 * The replication slot: Postgres's promise to keep its log for us, from where we confirmed on.
 *
 * Worries: a position means something only within one history, so whoever remembers one must learn when another history has begun (the
 * epoch); a crash between making a slot and writing its epoch down must not give two histories one name; a database that was
 * cloned or restored elsewhere must not inherit it.
 * Decision: the epoch is written down nowhere but in the slot's own name, `underpin_<oid of the database>_<random>`, which is made in
 * one step, is part of no clone and no dump, and ends with the slot. To it comes the server's timeline, which is another after a
 * standby has taken over or a backup was restored to a moment. Why it is enough: the same name on the same timeline is the same slot.
 * Two processes never make one each: who makes or reads a slot holds an advisory lock on the same connection, which ends with it.
 * Not covered: a copy of the server's files put back without Postgres's own recovery; drop the slot then (docs/reference/config.md).
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Position } from './change.ts';
import { positionOf } from './position.ts';

export interface Slot {
  readonly name: string;
  readonly epoch: string;
  /** Where reading begins: all that ended later is sent. */
  readonly from: Position;
  /** It stays when its reader goes. */
  readonly isLasting: boolean;
}

export const publication = 'underpin';
/** One number for whoever may read the log of this database. */
const lock = 0x756e6474;

/** What keeps us from reading, and will until somebody changes it. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

const ask = async (client: pg.Client, text: string): Promise<Readonly<Record<string, unknown>>> =>
  (await client.query<Record<string, unknown>>(text)).rows[0] ?? {};

export async function checkServer(client: pg.Client): Promise<void> {
  const found = await ask(
    client,
    `SELECT current_setting('wal_level') AS level, EXISTS (SELECT FROM pg_publication WHERE pubname = '${publication}') AS published`,
  );
  if (found['level'] !== 'logical')
    throw new Unavailable(`Postgres runs with wal_level = ${String(found['level'])}; it has to be logical, which takes a restart of it`);
  if (found['published'] !== true) throw new Unavailable(`The publication "${publication}" is gone; a start of Underpin makes it again`);
}

/** Whether we are the one that may read, for as long as this connection lives. */
export const takeLead = async (client: pg.Client): Promise<boolean> =>
  (await ask(client, `SELECT pg_try_advisory_lock(${lock}) AS ours`))['ours'] === true;

const slotsOfUs = `FROM pg_replication_slots WHERE database = current_database() AND plugin = 'pgoutput' AND NOT temporary
  AND slot_name LIKE 'underpin\\_' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '\\_%'`;

/** For whoever must not ask for a connection of that kind in vain. */
export const slotExists = `SELECT EXISTS (SELECT ${slotsOfUs}) AS there`;

/**
 * The slot that is there, or a new one; only for who has the lead. `lost` names one that Postgres refused: it can give no more.
 * Where nothing bounds what Postgres keeps for a slot (`max_slot_wal_keep_size`), it is one that ends with the connection.
 */
export async function openSlot(client: pg.Client, lost: string | undefined): Promise<Slot> {
  const timeline = String((await ask(client, 'IDENTIFY_SYSTEM'))['timeline']);
  const found = await ask(
    client,
    `SELECT slot_name AS name, confirmed_flush_lsn::text AS lsn, wal_status AS status ${slotsOfUs} ORDER BY slot_name LIMIT 1`,
  );
  if (typeof found['name'] === 'string') {
    if (found['name'] !== lost && found['status'] !== 'lost') return slotOf(found['name'], found['lsn'], timeline, true);
    await client.query(`DROP_REPLICATION_SLOT "${found['name']}"`);
  }
  const about = await ask(
    client,
    `SELECT oid AS database, current_setting('max_slot_wal_keep_size') = '-1' AS unbounded FROM pg_database WHERE datname = current_database()`,
  );
  const name = `underpin_${String(about['database'])}_${randomBytes(6).toString('hex')}`;
  const kind = about['unbounded'] === true ? 'TEMPORARY ' : '';
  const made = await ask(client, `CREATE_REPLICATION_SLOT "${name}" ${kind}LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
  return slotOf(name, made['consistent_point'], timeline, kind === '');
}

const slotOf = (name: string, lsn: unknown, timeline: string, isLasting: boolean): Slot => ({
  name,
  epoch: `${name.replace(/^.*_/, '')}-${timeline}`,
  from: positionOf(String(lsn)),
  isLasting,
});
