/** A Postgres of the suite's own, with our tables in it: one that may be crashed, stopped, and set otherwise. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase, type Database } from '../../src/db/connect.ts';
import { startEmbedded, type Embedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createLog } from '../../src/kit/log.ts';
import { dataFolder, homeOf, until } from './process.ts';

export interface OwnPostgres {
  readonly dataDir: string;
  readonly database: Database;
  readonly embedded: Embedded;
  /** As superuser, with moments in UTC. */
  readonly superuser: pg.Pool;
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** As when the power goes; it comes back by itself. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export const quiet = createLog('silent');

export async function ownPostgres(settings: readonly string[] = [], dataDir = dataFolder()): Promise<OwnPostgres> {
  const embedded = await startEmbedded(dataDir, quiet, settings);
  const database = openDatabase({ url: embedded.url, roles: { app: 'underpin_app', owner: 'underpin_owner' } }, quiet);
  await migrate(database.owner);
  const superuser = new pg.Pool({
    host: '127.0.0.1',
    port: embedded.port,
    user: 'postgres',
    password: readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim(),
    database: 'underpin',
    max: 3,
    options: '-c timezone=UTC -c datestyle=ISO',
  });
  superuser.on('error', () => undefined);
  const sql = async (text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await superuser.query<Record<string, unknown>>(text, [...values])).rows;
  const answers = (): Promise<boolean> =>
    sql('SELECT 1').then(
      () => true,
      () => false,
    );
  let isOpen = true;
  return {
    dataDir,
    database,
    embedded,
    superuser,
    sql,
    crash: async () => {
      const pid = embedded.pid();
      if (pid === undefined) throw new Error('there is no Postgres to crash');
      process.kill(pid, 'SIGQUIT');
      await until('Postgres is back', async () => embedded.pid() !== undefined && embedded.pid() !== pid && (await answers()), 60_000);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await database.close();
      await superuser.end();
      await embedded.stop();
      const home = homeOf(dataDir);
      if (home !== dataDir) rmSync(home, { recursive: true, force: true });
      rmSync(join(dataDir, '..'), { recursive: true, force: true });
    },
  };
}
