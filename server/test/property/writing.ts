/** Random transactions: all that can be done to rows, undone in part or whole now and then. */
import type pg from 'pg';
import type { Random } from './random.ts';

const ids = 60;
const texts = ['', 'plain', 'it\'s \\ "quoted" [integer]:1', '𝒜stral 😀', 'two\nlines', 'null', 'NULL', 'ünïcode\u0001'];

/** Ends with COMMIT or ROLLBACK; throws where Postgres refused (a deadlock) or is gone. */
export async function writeTransaction(client: pg.Client, random: Random, tables: readonly string[]): Promise<void> {
  await client.query('BEGIN');
  for (let left = 1 + random.below(5); left > 0; left--) {
    if (random.chance(0.15)) {
      await client.query('SAVEPOINT undone');
      await write(client, random, random.pick(tables));
      if (random.chance(0.5)) await write(client, random, random.pick(tables));
      await client.query(random.chance(0.7) ? 'ROLLBACK TO undone' : 'RELEASE undone');
    } else await write(client, random, random.pick(tables));
  }
  await client.query(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
}

async function write(client: pg.Client, random: Random, table: string): Promise<void> {
  const id = (): number => random.below(ids);
  const maybe = <T>(value: T): T | null => (random.chance(0.15) ? null : value);
  const row = (): unknown[] => [
    id(),
    maybe(random.below(10)),
    maybe(random.pick(texts)),
    // Incompressible, so that it is kept apart (TOAST) and an update of others leaves it there.
    random.chance(0.3) ? Array.from({ length: 800 }, () => random.below(2 ** 31).toString(36)).join('') : maybe('small'),
    maybe((random.below(2_000_001) - 1_000_000) / 1_000),
    maybe(new Date(random.below(2 ** 31) * 1_000 + random.below(1_000))),
    maybe(random.chance(0.5)),
  ];
  const insert = `INSERT INTO ${table} (id, k, body, big, n, at, ok) VALUES ($1, $2, $3, $4, $5, $6, $7)`;
  const [text, values] = random.branch<readonly [string, readonly unknown[]]>([
    [6, () => [`${insert} ON CONFLICT DO NOTHING`, row()]],
    [6, () => [`${insert} ON CONFLICT (id) DO UPDATE SET k = excluded.k, body = excluded.body, big = excluded.big, n = excluded.n`, row()]],
    // The large text stays as it is.
    [6, () => [`UPDATE ${table} SET k = $2, body = $3 WHERE id = $1`, row().slice(0, 3)]],
    [4, () => [`DELETE FROM ${table} WHERE id = $1`, [id()]]],
    [2, () => [`UPDATE ${table} SET n = n + 1, ok = NOT ok WHERE k BETWEEN $1 AND $1 + 2`, [random.below(10)]]],
    [2, () => [`UPDATE ${table} SET id = id + ${ids} WHERE id = $1 AND NOT EXISTS (SELECT FROM ${table} WHERE id = $1 + ${ids})`, [id()]]],
    [1, () => [`DELETE FROM ${table} WHERE k = $1`, [random.below(10)]]],
    [0.3, () => [`TRUNCATE ${table}`, []]],
  ]);
  await client.query(text, [...values]);
}
