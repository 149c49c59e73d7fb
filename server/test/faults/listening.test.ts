/** The connection that hears of changes dies, or goes silent: revocation, ended keys and rules hold all the same, within a second. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectLive } from '../support/live.ts';
import { until } from '../support/process.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
  await up.send('POST /collections', {
    token: up.owner,
    body: { name: 'notes', fields: [{ name: 'text', type: 'text' }], rules: { list: 'true' } },
  });
});
afterAll(() => up.close());

const listeners = async (): Promise<number[]> =>
  (await up.sql(`SELECT pid FROM pg_stat_activity WHERE application_name = 'underpin listen' AND datname = current_database()`)).map(
    ({ pid }) => Number(pid),
  );

/** Ends a session past us, tightens a rule past us; the bound is generous, the promise is a second. */
async function holdsWithin(ms: number, name: string): Promise<void> {
  const { token, id } = await up.account(name);
  expect((await up.send('GET /auth/users/me', { token })).status).toBe(200);
  expect((await up.send('GET /records/notes')).status).toBe(200);
  const made = await up.send('POST /records/_api_keys', { token: up.owner, body: { name, scopes: [{ on: 'schema', actions: ['read'] }] } });
  const byKey = async (): Promise<number> => (await up.send('GET /schema', { token: made.body.key })).status;
  expect(await byKey()).toBe(200);
  await up.sql('UPDATE underpin.api_keys SET disabled = true WHERE id = $1', [made.body.id]);
  await up.sql('UPDATE underpin.sessions SET ended = now() WHERE account = $1', [id]);
  await up.sql(`UPDATE underpin.collections SET definition = jsonb_set(definition, '{rules,list}', 'null') WHERE name = 'notes'`);
  const begun = performance.now();
  await until('the session has ended', async () => (await up.send('GET /auth/users/me', { token })).status === 401);
  await until('the key has ended', async () => (await byKey()) === 401);
  await until('the rule holds', async () => (await up.send('GET /records/notes')).status === 401);
  expect(performance.now() - begun).toBeLessThan(ms);
  await up.sql(`UPDATE underpin.collections SET definition = jsonb_set(definition, '{rules,list}', '"true"') WHERE name = 'notes'`);
  await until('the rule is open again', async () => (await up.send('GET /records/notes')).status === 200);
}

test('while it is heard', () => holdsWithin(5_000, 'heard'));

test('when the connection is cut, and after it is back', async () => {
  const [before] = await listeners();
  await up.sql('SELECT pg_terminate_backend($1::int)', [before]);
  await holdsWithin(5_000, 'cut');
  await until('it listens again', async () => {
    const [now] = await listeners();
    return now !== undefined && now !== before;
  });
  await holdsWithin(5_000, 'back');
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot('when the connection is open and silent', async () => {
  const [before = 0] = await listeners();
  process.kill(before, 'SIGSTOP');
  try {
    await holdsWithin(10_000, 'silent');
    await until('another connection listens', async () => (await listeners()).some((pid) => pid !== before));
  } finally {
    process.kill(before, 'SIGCONT');
  }
  await holdsWithin(5_000, 'again');
});

asRoot('and who subscribes meanwhile is judged by what the log of changes has told already', async () => {
  await up.send('POST /collections', {
    token: up.owner,
    body: { name: 'letters', fields: [{ name: 'text', type: 'text' }], rules: { list: 'auth.verified || text == "to all"' } },
  });
  await up.sql(`INSERT INTO letters (id, text) VALUES (gen_random_uuid(), 'to who is verified')`);
  const { token, id } = await up.account('meanwhile');
  await up.sql('UPDATE users SET verified = true WHERE id = $1', [id]);
  const watcher = connectLive(up.url);
  const notes = watcher.follow({ collection: 'notes' });
  await until('the log is followed', () => notes.state === 'in');
  const [silent = 0] = await listeners();
  const letters = async (): Promise<unknown[]> => (await up.send('GET /records/letters', { token })).body.data;
  await until('it is known', async () => (await letters()).length === 1);
  process.kill(silent, 'SIGSTOP');
  const another = connectLive(up.url, { token: () => token });
  try {
    await up.sql('UPDATE users SET verified = false WHERE id = $1', [id]);
    await up.sql(`INSERT INTO notes (id, text) VALUES (gen_random_uuid(), 'behind it')`);
    await until('the log has told of it', () => [...notes.rows.values()].some(({ text }) => text === 'behind it'));
    const followed = another.follow({ collection: 'letters' });
    await until('it is there', () => followed.state === 'in');
    expect([...followed.rows.values()]).toEqual([]);
  } finally {
    process.kill(silent, 'SIGCONT');
    watcher.close();
    another.close();
  }
});
