/** What there is to know of a Postgres for the log of changes and what follows it. Read-only. */
import type pg from 'pg';
import { fine, mend, note, type Finding } from '../kit/finding.ts';

type Row = Readonly<Record<string, unknown>>;

export async function examine(client: pg.Client): Promise<readonly Finding[]> {
  const all = async (text: string): Promise<readonly Row[]> => (await client.query<Record<string, unknown>>(text)).rows;
  const one = async (text: string): Promise<Row> => (await all(text))[0] ?? {};
  const server = await one(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number, current_setting('wal_level') AS level,
       current_setting('max_replication_slots')::int AS slots, (SELECT count(*)::int FROM pg_replication_slots) AS used,
       current_setting('max_wal_senders')::int AS senders, (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'walsender') AS sending,
       current_setting('max_slot_wal_keep_size') AS bound, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit`,
  );
  const role = await one(
    `SELECT rolname AS name, rolsuper OR rolreplication OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'rds_replication' AND pg_has_role(current_user, r.oid, 'MEMBER')) AS reads,
       (SELECT count(*)::int FROM pg_roles r WHERE r.rolname IN ('underpin_app', 'underpin_owner') AND pg_has_role(current_user, r.oid, 'MEMBER')) AS ours
     FROM pg_roles WHERE rolname = current_user`,
  );
  const slots = await all(
    `SELECT s.slot_name AS name, s.active, s.temporary, s.wal_status AS status, pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::int8::text AS kept,
       s.active_pid AS pid, coalesce(host(a.client_addr), 'this machine') AS host
     FROM pg_replication_slots s LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid
     WHERE s.slot_name LIKE 'underpin\\_' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '\\_%' ORDER BY s.active DESC`,
  );
  const nodes = await aboutNodes(one);
  // Our tables are read as the role that owns them; of other sessions only the login is told.
  if (role['ours'] === 2) await client.query('SET ROLE underpin_owner');
  const { ready } = await one(
    `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'underpin' AND c.relname = 'followed') AS ready`,
  );
  return [
    ...aboutServer(server, slots.length > 0),
    aboutDurability(server),
    ...aboutRole(role),
    ...slots.map(aboutSlot),
    ...(slots.length === 0 ? [note('slot', 'There is none; one is made when somebody follows the log')] : []),
    aboutBound(server),
    ...(ready === true
      ? [...(await aboutPublication(one)), ...(await aboutEffects(one))]
      : [note('schema', 'Underpin has not been started on this database yet')]),
    nodes,
  ];
}

function aboutServer(server: Row, hasSlot: boolean): readonly Finding[] {
  const { version, level } = server;
  const number = (name: string): number => Number(server[name]);
  const isFree = hasSlot || number('used') < number('slots');
  const slots = `${number('used')} of ${number('slots')} replication slots are used`;
  const senders = `${number('sending')} of ${number('senders')} WAL senders are used`;
  return [
    number('number') >= 150_000
      ? fine('version', `Postgres ${String(version)}`)
      : mend('version', `Postgres ${String(version)}`, 'Take 15 or newer'),
    level === 'logical'
      ? fine('wal_level', 'logical')
      : mend(
          'wal_level',
          `${String(level)}: live queries are refused with unavailable, history is written by triggers`,
          'ALTER SYSTEM SET wal_level = logical, and a restart of Postgres',
        ),
    isFree ? fine('slots', slots) : mend('slots', slots, 'Raise max_replication_slots, or drop what nobody needs'),
    hasSlot || number('sending') < number('senders') ? fine('senders', senders) : mend('senders', senders, 'Raise max_wal_senders'),
  ];
}

function aboutDurability(server: Row): Finding {
  const off = ['fsync', 'full_page_writes', 'synchronous_commit'].filter((name) => server[name] === 'off');
  if (off.length === 0) return fine('durability', 'fsync, full_page_writes and synchronous_commit are on');
  const how = `ALTER SYSTEM SET ${off[0]} = on, and SELECT pg_reload_conf(); without, the start is refused`;
  return mend('durability', `${off.join(', ')} off: what was acknowledged may be lost`, how);
}

function aboutRole({ name, reads, ours }: Row): readonly Finding[] {
  const login = String(name);
  return [
    reads === true
      ? fine('login', `${login} may read the log of changes`)
      : mend('login', `${login} may not read the log of changes`, `ALTER ROLE ${login} REPLICATION, by a superuser`),
    ours === 2
      ? fine('roles', 'Requests and changes of the schema run as roles of their own')
      : note('roles', `Everything runs as ${login}; give it CREATEROLE once to have requests kept from changing the schema`),
  ];
}

function aboutSlot({ name, active, temporary, status, kept, pid, host }: Row): Finding {
  const megabytes = Math.ceil(Number(kept ?? 0) / 1_048_576);
  const reader = active === true ? `read by process ${String(pid)} of Postgres from ${String(host)}` : 'read by nobody at the moment';
  const told = `${String(name)}${temporary === true ? ' (temporary)' : ''}: ${reader}, ${String(status)}, ${megabytes} MB of WAL are kept for it`;
  if (status === 'lost')
    return mend('slot', told, 'A start of Underpin makes another one; what was not copied from the log is missing in the history');
  if (status === 'unreserved')
    return mend('slot', told, 'Start Underpin soon, or raise max_slot_wal_keep_size: Postgres is about to give it up');
  return fine('slot', told);
}

const aboutBound = ({ bound }: Row): Finding =>
  bound === '-1'
    ? note('bound', 'max_slot_wal_keep_size is not set: the slot ends with its reader, and history is written by triggers')
    : fine('bound', `Postgres keeps at most ${String(bound)} of WAL for a slot`);

type One = (text: string) => Promise<Row>;

async function aboutPublication(one: One): Promise<readonly Finding[]> {
  const { there, missing } = await one(
    `SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = 'underpin') AS there,
       (SELECT string_agg(c.relname, ', ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        WHERE c.relkind = 'r' AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'touch')
          AND NOT EXISTS (SELECT FROM pg_publication_tables t WHERE t.pubname = 'underpin' AND t.schemaname = 'public' AND t.tablename = c.relname)) AS missing`,
  );
  const again = 'A start of Underpin makes it again, with a login that may create publications';
  if (there !== true) return [mend('publication', 'The publication "underpin" is gone', again)];
  return [missing === null ? fine('publication', 'It has all collections') : mend('publication', `It lacks ${String(missing)}`, again)];
}

async function aboutEffects(one: One): Promise<readonly Finding[]> {
  const { logged, triggered, lost } = await one(
    `SELECT (SELECT count(*)::int FROM underpin.followed WHERE since IS NOT NULL) AS logged,
       (SELECT count(*)::int FROM underpin.followed WHERE since IS NULL) AS triggered, (SELECT lost::text FROM underpin.effects_place) AS lost`,
  );
  const found = `History: of ${String(logged)} collections from the log, of ${String(triggered)} by triggers`;
  return [
    fine('effects', found),
    ...(lost === null
      ? []
      : [note('effects', `The history has missed changes: the log was lost before it was copied, noticed ${String(lost)}`)]),
  ];
}

async function aboutNodes(one: One): Promise<Finding> {
  const { processes } = await one(
    `SELECT count(*)::int AS processes FROM pg_stat_activity WHERE application_name = 'underpin listen' AND datname = current_database()`,
  );
  const count = Number(processes);
  if (count < 2) return fine('processes', `${count === 0 ? 'No process' : 'One process'} of Underpin uses this database`);
  return note(
    'processes',
    `${count} processes of Underpin use this database; one reads the log, the others serve CRUD: there live queries are refused with unavailable`,
  );
}
