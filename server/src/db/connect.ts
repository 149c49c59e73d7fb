/**
 * The pools, and the one way to run a statement. Requests run as `underpin_app` (data only), schema changes as
 * `underpin_owner`; both are roles of one login, taken when a connection begins (`-c role=…`).
 */
import pg from 'pg';
import { limits } from '../kit/limits.ts';
import type { Log } from '../kit/log.ts';

/** A statement with its values; `name` makes it a prepared one, kept by each connection. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}
export type ResultRow = Readonly<Record<string, unknown>>;
/** A row as Postgres sends it: the text of each column in order, null where there is no value. */
export type Texts = readonly (string | null)[];

/** A pool or a transaction: the same to whoever runs a statement. */
export interface Db {
  run(statement: Statement): Promise<{ readonly rows: readonly ResultRow[]; readonly count: number }>;
  /** The same without reading the values: nothing is parsed, and no object made for a row. */
  texts(statement: Statement): Promise<readonly Texts[]>;
  /** Runs `fn` in a transaction; within one already, in a savepoint of it. */
  transaction<T>(fn: (db: Db) => Promise<T>): Promise<T>;
}

export interface Database {
  readonly app: Db;
  readonly owner: Db;
  /** For jobs, whose transactions may be long: connections of their own, so that requests never wait for them. */
  readonly jobs: Db;
  readonly url: string;
  /** Opens all connections for requests, as far as Postgres lets us, and from now on another for each that ends. */
  fill(): Promise<void>;
  /** A connection of its own, outside the pools: for LISTEN. */
  connect(): Promise<pg.Client>;
  /** A pool for a library that works in a schema of its own; whoever asked for it ends it. */
  pool(role: 'owner', max: number, schema: string): pg.Pool;
  close(): Promise<void>;
}

export interface Access {
  readonly url: string;
  /** The roles to take; absent where the login may not create them and everything runs under it. */
  readonly roles?: { readonly app: string; readonly owner: string };
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === pg.types.builtins.INT8) return Number;
    if (oid === pg.types.builtins.DATE) return String;
    return pg.types.getTypeParser(oid, format);
  },
};

