/** A Postgres of the operator's own, of the oldest version that is taken: the main job under each kind of login. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { endProcesses, dataFolder, freePort, startProcess, until } from '../support/process.ts';

const bin = process.env['UNDERPIN_TEST_POSTGRES15'] ?? '';
const isCi = process.env['CI'] === 'true';
const suite = bin === '' && !isCi ? describe.skip : describe;

suite('Postgres 15', () => {
  let server: ChildProcess;
  let port = 0;
  const folder = mkdtempSync(join(tmpdir(), 'underpin-pg15-'));
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
    server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      { ...user, cwd: '/', stdio: 'ignore' },
    );
    const admin = (): pg.Client => new pg.Client({ connectionString: url('postgres', 'postgres') });
    await until('Postgres answers', async () => {
      const client = admin();
      client.on('error', () => undefined);
      return client.connect().then(
        () => client.end().then(() => true),
        () => false,
      );
    });
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
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test.each([
    ['postgres', 'for_super', 'underpin_owner', false],
    ['able', 'for_able', 'underpin_owner', false],
    ['plain', 'for_plain', 'plain', true],
  ])(
    'under the login %s',
    async (login, database, owner, isWarned) => {
      const up = await startProcess(dataFolder(), {
        DATABASE_URL: url(login, database),
        ADMIN_EMAIL: 'owner@example.com',
        ADMIN_PASSWORD: 'correct horse battery staple',
      });
      await up.ready();
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
});
