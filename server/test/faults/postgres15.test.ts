/** A Postgres of the operator's own, of the oldest version that is taken: the main job under each kind of login. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Txn } from '../../src/changes/change.ts';
import { createChangeLog } from '../../src/changes/log.ts';
import { openDatabase } from '../../src/db/connect.ts';
import { quiet } from '../support/own-postgres.ts';
import { endProcesses, dataFolder, freePort, startProcess, until } from '../support/process.ts';

const bin = process.env['UNDERPIN_TEST_POSTGRES15'] ?? '';
const isCi = process.env['CI'] === 'true';
const suite = bin === '' && !isCi ? describe.skip : describe;

suite('Postgres 15', () => {
  let server: ChildProcess;
  let start: () => Promise<void>;
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    await ended;
  };
  let port = 0;
  const folder = mkdtempSync(join(tmpdir(), 'underpin-pg15-'));
  const secrets = new Map<string, string>();
  const url = (user: string, database: string): string => `postgres://${user}@127.0.0.1:${port}/${database}`;

  beforeAll(async () => {
    if (bin === '') throw new Error('Postgres 15 is not installed (Debian: postgresql-15)');
    const data = join(folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    const asRoot = process.getuid?.() === 0;
    const [uid, gid] = asRoot
      ? [Number(execFileSync('id', ['-u', 'postgres'])), Number(execFileSync('id', ['-g', 'postgres']))]
      : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    if (asRoot) {
      chmodSync(folder, 0o711);
      chownSync(data, uid, gid);
    }
    const user = asRoot ? { uid, gid } : {};
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8'], {
      ...user,
      cwd: '/',
      stdio: 'pipe',
    });
    port = Number(await freePort());
    const admin = (): pg.Client => new pg.Client({ connectionString: url('postgres', 'postgres') });
    start = async () => {
      server = spawn(
        join(bin, 'postgres'),
        ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
        { ...user, cwd: '/', stdio: 'ignore' },
      );
      await until('Postgres answers', async () => {
        const client = admin();
        client.on('error', () => undefined);
        return client.connect().then(
          () => client.end().then(() => true),
          () => false,
        );
      });
    };
    await start();
    const client = admin();
    await client.connect();
    await client.query('CREATE ROLE able LOGIN CREATEROLE');
    await client.query('CREATE ROLE plain LOGIN');
    await client.query('CREATE DATABASE for_plain OWNER plain');
    await client.query('CREATE DATABASE for_able OWNER able');
    await client.query('CREATE DATABASE for_super');
    await client.end();
  }, 60_000);

  afterAll(async () => {
    await endProcesses();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test.each([
    ['postgres', 'for_super', 'underpin_owner', false],
    ['able', 'for_able', 'underpin_owner', false],
    ['plain', 'for_plain', 'plain', true],
  ])(
    'under the login %s',
    async (login, database, owner, isWarned) => {
      const dataDir = dataFolder();
      const up = await startProcess(dataDir, {
        DATABASE_URL: url(login, database),
        ADMIN_EMAIL: 'owner@example.com',
        ADMIN_PASSWORD: 'correct horse battery staple',
      });
      await up.ready();
      secrets.set(login, readFileSync(join(dataDir, 'secret'), 'utf8'));
      expect(up.said().includes('may not create roles')).toBe(isWarned);
      const { body } = await up.send('POST /auth/_admins/sign-in', {
        body: { email: 'owner@example.com', password: 'correct horse battery staple' },
      });
      const token = body.accessToken;
      const made = await up.send('POST /collections', {
        token,
        body: {
          name: 'notes',
          fields: [
            { name: 'text', type: 'text', required: true },
            { name: 'at', type: 'date' },
            { name: 'sum', type: 'computed', expr: 'text + "!"' },
            { name: 'also', type: 'relation', to: 'users', many: true },
          ],
          rules: { list: 'also.size() == 0', create: 'true' },
          history: true,
        },
      });
      expect(made.status).toBe(201);
      const note = await up.send('POST /records/notes', { body: { text: 'a', at: '2026-01-31T00:00:00Z' } });
      expect(note.body).toMatchObject({ text: 'a', sum: 'a!', also: [], at: '2026-01-31T00:00:00.000Z' });
      expect((await up.send(`PATCH /records/notes/${note.body.id}`, { token, body: { text: 'b' } })).body).toMatchObject({
        sum: 'b!',
        version: 2,
      });
      expect((await up.send('GET /records/notes?filter=text%20%3D%3D%20%22b%22')).body.data).toHaveLength(1);
      // By triggers: this one does not write its log for us.
      const history = await up.send(`GET /records/notes/${note.body.id}/history`, { token });
      expect(history.body.data).toMatchObject([
        { action: 'updated', by: expect.stringMatching(/^_admins:/), record: { text: 'b', sum: 'b!' }, before: { text: 'a', sum: 'a!' } },
        { action: 'created', by: 'anonymous', record: { text: 'a', at: '2026-01-31T00:00:00.000Z' } },
      ]);
      const client = new pg.Client({ connectionString: url('postgres', database) });
      await client.connect();
      const { rows } = await client.query<{ owner: string }>(
        `SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname IN ('public', 'underpin')`,
      );
      expect(rows).toEqual([{ owner }]);
      await client.end();
      up.kill('SIGTERM');
      expect(await up.ended).toEqual({ code: 0, signal: null });
    },
    60_000,
  );

  test('a database restored from a dump, in which the rights on the database itself are not, is one to work in', async () => {
    const run = (program: string, ...args: string[]): string => execFileSync(join(bin, program), args, { encoding: 'utf8', stdio: 'pipe' });
    const at = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
    const dump = join(folder, 'underpin.dump');
    run('pg_dump', ...at, '-Fc', '-f', dump, 'for_able');
    run('createdb', ...at, '-O', 'able', 'restored');
    run('psql', ...at, '-d', 'postgres', '-c', 'REVOKE ALL ON DATABASE restored FROM PUBLIC');
    run('pg_restore', ...at, '--exit-on-error', '-d', 'restored', dump);
    const up = await startProcess(dataFolder(), { DATABASE_URL: url('able', 'restored'), SECRET: secrets.get('able') ?? '' });
    await up.ready();
    expect((await up.send('GET /records/notes')).body.data).toMatchObject([{ text: 'b', version: 2 }]);
    expect((await up.send('POST /records/notes', { body: { text: 'restored' } })).status).toBe(201);
    const body = { email: 'owner@example.com', password: 'correct horse battery staple' };
    const { accessToken } = (await up.send('POST /auth/_admins/sign-in', { body })).body;
    const more = { name: 'more', fields: [{ name: 'text', type: 'text' }] };
    expect((await up.send('POST /collections', { token: accessToken, body: more })).status).toBe(201);
    up.kill('SIGTERM');
    expect(await up.ended).toEqual({ code: 0, signal: null });
  }, 60_000);

  // In the database that the tests above have left.
  test('the log of changes says that it takes another wal_level, and is read where that is so', async () => {
    const database = openDatabase({ url: url('postgres', 'for_super'), roles: { app: 'underpin_app', owner: 'underpin_owner' } }, quiet);
    const unable = createChangeLog(database, quiet);
    unable.start();
    await until('it is unavailable', () => unable.state === 'unavailable');
    expect(unable.reason).toMatch(/wal_level = replica/);
    await unable.close();

    await database.owner.run({ text: 'SELECT 1' });
    const client = new pg.Client({ connectionString: url('postgres', 'for_super') });
    await client.connect();
    await client.query('ALTER SYSTEM SET wal_level = logical');
    await client.end();
    await stop();
    await start();
    const log = createChangeLog(database, quiet);
    const heard: Txn[] = [];
    log.follow({ txn: (txn) => heard.push(txn) });
    await until('it is live', () => log.state === 'live');
    const { rows } = await database.app.run({ text: 'SELECT temporary FROM pg_replication_slots' });
    expect(rows).toEqual([{ temporary: true }]);
    await database.app.run({ text: `UPDATE public.notes SET text = 'c'` });
    await log.barrier();
    const change = heard.flatMap((txn) => txn.changes).find(({ relation }) => relation.name === 'notes');
    if (change?.op !== 'update' || change.old === undefined) throw new Error('no update');
    const at = change.relation.columns.indexOf('text');
    expect([change.old[at], change.row[at]]).toEqual(['b', 'c']);
    // Computed columns are told from Postgres 18 on.
    expect(change.relation.columns).not.toContain('sum');
    await log.close();
    await database.close();
  }, 60_000);
});
