/** Random transactions, as other services write them: straight to Postgres. */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { idOf, ids, padOf, people, rooms, statuses } from './live-model.ts';
import type { Random } from './random.ts';

async function writeOnce(client: pg.Client, random: Random, accounts: readonly string[]): Promise<void> {
  const maybe = <T>(value: T): T | null => (random.chance(0.1) ? null : value);
  const item = (): unknown[] => [
    idOf(random.below(ids)),
    maybe(random.pick(people)),
    maybe(random.pick(statuses)),
    maybe(random.below(8)),
    random.below(1_000),
    random.pick(['s1', 's2', null]),
  ];
  const insert = 'INSERT INTO items (id, owner, status, prio, v, secret) VALUES ($1, $2, $3, $4, $5, $6)';
  const id = (): string => idOf(random.below(ids));
  const pairs = (): unknown[] => [idOf(random.below(30)), random.pick(rooms), random.pick(people)];
  const [sql, values] = random.branch<readonly [string, readonly unknown[]]>([
    [
      6,
      () => [
        `${insert} ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, status = excluded.status, prio = excluded.prio, v = excluded.v, secret = excluded.secret`,
        item(),
      ],
    ],
    [6, () => ['UPDATE items SET owner = $2, status = $3, prio = $4 WHERE id = $1', item().slice(0, 4)]],
    [4, () => ['UPDATE items SET v = $2 WHERE id = $1', [id(), random.below(1_000)]]],
    [3, () => ['DELETE FROM items WHERE id = $1', [id()]]],
    [2, () => ['UPDATE items SET prio = (prio + 1) % 8 WHERE id BETWEEN $1 AND $2', [idOf(random.below(ids)), idOf(random.below(ids))]]],
    [1, () => ['UPDATE items SET id = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM items WHERE id = $2)', [id(), id()]]],
    [0.03, () => ['TRUNCATE items', []]],
    [
      2,
      () => [
        'INSERT INTO messages (id, room, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET room = excluded.room, text = excluded.text',
        pairs(),
      ],
    ],
    [
      2,
      () => [
        'INSERT INTO notices (id, room, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET room = excluded.room, text = excluded.text',
        pairs(),
      ],
    ],
    [
      0.5,
      () => [
        'INSERT INTO members (id, room, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET room = excluded.room, name = excluded.name',
        pairs(),
      ],
    ],
    [
      0.5,
      () => [
        `INSERT INTO blobs (id, n, pad) VALUES ($1, $2, repeat('x', ${padOf})) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
        [idOf(random.below(10)), random.below(100)],
      ],
    ],
    [0.3, () => ['DELETE FROM blobs WHERE id = $1', [idOf(random.below(10))]]],
    [0.3, () => ['DELETE FROM members WHERE id = $1', [idOf(random.below(30))]]],
    [0.1, () => ['UPDATE users SET name = $2 WHERE id = $1', [random.pick(accounts), random.pick([...people, 'u9'])]]],
  ]);
  await client.query(sql, [...values]);
}

/** One to five statements; some are undone. `accounts`: whose names change. */
export async function transaction(client: pg.Client, random: Random, accounts: readonly string[]): Promise<void> {
  await client.query('BEGIN');
  if (random.chance(0.1)) await client.query('SET LOCAL synchronous_commit = off');
  for (let left = 1 + random.below(5); left > 0; left--) {
    if (random.chance(0.1)) {
      await client.query('SAVEPOINT s');
      await writeOnce(client, random, accounts);
      await client.query(random.chance(0.5) ? 'ROLLBACK TO s' : 'RELEASE s');
    } else await writeOnce(client, random, accounts);
    if (random.chance(0.05)) await pause(random.below(20));
  }
  await client.query(random.chance(0.08) ? 'ROLLBACK' : 'COMMIT');
}
