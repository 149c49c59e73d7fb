/**
 * Brings our own schema `underpin` up to date: the files of migrations/, in the order of their names, each once, in
 * one transaction under one advisory lock, so that processes that start together do not do it twice. Forward only.
 * A file that was applied and has another text now is refused: somebody edited history.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import type { Db } from './connect.ts';

export const migrationsFolder = new URL('../../../migrations/', import.meta.url);
/** One number for everything that must not happen twice at once at start and in schema changes. */
export const schemaLock = 0x756e6472;

export async function migrate(owner: Db, folder: URL = migrationsFolder): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const files = await Promise.all(names.map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })));
  return owner.transaction(async (db) => {
    await db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [schemaLock] });
    const known = await db.run({ text: "SELECT to_regclass('underpin.migrations') IS NOT NULL AS made" });
    const applied = new Map<string, string>();
    if (known.rows[0]?.['made'] === true) {
      for (const row of (await db.run({ text: 'SELECT name, hash FROM underpin.migrations' })).rows)
        applied.set(String(row['name']), String(row['hash']));
    }
    const done: string[] = [];
    for (const { name, text } of files) {
      const hash = createHash('sha256').update(text).digest('hex');
      const before = applied.get(name);
      if (before === hash) continue;
      if (before !== undefined)
        throw new Error(`migrations/${name} was applied to this database with another text; migrations are never edited, add a new one`);
      await db.run({ text });
      await db.run({ text: 'INSERT INTO underpin.migrations (name, hash) VALUES ($1, $2)', values: [name, hash] });
      done.push(name);
    }
    return done;
  });
}
