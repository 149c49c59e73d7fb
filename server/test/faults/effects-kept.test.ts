/**
 * Every version that was committed is in the history exactly once: while the server is killed, Postgres crashes, next to nothing of its
 * log is asked for, and triggers and the log take turns. The truth is a table that a trigger of the suite writes in the same transactions.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, sender, testSecret, type TestApp, dropSlots } from '../support/app.ts';
import { ownPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import { endProcesses, freePort, until } from '../support/process.ts';

jest.setTimeout(180_000);
let postgres: OwnPostgres;
let server: ChildProcess | undefined;
let send: TestApp['send'];
let owner = '';
let writers: { readonly stop: () => Promise<void> }[] = [];

async function startServer(): Promise<void> {
  const port = await freePort();
  const changes = { bytes: 400_000, changes: 1_500, retain: 1_000, wal: 100_000 };
  const settings = {
    url: postgres.embedded.url,
    port,
    dataDir: postgres.dataDir,
    secret: testSecret,
    owner: ownerEmail,
    password,
    changes,
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/live-server.mjs')], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '', NODE_NO_WARNINGS: '1', UNDERPIN_TEST_LIVE: JSON.stringify(settings) },
  });
  server = child;
  send = sender(`http://127.0.0.1:${port}/api/v1`);
  const started = new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true));
    child.once('exit', () => resolve(false));
  });
  // Postgres may be away at the moment.
  if (!(await started)) return startServer();
}
async function killServer(): Promise<void> {
  const child = server;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** The same Postgres, set otherwise. */
async function bounded(bound: '1GB' | '-1'): Promise<void> {
  await killServer();
  const { dataDir, database, superuser, embedded } = postgres;
  await Promise.all([database.close(), superuser.end()]);
  await embedded.stop();
  postgres = await ownPostgres([`max_slot_wal_keep_size=${bound}`], dataDir);
}

