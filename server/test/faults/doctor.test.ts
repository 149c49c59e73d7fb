/** `underpin doctor` on databases of every kind: what it finds, what it says is to be mended, and that it changes nothing. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { beginChanges } from '../../src/changes/begin.ts';
import type { ChangeLog } from '../../src/changes/log.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { dropSlots } from '../support/app.ts';
import { ownPostgres, quiet, type OwnPostgres } from '../support/own-postgres.ts';
import { dataFolder, endProcesses, until } from '../support/process.ts';

jest.setTimeout(60_000);
let postgres: OwnPostgres;
let log: ChangeLog;
beforeAll(async () => {
  postgres = await ownPostgres();
  log = await beginChanges(postgres.database, quiet);
}, 60_000);
afterAll(async () => {
  await log.close();
  await postgres.close();
  await endProcesses();
}, 60_000);

const look = async (env: Record<string, string> = { DATABASE_URL: postgres.embedded.url }) => {
  const { text, code } = await doctor(env, false);
  process.stdout.write(text);
  return { text, code };
};
const foundBy = async (about: string) => {
  const { findings } = JSON.parse((await doctor({ DATABASE_URL: postgres.embedded.url }, true)).text);
  return findings.filter((one: { about: string }) => one.about === about);
};

describe('the embedded one', () => {
  test('that is not running: it says so', async () => {
    const { text, code } = await look({ DATA_DIR: dataFolder() });
    expect(text).toMatch(/is not running; start Underpin/);
    expect(code).toBe(0);
  });

  test('that is running', async () => {
    const { text, code } = await look({ DATA_DIR: postgres.dataDir });
    expect(text).toMatch(/is running\n/);
    expect(text).toMatch(/Nothing is to be mended\n$/);
    expect(code).toBe(0);
  });
});

describe('by its address', () => {
  test('before and while the log is read', async () => {
    expect(await foundBy('slot')).toMatchObject([{ state: 'note', found: expect.stringMatching(/There is none/) }]);
    log.start();
    await until('it is live', () => log.state === 'live');
    expect(await foundBy('slot')).toMatchObject([
      { state: 'fine', found: expect.stringMatching(/read by process \d+ of Postgres from .*MB of WAL/) },
    ]);
    expect(await foundBy('effects')).toMatchObject([{ state: 'fine', found: 'History: of 0 collections from the log, of 0 by triggers' }]);
    expect((await look()).code).toBe(0);
  });

  test('a second process: there live queries are refused', async () => {
    const [one, two] = await Promise.all([postgres.database.connect(), postgres.database.connect()]);
    expect(await foundBy('processes')).toMatchObject([
      { state: 'note', found: expect.stringMatching(/2 processes.*refused with unavailable/) },
    ]);
    await Promise.all([one.end(), two.end()]);
  });

  test('a server that may lose what it acknowledged', async () => {
    expect(await foundBy('durability')).toMatchObject([{ state: 'fine' }]);
    await postgres.sql('ALTER SYSTEM SET full_page_writes = off');
    await postgres.sql('SELECT pg_reload_conf()');
    await until('it is off', async () => (await foundBy('durability'))[0].state === 'mend');
    expect(await foundBy('durability')).toMatchObject([{ found: expect.stringMatching(/^full_page_writes off/) }]);
    await postgres.sql('ALTER SYSTEM RESET full_page_writes');
    await postgres.sql('SELECT pg_reload_conf()');
    await until('it is on', async () => (await foundBy('durability'))[0].state === 'fine');
  });

  test('a login without the attribute, and a publication that is gone', async () => {
    await postgres.sql('ALTER ROLE underpin NOREPLICATION');
    await postgres.sql('DROP PUBLICATION underpin');
    const { text, code } = await look();
    expect(text).toMatch(/MEND {2}login .*may not read the log of changes\n +ALTER ROLE underpin REPLICATION/);
    expect(text).toMatch(/MEND {2}publication .*is gone\n/);
    expect(text).toMatch(/2 to be mended\n$/);
    expect(code).toBe(1);
    await postgres.sql('ALTER ROLE underpin REPLICATION');
    await postgres.sql('SELECT underpin.publish_changes()');
  });

  test('nobody who answers', async () => {
    const { text, code } = await look({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect(text).toMatch(/MEND {2}connection .*ECONNREFUSED/);
    expect(code).toBe(1);
  });
});

test('without a bound on what a slot may keep, triggers write; another wal_level is to be mended', async () => {
  await log.close();
  const { dataDir, database, superuser, embedded } = postgres;
  await Promise.all([database.close(), superuser.end()]);
  await embedded.stop();
  postgres = await ownPostgres(['max_slot_wal_keep_size=-1'], dataDir);
  await dropSlots(postgres.superuser, 'underpin');
  expect(await foundBy('bound')).toMatchObject([{ state: 'note', found: expect.stringMatching(/history is written by triggers/) }]);
  await Promise.all([postgres.database.close(), postgres.superuser.end()]);
  await postgres.embedded.stop();
  postgres = await ownPostgres(['wal_level=replica'], dataDir);
  const { text, code } = await look();
  expect(text).toMatch(/MEND {2}wal_level .*replica: live queries are refused with unavailable/);
  expect(code).toBe(1);
});

test('is a verb of the command line', async () => {
  const ran = promisify(execFile)(process.execPath, ['server/dist/main.js', 'doctor', '--json'], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataFolder() },
  });
  expect(JSON.parse((await ran).stdout)).toMatchObject({
    ok: true,
    findings: expect.arrayContaining([expect.objectContaining({ about: 'postgres', state: 'note' })]),
  });
});
