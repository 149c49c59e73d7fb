/**
 * What every view must have been, said by Postgres alone: the transactions as `test_decoding` tells them through SQL, done again one
 * after the other in a database of their own, and after each of them the queries asked there as plain SQL.
 */
import pg from 'pg';
import { placeOf } from './decoded.ts';

type Sql = (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;
type Values = Readonly<Record<string, string | null>>;
type Step =
  | { readonly kind: 'put'; readonly table: string; readonly id: string; readonly values: Values }
  | { readonly kind: 'drop'; readonly table: string; readonly id: string }
  | { readonly kind: 'empty'; readonly table: string }
  | { readonly kind: 'rules'; readonly text: string };
export interface Transaction {
  readonly end: string;
  readonly steps: readonly Step[];
}

/** The tables whose rows count, and the columns of them. */
export const tables: Readonly<Record<string, readonly string[]>> = {
  'public.items': ['id', 'owner', 'status', 'prio', 'v', 'secret'],
  'public.blobs': ['id', 'n'],
  'public.messages': ['id', 'room', 'text'],
  'public.notices': ['id', 'room', 'text'],
  'public.members': ['id', 'room', 'name'],
  'public.users': ['id', 'name'],
};

export const beginOracle = (sql: Sql): Promise<unknown> => sql(`SELECT pg_create_logical_replication_slot('oracle', 'test_decoding')`);

/** All that was committed since. */
export async function readOracle(sql: Sql): Promise<readonly Transaction[]> {
  const rows = await sql(
    `SELECT lsn::text, regexp_replace(data, 'x{100,}', 'x', 'g') AS data FROM pg_logical_slot_get_changes('oracle', NULL, NULL)`,
  );
  const all: Transaction[] = [];
  let steps: Step[] = [];
  for (const row of rows) {
    const data = String(row['data']);
    if (data.startsWith('BEGIN')) steps = [];
    else if (data.startsWith('COMMIT')) all.push({ end: placeOf(String(row['lsn'])), steps });
    else steps.push(...stepsOf(data));
  }
  return all.filter((one) => one.steps.length > 0);
}

function stepsOf(data: string): Step[] {
  if (/^table underpin\.collections: (INSERT|UPDATE)/.test(data)) return [{ kind: 'rules', text: data }];
  const [, names = '', op = '', rest = ''] = /^table (.*?): (INSERT|UPDATE|DELETE|TRUNCATE): (.*)$/s.exec(data) ?? [];
  return names
    .split(', ')
    .filter((name) => name in tables)
    .flatMap((table): Step[] => {
      if (op === 'TRUNCATE') return [{ kind: 'empty', table }];
      if (op === 'DELETE') return [{ kind: 'drop', table, id: valuesOf(rest).values['id'] ?? '' }];
      if (op === 'INSERT') return [put(table, valuesOf(rest).values)];
      const old = valuesOf(rest.replace(/^old-key: /, ''));
      const row = valuesOf(old.rest.replace(/^new-tuple: /, '')).values;
      return [{ kind: 'drop', table, id: old.values['id'] ?? '' }, put(table, row)];
    });
}

const put = (table: string, values: Values): Step => ({ kind: 'put', table, id: values['id'] ?? '', values });

/** `id[uuid]:'…' text[text]:'it''s' prio[bigint]:1`; what is null is left out of the row before. */
function valuesOf(text: string): { readonly values: Values; readonly rest: string } {
  const values: Record<string, string | null> = {};
  let rest = text;
  for (;;) {
    const [whole, name = '', quoted, plain] = /^"?(\w+)"?\[[^\]]+(?:\[\])?\]:(?:'((?:[^']|'')*)'|(\S+)) ?/.exec(rest) ?? [];
    if (whole === undefined) return { values, rest };
    values[name] = quoted?.replaceAll("''", "'") ?? (plain === 'null' ? null : (plain ?? ''));
    rest = rest.slice(whole.length);
  }
}

/** A view as somebody had it: at that place, by this query for this viewer. */
export interface Seen {
  readonly position: string;
  readonly query: number;
  readonly text: string;
}

export interface Asked {
  /** For the rules number `rules`; gives one row for each record, as JSON in `json`. */
  readonly sql: (rules: number) => string;
}

/** Does all transactions again; asks at each place that somebody saw what he must have seen. Gives back what was wrong. */
export async function judge(
  url: string,
  transactions: readonly Transaction[],
  seen: readonly Seen[],
  queries: readonly Asked[],
  rulesOf: (definition: string) => number | undefined,
): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const [table, columns] of Object.entries(tables)) {
    const kinds: Readonly<Record<string, string>> = { id: 'uuid PRIMARY KEY', prio: 'bigint', v: 'bigint', n: 'bigint' };
    await client.query(`DROP TABLE IF EXISTS ${table}`);
    await client.query(
      `CREATE UNLOGGED TABLE ${table} (${columns.map((name) => `${name} ${kinds[name] ?? 'text COLLATE "C"'}`).join(', ')})`,
    );
  }
  const sorted = [...seen].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : a.query - b.query));
  const wrong: string[] = [];
  let next = 0;
  let rules = 0;
  let known = new Map<number, string>();
  for (const one of sorted) {
    for (let txn = transactions[next]; txn !== undefined && txn.end <= one.position; txn = transactions[++next]) {
      known = new Map();
      await client.query('BEGIN');
      for (const step of txn.steps) {
        if (step.kind === 'rules') rules = rulesOf(step.text) ?? rules;
        else if (step.kind === 'empty') await client.query(`DELETE FROM ${step.table}`);
        else if (step.kind === 'drop')
          await client.query({ name: `drop ${step.table}`, text: `DELETE FROM ${step.table} WHERE id = $1`, values: [step.id] });
        else {
          const columns = tables[step.table] ?? [];
          const text = `INSERT INTO ${step.table} (${columns.join()}) VALUES (${columns.map((_name, index) => `$${index + 1}`).join()}) ON CONFLICT (id) DO UPDATE SET id = excluded.id`;
          await client.query({ name: `put ${step.table}`, text, values: columns.map((name) => step.values[name] ?? null) });
        }
      }
      await client.query('COMMIT');
    }
    const wanted = known.get(one.query) ?? (await viewOf(client, queries[one.query], rules));
    known.set(one.query, wanted);
    if (wanted !== one.text) wrong.push(`at ${one.position}, query ${one.query}, rules ${rules}\n  wanted ${wanted}\n  seen   ${one.text}`);
  }
  await client.end();
  return wrong;
}

async function viewOf(client: pg.Client, query: Asked | undefined, rules: number): Promise<string> {
  const { rows } = await client.query<{ json: string }>(query?.sql(rules) ?? '');
  return rows
    .map(({ json }) => json)
    .sort()
    .join('\n');
}
