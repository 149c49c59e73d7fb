/** A whole server for one suite: its own database, cloned from the template, its own port, its own clock. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createApp, type App, type Parts } from '../../src/app.ts';
import { parseConfig } from '../../src/kit/config.ts';
import { createLog } from '../../src/kit/log.ts';

interface TestPostgres {
  readonly url: string;
  readonly port: number;
  readonly superPassword: string;
}
export function testPostgres(): TestPostgres {
  const text = process.env['UNDERPIN_TEST_POSTGRES'];
  if (text === undefined) throw new Error('the suites are run by npm test');
  // cast: written by global.mjs.
  return JSON.parse(text) as TestPostgres;
}
export const testSecret = 'a secret that only the tests know, and long enough';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of many shapes; what they expect is what they assert.
  readonly body: any;
}
export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApp {
  readonly app: App;
  readonly url: string;
  readonly databaseUrl: string;
  /** Its DATA_DIR. */
  readonly dataDir: string;
  /** Milliseconds that the app's clock is ahead of the real one. */
  ahead: number;
  /** `send('GET /records/posts', …)`. */
  send(request: string, ask?: Ask): Promise<Answer>;
  /** A statement as superuser, past everything. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** The owner's access token. */
  readonly owner: string;
  /** A new account of `users` with its token and id. */
  account(name: string, collection?: string): Promise<{ readonly token: string; readonly id: string; readonly refreshToken: string }>;
  /** The process ends and another one begins, on the same port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const ownerEmail = 'owner@example.com';
export const password = 'correct horse battery staple';
let serial = 0;

/** Jobs are done only where `ROLE` says so: most suites wait for none. */
export async function startTestApp(
  env: Readonly<Record<string, string>> = {},
  work?: Parts['work'],
  backlog?: Parts['backlog'],
): Promise<TestApp> {
  const postgres = testPostgres();
  // No other's, so that a suite that broke off is in the way of none.
  const name = `test_${process.pid}_${++serial}_${randomBytes(4).toString('hex')}`;
  const superuser = new pg.Pool({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'postgres',
    password: postgres.superPassword,
    database: 'postgres',
    max: 1,
  });
  await superuser.query(`CREATE DATABASE ${name} TEMPLATE underpin`);
  // What is granted on a database is not cloned with it.
  await superuser.query(`GRANT CREATE ON DATABASE ${name} TO underpin_owner`);
  const inside = new pg.Pool({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'postgres',
    password: postgres.superPassword,
    database: name,
    max: 2,
  });
  for (const pool of [superuser, inside]) pool.on('error', () => undefined);
  const databaseUrl = postgres.url.replace(/\/underpin$/, `/${name}`);
  const dataDir = mkdtempSync(join(tmpdir(), 'underpin-'));
  const { config } = parseConfig({
    RATE_LIMITS: 'off',
    SECRET: testSecret,
    ADMIN_EMAIL: ownerEmail,
    ADMIN_PASSWORD: password,
    DATA_DIR: dataDir,
    ROLE: 'web',
    ...env,
  });
  const start = async (port: number): Promise<App> => {
    const app = await createApp({
      config,
      log: createLog(process.env['TESTLOG'] === undefined ? 'fatal' : 'error'),
      access: { url: databaseUrl, roles: { app: 'underpin_app', owner: 'underpin_owner' } },
      secret: testSecret,
      served: {
        dashboard: join(process.cwd(), 'admin-ui/dist'),
        sdk: join(process.cwd(), 'sdk/sdk.tgz'),
        reference: join(process.cwd(), 'admin-ui/reference/dist'),
        account: join(process.cwd(), 'admin-ui/account'),
        docs: join(process.cwd(), 'docs/reference'),
      },
      clock: () => Date.now() + state.ahead,
      ...(work === undefined ? {} : { work }),
      ...(backlog === undefined ? {} : { backlog }),
    });
    await new Promise<void>((resolve) => app.server.listen(port, '127.0.0.1', resolve));
    return app;
  };
  const state = { ahead: 0 };
  const first = await start(0);
  const address = first.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  const send = sender(`${url}/api/v1`);
  const signIn = async (): Promise<string> =>
    (await send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
  const made = Object.assign(state, {
    app: first,
    url,
    databaseUrl,
    dataDir,
    send,
    sql: async (text: string, values: readonly unknown[] = []) => (await inside.query<Record<string, unknown>>(text, [...values])).rows,
    owner: env['ADMIN_EMAIL'] === '' ? '' : await signIn(),
    account: async (who: string, collection = 'users') => {
      const answer = await send(`POST /auth/${collection}/sign-up`, {
        body: { email: `${who}@example.com`, password, ...(collection === 'users' ? { name: who } : {}) },
      });
      if (answer.status !== 201) throw new Error(`no account for ${who}: ${answer.text}`);
      return { token: answer.body.accessToken, id: answer.body.record.id, refreshToken: answer.body.refreshToken };
    },
    restart: async () => {
      await made.app.close();
      made.app = await start(port);
    },
    close: async () => {
      await made.app.close();
      await inside.end();
      await dropSlots(superuser, name);
      await superuser.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await superuser.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  });
  return made;
}

/** A database is not dropped while there are slots in it; one is active until Postgres has noticed that its reader is gone. */
export async function dropSlots(superuser: pg.Pool, database: string): Promise<void> {
  for (;;) {
    const { rows } = await superuser.query<{ name: string; pid: number | null }>(
      'SELECT slot_name AS name, active_pid AS pid FROM pg_replication_slots WHERE database = $1',
      [database],
    );
    if (rows.length === 0) return;
    for (const { name, pid } of rows) {
      if (pid !== null) await superuser.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
      await superuser.query('SELECT pg_drop_replication_slot($1)', [name]).catch(() => undefined);
    }
  }
}

export function sender(base: string): TestApp['send'] {
  return async (request, { token, body, headers = {} } = {}) => {
    const [method = 'GET', path = ''] = request.split(/ (.*)/s);
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined };
  };
}

/** A query string from parameters. */
export const query = (parameters: Readonly<Record<string, string>>): string => `?${new URLSearchParams(parameters).toString()}`;