/** Without a bound on what a slot may keep, ours ends with its reader. */
async function begin(bound: '1GB' | '-1' = '1GB'): Promise<void> {
  postgres = await ownPostgres([`max_slot_wal_keep_size=${bound}`]);
  await startServer();
  owner = (await send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
  const body = { name: 'notes', fields: [{ name: 'title', type: 'text' }], rules: { history: 'true', list: 'true' }, history: true };
  expect((await send('POST /collections', { token: owner, body })).status).toBe(201);
  await postgres.sql('CREATE TABLE public.truth (record uuid, version bigint, action text, title text)');
  await postgres.sql(`CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN INSERT INTO public.truth VALUES (OLD.id, OLD.version, 'deleted', OLD.title);
    ELSE INSERT INTO public.truth VALUES (NEW.id, NEW.version, CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE 'updated' END, NEW.title); END IF;
    RETURN NULL; END $$`);
  await postgres.sql('CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON public.notes FOR EACH ROW EXECUTE FUNCTION public.tell()');
}
afterEach(async () => {
  await Promise.all(writers.map(({ stop }) => stop()));
  writers = [];
  await killServer();
  await postgres.close();
}, 60_000);
afterAll(endProcesses, 60_000);

const form = async (): Promise<string> =>
  (await postgres.sql('SELECT since FROM underpin.followed'))[0]?.['since'] === null ? 'triggers' : 'log';

const one = `(SELECT id FROM public.notes WHERE title NOT LIKE 'bulk %' ORDER BY random() LIMIT 1)`;
const wide = `repeat(md5(random()::text), 40)`;
/** Transactions of every shape; some are undone. */
const shapes: readonly string[] = [
  `INSERT INTO public.notes (title) VALUES ('single')`,
  `UPDATE public.notes SET title = title || '.' WHERE id = ${one}`,
  `UPDATE public.notes SET title = left(title, 10) || random() WHERE id = ${one}`,
  `DELETE FROM public.notes WHERE id = ${one}`,
  `DO $$ BEGIN
     INSERT INTO public.notes (title) VALUES ('first');
     BEGIN UPDATE public.notes SET title = 'undone' WHERE title LIKE 'single%'; RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN NULL; END;
     UPDATE public.notes SET title = 'after' WHERE id = ${one};
   END $$`,
  `DO $$ BEGIN INSERT INTO public.notes (title) VALUES ('undone'); RAISE EXCEPTION 'x'; END $$`,
];
const bulks: readonly string[] = [
  `INSERT INTO public.notes (title) SELECT 'bulk ' || ${wide} FROM generate_series(1, 6000) n`,
  `DO $$ BEGIN INSERT INTO public.notes (title) SELECT 'undone ' || ${wide} FROM generate_series(1, 6000) n; RAISE EXCEPTION 'x'; END $$`,
  `DO $$ BEGIN
     INSERT INTO public.notes (title) SELECT 'part ' || ${wide} FROM generate_series(1, 2500) n;
     BEGIN INSERT INTO public.notes (title) SELECT 'undone ' || ${wide} FROM generate_series(1, 2500) n; RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN NULL; END;
     DELETE FROM public.notes WHERE title LIKE 'bulk %';
   END $$`,
];

/** Writes until it is told to stop; what fails is not committed, or its truth is there. */
function writeOn(statements: readonly string[], least: number, most = 3_000): { readonly stop: () => Promise<void> } {
  let [going, done] = [true, 0];
  const run = async (): Promise<void> => {
    for (let n = 0; done < most && (going || done < least); n++)
      await postgres.sql(statements[n % statements.length] ?? '').then(
        () => done++,
        () => new Promise((resolve) => setImmediate(resolve)),
      );
  };
  const running = run();
  return {
    stop: async () => {
      going = false;
      await running;
    },
  };
}

/** What is in one and not in the other, each as often as it is. */
async function differences(): Promise<unknown> {
  await until(
    'the history is read',
    async () => {
      const [some] = await postgres.sql(`SELECT record FROM public.truth LIMIT 1`);
      const asked = await send(`GET /records/notes/${String(some?.['record'])}/history?limit=1`, { token: owner }).catch(() => undefined);
      return asked?.status === 200;
    },
    60_000,
  );
  const kept = `SELECT v.record, v.version, v.action, v.body ->> (SELECT f ->> 'id' FROM underpin.collections, jsonb_array_elements(definition -> 'fields') f
    WHERE name = 'notes') AS title FROM underpin.versions v JOIN underpin.collections c ON c.id = v.collection AND c.name = 'notes'`;
  const truth = 'SELECT record, version, action, title FROM public.truth';
  return {
    missing: await postgres.sql(`(${truth}) EXCEPT ALL (${kept}) LIMIT 5`),
    tooMany: await postgres.sql(`(${kept}) EXCEPT ALL (${truth}) LIMIT 5`),
    undone: await postgres.sql(`SELECT FROM (${kept}) k WHERE title LIKE 'undone%'`),
    left: await postgres.sql('SELECT FROM underpin.effects_pieces UNION ALL SELECT FROM underpin.effects'),
  };
}
const none = { missing: [], tooMany: [], undone: [], left: [] };

describe.each([
  ['log', '1GB'],
  ['triggers', '-1'],
] as const)('copied by %s', (name, bound) => {
  test('kills and crashes lose nothing and repeat nothing', async () => {
    await begin(bound);
    await until('it is copied so', async () => (await form()) === name);
    writers = [writeOn(shapes, 60), writeOn([...shapes].reverse(), 60), writeOn(bulks, 3, 3)];
    for (let round = 0; round < 6; round++) {
      const [before] = await postgres.sql('SELECT count(*)::int AS n FROM public.truth');
      const more = async (): Promise<boolean> =>
        Number((await postgres.sql('SELECT count(*)::int AS n FROM public.truth').catch(() => []))[0]?.['n'] ?? 0) >
        Number(before?.['n']) + 20;
      await until('more is written', more, 60_000);
      if (round % 3 === 2) await postgres.crash();
      else {
        await killServer();
        await startServer();
      }
    }
    await Promise.all(writers.map(({ stop }) => stop()));
    expect(await differences()).toEqual(none);
    const [all] = await postgres.sql('SELECT count(*)::int AS n FROM public.truth');
    expect(all?.['n']).toBeGreaterThan(6_000);
    process.stdout.write(`${String(all?.['n'])} versions by ${name}\n`);
    expect(await form()).toBe(name);
  });
});

test('from triggers to the log while it is written into: each change is copied by one of them', async () => {
  await begin('-1');
  await until('triggers copy', async () => (await form()) === 'triggers');
  await bounded('1GB');
  expect(await form()).toBe('triggers');
  writers = [writeOn(shapes, 300), writeOn([...shapes].reverse(), 300)];
  await startServer();
  await until('the log is copied', async () => (await form()) === 'log', 60_000);
  await Promise.all(writers.map(({ stop }) => stop()));
  expect(await differences()).toEqual(none);
  const [place] = await postgres.sql('SELECT lost FROM underpin.effects_place');
  expect(place?.['lost']).toBeNull();
});

test('a slot that is gone is made known, and triggers go on where there will be none', async () => {
  await begin();
  await until('the log is copied', async () => (await form()) === 'log');
  await postgres.sql(`INSERT INTO public.notes (title) VALUES ('before')`);
  expect(await differences()).toEqual(none);
  await bounded('-1');
  await dropSlots(postgres.superuser, 'underpin');
  await startServer();
  expect(await form()).toBe('triggers');
  const [place] = await postgres.sql('SELECT lost FROM underpin.effects_place');
  expect(place?.['lost']).toBeInstanceOf(Date);
  await postgres.sql(`INSERT INTO public.notes (title) VALUES ('after')`);
  expect(await differences()).toEqual(none);
});
