/**
 * The oracle of the log: Postgres's own plugin `test_decoding` on a slot of its own, read through SQL; and both told as the same lines.
 */
import type { Image, Relation, Txn } from '../../src/changes/change.ts';

export interface Told {
  readonly end: string;
  readonly xid: number;
  readonly lines: readonly string[];
}
type Sql = (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;

export const makeOracle = (sql: Sql): Promise<unknown> => sql(`SELECT pg_create_logical_replication_slot('oracle', 'test_decoding')`);

/** Every transaction since it was made that changed a table of `tables`. Asked once: a crash would make it forget what it told. */
export async function askOracle(sql: Sql, tables: readonly string[]): Promise<Told[]> {
  const rows = await sql(`SELECT lsn::text, xid::text, data FROM pg_logical_slot_get_changes('oracle', NULL, NULL)`);
  await sql(`SELECT pg_drop_replication_slot('oracle')`);
  const told: Told[] = [];
  let lines: string[] = [];
  for (const row of rows) {
    const data = String(row['data']);
    if (data.startsWith('BEGIN')) lines = [];
    else if (data.startsWith('COMMIT')) {
      if (lines.length > 0) told.push({ end: placeOf(String(row['lsn'])), xid: Number(row['xid']), lines });
    } else lines.push(...linesOf(data, tables));
  }
  return told;
}

/** A place as Postgres prints it, as ours: by the tests' own hand. */
export const placeOf = (lsn: string): string =>
  lsn
    .split('/')
    .map((half) => half.padStart(8, '0').toLowerCase())
    .join('');

type Row = Readonly<Record<string, string | null>>;
const columns = ['id', 'k', 'body', 'big', 'n', 'at', 'ok'];
const write = (row: Row): string => JSON.stringify(columns.map((name) => row[name] ?? null));

/** `table public.one: UPDATE: old-key: id[integer]:1 body[text]:'it''s' new-tuple: …`; what is null is left out of the row before. */
function linesOf(data: string, tables: readonly string[]): string[] {
  const [, names = '', op = '', rest = ''] = /^table (.*?): (INSERT|UPDATE|DELETE|TRUNCATE): (.*)$/s.exec(data) ?? [];
  const touched = names.split(', ').filter((name) => tables.includes(name));
  if (touched.length === 0) return [];
  if (op === 'TRUNCATE') return touched.map((name) => `truncate ${name}`);
  if (op === 'INSERT') return touched.map((name) => `insert ${name} ${write(values(rest).row)}`);
  if (op === 'DELETE') return touched.map((name) => `delete ${name} ${write(values(rest).row)}`);
  const old = values(rest.replace(/^old-key: /, ''));
  const after = values(old.rest.replace(/^new-tuple: /, ''));
  const row = Object.fromEntries(
    Object.entries(after.row).map(([name, value]) => [name, value === unchanged ? (old.row[name] ?? null) : value]),
  );
  return touched.map((name) => `update ${name} ${write(old.row)} ${write(row)}`);
}

const unchanged = 'unchanged-toast-datum';

function values(text: string): { readonly row: Row; readonly rest: string } {
  const row: Record<string, string | null> = {};
  let rest = text;
  for (;;) {
    const [whole, name = '', type = '', quoted, plain] = /^(\w+)\[([^\]]+)\]:(?:'((?:[^']|'')*)'|(\S+)) ?/.exec(rest) ?? [];
    if (whole === undefined) return { row, rest };
    row[name] = quoted?.replaceAll("''", "'") ?? (plain === 'null' ? null : type === 'boolean' ? (plain ?? '').slice(0, 1) : (plain ?? ''));
    rest = rest.slice(whole.length);
  }
}

/** What our log tells, in the same words. */
export function toldBy(txn: Txn, tables: readonly string[]): Told {
  const lines = txn.changes.flatMap((change) => {
    const { relation } = change;
    const name = `${relation.schema}.${relation.name}`;
    if (!tables.includes(name)) return [];
    if (change.op === 'insert') return [`insert ${name} ${write(named(relation, change.row))}`];
    if (change.op === 'delete') return [`delete ${name} ${write(named(relation, change.old))}`];
    if (change.op === 'truncate') return [`truncate ${name}`];
    return [`update ${name} ${write(named(relation, change.old ?? []))} ${write(named(relation, change.row))}`];
  });
  return { end: txn.position, xid: txn.xid, lines };
}

const named = ({ columns }: Relation, image: Image): Row =>
  Object.fromEntries(columns.map((name, index) => [name, image[index] === undefined ? 'not sent' : (image[index] ?? null)]));