export function openDatabase(access: Access, log: Log): Database {
  const make = (role: string | undefined, { min = 0, max }: Size, timeouts: Timeouts, more = ''): pg.Pool => {
    const pool = new pg.Pool({
      connectionString: access.url,
      max,
      min,
      types,
      connectionTimeoutMillis: limits.database.acquire,
      idleTimeoutMillis: 60_000,
      allowExitOnIdle: false,
      maxLifetimeSeconds: limits.database.lifetime / 1000,
      options: `${sessionOptions(role, timeouts)}${more}`,
    });
    // Without a listener the error of an idle connection (Postgres restarted) would end the process.
    pool.on('error', (error) => log.warn({ problem: error.message }, 'a database connection was lost'));
    return pool;
  };
  const app = make(access.roles?.app, { min: limits.database.pool, max: limits.database.pool }, forRequests);
  const owner = make(access.roles?.owner, { max: 2 }, { statement: 0, idle: limits.database.idleInTransaction });
  const jobs = make(access.roles?.app, { max: limits.jobs.pool }, forJobs);
  return {
    app: poolDb(app),
    owner: poolDb(owner),
    jobs: poolDb(jobs),
    url: access.url,
    fill: async () => {
      app.on('remove', () => void fill(app, log));
      await fill(app, log);
    },
    connect: async () => {
      const client = new pg.Client({
        connectionString: access.url,
        types,
        connectionTimeoutMillis: limits.database.acquire,
        // A connection that does not answer at all is given up, so that another can be made.
        query_timeout: limits.listen.giveUp,
        application_name: 'underpin listen',
        options: sessionOptions(access.roles?.app, forRequests),
      });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    pool: (role, max, schema) => make(access.roles?.[role], { max }, forJobs, ` -c search_path=${schema}`),
    close: async () => {
      await Promise.all([app.end(), owner.end(), jobs.end()]);
    },
  };
}

/** How many connections stay open once they are, and how many there may be. */
interface Size {
  readonly min?: number;
  readonly max: number;
}

/**
 * A request that finds no connection free waits for Postgres to start a process, and just when many come at once, that takes a
 * tenth of a second and more. What is free is held meanwhile, since the pool opens another only where none is.
 */
async function fill(pool: pg.Pool, log: Log): Promise<void> {
  const held: pg.PoolClient[] = [];
  // One that is lost while it is held is not taken back by the pool; nobody else would hear of it.
  const lost = (): void => undefined;
  try {
    while (!pool.ending && pool.totalCount < limits.database.pool) held.push((await pool.connect()).on('error', lost));
  } catch (error) {
    log.warn({ problem: error instanceof Error ? error.message : '' }, 'fewer database connections are open than there may be');
  } finally {
    for (const client of held) client.off('error', lost).release();
  }
}

/** ms that a statement may take, and that a transaction may wait for the next; 0 is for ever. */
interface Timeouts {
  readonly statement: number;
  readonly idle: number;
}
const forRequests: Timeouts = { statement: limits.database.statement, idle: limits.database.idleInTransaction };
const forJobs: Timeouts = { statement: limits.database.job, idle: limits.database.job };

/** How values are written as text: the same wherever they come from, an answer or the log of changes. */
export const textSettings = ['timezone=UTC', 'datestyle=ISO', 'extra_float_digits=1'];

const sessionOptions = (role: string | undefined, { statement, idle }: Timeouts): string =>
  [
    ...(role === undefined ? [] : [`role=${role}`]),
    `statement_timeout=${statement}`,
    `idle_in_transaction_session_timeout=${idle}`,
    ...textSettings,
    'jit=off',
    // Enough to sort the keys of a hundred thousand records in memory, for pages far into a list.
    'work_mem=8MB',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');

const poolDb = (pool: pg.Pool): Db => ({
  run: (statement) => runOn(pool, statement),
  texts: (statement) => textsOf(pool, statement),
  transaction: async (fn) => {
    const client = await pool.connect();
    let broken = false;
    // Between two statements nobody else hears that the connection is lost, and an error that nobody hears ends the process.
    const lost = (): void => {
      broken = true;
    };
    client.on('error', lost);
    try {
      await client.query('BEGIN');
      const value = await fn(clientDb(client));
      await client.query('COMMIT');
      return value;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  },
});

/** A transaction as a Db. One begun within it is a savepoint: what fails there is undone, and the outer one goes on. */
const clientDb = (client: pg.ClientBase, depth = 1): Db => ({
  run: (statement) => runOn(client, statement),
  texts: (statement) => textsOf(client, statement),
  transaction: async (fn) => {
    const savepoint = `s${depth}`;
    await client.query(`SAVEPOINT ${savepoint}`);
    try {
      const value = await fn(clientDb(client, depth + 1));
      await client.query(`RELEASE ${savepoint}`);
      return value;
    } catch (error) {
      await client.query(`ROLLBACK TO ${savepoint}`);
      throw error;
    }
  },
});

async function runOn(target: pg.Pool | pg.ClientBase, statement: Statement): Promise<{ rows: readonly ResultRow[]; count: number }> {
  const values = statement.values === undefined ? undefined : [...statement.values];
  const result = await target.query<Record<string, unknown>>({ text: statement.text, values, name: statement.name });
  return { rows: result.rows, count: result.rowCount ?? 0 };
}

const plainText: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

async function textsOf(target: pg.Pool | pg.ClientBase, { text, values, name }: Statement): Promise<readonly Texts[]> {
  const result = await target.query<(string | null)[]>({
    text,
    values: values === undefined ? undefined : [...values],
    name,
    rowMode: 'array',
    types: plainText,
  });
  return result.rows;
}
