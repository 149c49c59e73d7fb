/** The history takes its effects. Others who follow would take theirs, each from a place of its own. */
import type { Db } from '../../db/connect.ts';
import { limits } from '../../kit/limits.ts';
import type { Log } from '../../kit/log.ts';

/** Makes versions of all effects that are there at the call. */
export async function takeVersions(db: Db): Promise<void> {
  const { rows } = await db.run({ name: 'effects last', text: 'SELECT max(id) AS last FROM underpin.effects' });
  const last = rows[0]?.['last'];
  if (last === null || last === undefined) return;
  for (let first: number | null = 0; first !== null && first <= Number(last);) {
    const taken = await db.run({
      name: 'effects take',
      text: 'SELECT underpin.take_versions($1) AS first',
      values: [limits.effects.taken],
    });
    const left = taken.rows[0]?.['first'];
    first = typeof left === 'number' ? left : null;
  }
}

/** The same beside other work: once more where it was asked for meanwhile. */
export function createTaking(db: Db, log: Log): { soon(): void; done(): Promise<void> } {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await takeVersions(db);
    } while (again);
  };
  return {
    soon: () => {
      again = true;
      running ??= run()
        .catch((error: unknown) =>
          log.warn({ problem: error instanceof Error ? error.message : String(error) }, 'versions are taken later'),
        )
        .finally(() => (running = undefined));
    },
    done: async () => running,
  };
}
