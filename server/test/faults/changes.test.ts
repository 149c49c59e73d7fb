/** What the log of changes tells of a whole server: where it stands, in which words, of what, and of what not. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Txn } from '../../src/changes/change.ts';
import { createChangeLog, type ChangeLog } from '../../src/changes/log.ts';
import { startTestApp, testPostgres, type TestApp } from '../support/app.ts';
import { quiet } from '../support/own-postgres.ts';
import { until } from '../support/process.ts';

let up: TestApp;
let changes: ChangeLog;
const heard: Txn[] = [];
const text = { name: 'text', type: 'text' };
const make = async (body: Readonly<Record<string, unknown>>): Promise<void> => {
  const answer = await up.send('POST /collections', { token: up.owner, body: { rules: { create: 'true' }, ...body } });
  if (answer.status !== 201) throw new Error(answer.text);
};
/** All that was committed before is heard now. */
const caughtUp = (): Promise<void> => changes.barrier();
const nameOf = (txn: Txn): string[] => txn.changes.map(({ op, relation }) => `${op} ${relation.name}`);
const since = async (work: () => Promise<unknown>): Promise<Txn[]> => {
  await caughtUp();
  const before = heard.length;
  await work();
  await caughtUp();
  return heard.slice(before);
};

beforeAll(async () => {
  up = await startTestApp();
  changes = up.app.base.changes;
  expect(changes.state).toBe('off');
  expect(await up.sql('SELECT FROM pg_replication_slots WHERE database = current_database()')).toHaveLength(0);
  changes.follow({ txn: (txn) => heard.push(txn) });
  await until('it is live', () => changes.state === 'live');
  await make({ name: 'notes', fields: [text, { name: 'n', type: 'number' }] });
  await make({ name: 'others', fields: [text] });
}, 60_000);
afterAll(() => up.close());

describe('a barrier', () => {
  test('comes after all that was committed before it, and many share few', async () => {
    await up.sql(
      `SELECT pg_create_logical_replication_slot('counting_' || (SELECT oid FROM pg_database WHERE datname = current_database()), 'test_decoding')`,
    );
    const writers = Array.from({ length: 10 }, async (_unused, writer) => {
      for (let n = 0; n < 20; n++) {
        await up.app.base.database.app.run({ text: 'INSERT INTO public.notes (text, n) VALUES ($1, $2)', values: [`w${writer}`, n] });
        await Promise.all([changes.barrier(), changes.barrier(), changes.barrier()]);
        const rows = heard.flatMap((txn) => txn.changes).filter((change) => change.op === 'insert' && change.row.includes(`w${writer}`));
        expect(rows).toHaveLength(n + 1);
      }
    });
    await Promise.all(writers);
    const [counted] = await up.sql(
      `SELECT count(*)::int AS count FROM pg_logical_slot_get_changes('counting_' || (SELECT oid FROM pg_database WHERE datname = current_database()), NULL, NULL)
       WHERE data LIKE '%prefix: underpin.barrier%'`,
    );
    // 600 were asked for; three at once are one, and those of other writers that wait at the same time are the same.
    expect(counted?.['count']).toBeLessThanOrEqual(200);
    await up.sql(`SELECT pg_drop_replication_slot('counting_' || (SELECT oid FROM pg_database WHERE datname = current_database()))`);
  });

  test('moves the head and is not remembered', async () => {
    await caughtUp();
    const { transactions } = changes.held;
    const before = changes.head;
    const told: string[] = [];
    const end = changes.follow({ txn: () => told.push('a transaction'), progress: (head) => told.push(head) });
    await caughtUp();
    end();
    expect(changes.held.transactions).toBe(transactions);
    expect(changes.head > before).toBe(true);
    expect(told).toContain(changes.head);
    expect(told).not.toContain('a transaction');
  });
});

test('what nobody publishes moves the head by itself, without a barrier', async () => {
  const before = heard.length;
  await up.sql('CREATE TABLE public.foreign_one (id integer)');
  const [written] = await up.sql('INSERT INTO public.foreign_one VALUES (1) RETURNING id');
  expect(written).toBeDefined();
  const [at] = await up.sql(
    `SELECT lpad(split_part(lsn, '/', 1), 8, '0') || lpad(split_part(lsn, '/', 2), 8, '0') AS at FROM (SELECT pg_current_wal_flush_lsn()::text AS lsn) l`,
  );
  const position = String(at?.['at']).toLowerCase();
  await until('the head is there', () => changes.head >= position);
  expect(heard.length).toBe(before);
});

test('a follower that throws is nobody else’s trouble', async () => {
  const told: Txn[] = [];
  const ends = [
    changes.follow({
      txn: () => {
        throw new Error('mine');
      },
    }),
    changes.follow({ txn: (txn) => told.push(txn) }),
  ];
  await up.send('POST /records/notes', { body: { text: 'thrown' } });
  await caughtUp();
  ends.forEach((end) => end());
  expect(told.flatMap(nameOf)).toEqual(['insert notes']);
});

test('values are the texts that a SELECT gives, in every type, computed ones too; large ones that stay are there', async () => {
  await make({
    name: 'kinds',
    fields: [
      text,
      { name: 'number', type: 'number' },
      { name: 'whole', type: 'number', integer: true },
      { name: 'decimal', type: 'decimal' },
      { name: 'bool', type: 'bool' },
      { name: 'at', type: 'date' },
      { name: 'due', type: 'day' },
      { name: 'doc', type: 'json' },
      { name: 'place', type: 'geo' },
      { name: 'sum', type: 'computed', expr: 'text + "!"' },
    ],
  });
  const large = Array.from({ length: 3_000 }, (_unused, n) => String.fromCodePoint(0x4e00 + ((n * 7_919) % 20_000))).join('');
  const body = {
    text: large,
    number: 0.1 + 0.2,
    whole: 2 ** 52,
    decimal: '12.50',
    bool: true,
    at: '2026-01-31T12:34:56.789Z',
    due: '2026-02-28',
    doc: { a: [1, null, '😀'] },
  };
  const [made, changed] = await since(async () => {
    const { text: answer, body: record } = await up.send('POST /records/kinds', { body });
    expect(answer).toContain('"id"');
    await up.send(`PATCH /records/kinds/${record.id}`, { token: up.owner, body: { bool: false } });
  });
  const change = changed?.changes[0];
  if (change?.op !== 'update' || made?.changes[0]?.op !== 'insert') throw new Error('no insert and update');
  const columns = change.relation.columns.map((name) => `"${name}"`).join(', ');
  const [texts] = await up.app.base.database.app.texts({ text: `SELECT ${columns} FROM public.kinds` });
  expect(change.row).toEqual(texts);
  expect(change.relation.columns).toEqual(expect.arrayContaining(['sum', 'place', 'doc', 'version']));
  expect(change.old).toEqual(made.changes[0].row);
  expect(change.row).toContain(`${large}!`);
});

describe('a change of the schema', () => {
  test('stands at its place, and what follows is told of the table as it is then', async () => {
    const told = await since(async () => {
      await up.send('POST /records/notes', { body: { text: 'before' } });
      const { body } = await up.send('GET /collections/notes', { token: up.owner });
      const fields = body.fields.map((field: { name: string }) => (field.name === 'text' ? { ...field, name: 'title' } : field));
      expect((await up.send('PATCH /collections/notes', { token: up.owner, body: { fields } })).status).toBe(200);
      await up.send('POST /records/notes', { body: { title: 'after' } });
      await up.send('POST /records/notes', { body: { title: 'later' } });
    });
    expect(told.map((txn) => [...new Set([...nameOf(txn), ...txn.messages.map(({ prefix }) => prefix)])])).toEqual([
      ['insert notes'],
      ['update schema_version', 'underpin.schema'],
      ['insert notes'],
      ['insert notes'],
    ]);
    const [version] = await up.sql('SELECT version::text FROM underpin.schema_version');
    expect(told[1]?.messages.at(-1)?.content).toBe(version?.['version']);
    const [before, after, later] = [told[0], told[2], told[3]].map((txn) => txn?.changes[0]?.relation);
    expect([before?.columns.includes('text'), after?.columns.includes('text'), after?.columns.includes('title')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(after).not.toBe(before);
    expect(later).toBe(after);
  });

  test('a new collection is told of from its first record on, with its lists', async () => {
    const told = await since(async () => {
      await make({ name: 'fresh', fields: [text, { name: 'users', type: 'relation', to: 'users', many: true }] });
      const { id } = await up.account('listed');
      expect((await up.send('POST /records/fresh', { token: up.owner, body: { text: 'first', users: [id] } })).status).toBe(201);
    });
    const of = told.flatMap((txn) => txn.changes).filter(({ relation }) => relation.name === 'fresh' || relation.name.startsWith('many_'));
    expect(of.map(({ op, relation }) => `${op} ${relation.name.slice(0, 5)} ${relation.identity}`)).toEqual([
      'insert fresh full',
      'insert many_ full',
    ]);
    const renamed = await since(async () => {
      await up.send('PATCH /collections/fresh', { token: up.owner, body: { name: 'stale' } });
      await up.send('POST /records/stale', { body: { text: 'second' } });
      await up.send('DELETE /collections/stale', { token: up.owner, body: {} });
    });
    expect(renamed.flatMap(nameOf)).toContain('insert stale');
  });
});

test('ended sessions and changed keys are told, and no secret is', async () => {
  const told = await since(async () => {
    const { token, refreshToken } = await up.account('leaving');
    await up.send('POST /auth/users/sign-out', { token, body: { refreshToken } });
    const key = await up.send('POST /records/_api_keys', {
      token: up.owner,
      body: { name: 'k', scopes: [{ on: 'schema', actions: ['read'] }] },
    });
    await up.sql('UPDATE underpin.api_keys SET disabled = true WHERE id = $1', [key.body.id]);
    await up.sql('DELETE FROM underpin.api_keys WHERE id = $1', [key.body.id]);
  });
  const all = told.flatMap((txn) => txn.changes);
  const ours = all.filter(({ relation }) => relation.schema === 'underpin');
  expect([...new Set(ours.map(({ op, relation }) => `${op} ${relation.name}`))].sort()).toEqual([
    'delete api_keys',
    'insert api_keys',
    'insert sessions',
    'update api_keys',
    'update sessions',
  ]);
  const ended = ours.find(({ op, relation }) => op === 'update' && relation.name === 'sessions');
  if (ended?.op !== 'update') throw new Error('no session ended');
  expect(ended.row[ended.relation.columns.indexOf('ended')]).toMatch(/^\d{4}-/);
  const gone = ours.find(({ op }) => op === 'delete');
  if (gone?.op !== 'delete') throw new Error('no key deleted');
  // Of a key only its id is told when it goes.
  expect(gone.old.filter((value) => value !== undefined)).toHaveLength(1);
  const published = await up.sql(
    `SELECT tablename AS name, attnames AS columns FROM pg_publication_tables WHERE schemaname = 'underpin' AND tablename NOT LIKE 'many%' ORDER BY 1`,
  );
  expect(published.map(({ name }) => name)).toEqual(['admins', 'api_keys', 'schema_version', 'sessions']);
  expect(JSON.stringify(published)).not.toMatch(/hash|current|previous|password|sealed/);
});

describe('a large transaction', () => {
  const rows = 20_000;
  beforeAll(async () => {
    await up.sql(`INSERT INTO public.others (text) SELECT repeat('x', 100) || n FROM generate_series(1, ${rows}) n`);
    await caughtUp();
  }, 60_000);

  test('is only the tables that it touched, while small ones are told in full', async () => {
    const { held } = changes;
    const told = await since(async () => {
      const large = up.sql(`UPDATE public.others SET text = text || '!'`);
      let written = 0;
      let isOver = false;
      void large.then(() => (isOver = true));
      for (; !isOver || written < 20; written++)
        await up.app.base.database.app.run({ text: 'INSERT INTO public.notes (n) VALUES ($1)', values: [written] });
      await large;
    });
    const bulk = told.filter((txn) => txn.bulk !== undefined);
    expect(bulk.map((txn) => [txn.changes.length, ...[...(txn.bulk ?? [])].map(({ name }) => name)])).toEqual([[0, 'others']]);
    const small = told.filter((txn) => txn.bulk === undefined).flatMap((txn) => txn.changes);
    expect(small.map((change) => (change.op === 'insert' ? Number(change.row[change.relation.columns.indexOf('n')]) : change.op))).toEqual(
      small.map((_change, index) => index),
    );
    expect(small.length).toBeGreaterThanOrEqual(20);
    // Nothing of the twenty thousand is held.
    expect(changes.held.changes - held.changes).toBeLessThanOrEqual(small.length);
    expect(changes.held.bytes - held.bytes).toBeLessThan(1_000 * (small.length + 1));
  }, 60_000);

  test('does not name what a part of it touched that was undone; undone as a whole it is nothing', async () => {
    const run = (...statements: string[]): Promise<void> =>
      up.app.base.database.jobs.transaction(async (db) => {
        for (const text of statements) await db.run({ text });
      });
    const touched = `UPDATE public.others SET text = text || '?'`;
    const told = await since(async () => {
      await run(`SAVEPOINT a`, `UPDATE public.notes SET n = 0 WHERE id IN (SELECT id FROM public.notes LIMIT 3)`, 'ROLLBACK TO a', touched);
      await run(
        `SAVEPOINT a`,
        touched,
        'ROLLBACK TO a',
        `INSERT INTO public.notes (n) VALUES (777)`,
        `INSERT INTO public.kinds (text) SELECT repeat('y', 600) FROM generate_series(1, 6000)`,
      );
      await run(touched, 'ROLLBACK', 'BEGIN');
      await run(`INSERT INTO public.notes (n) VALUES (778)`);
    });
    expect(told.map((txn) => (txn.bulk === undefined ? nameOf(txn) : [...txn.bulk].map(({ name }) => name).sort()))).toEqual([
      ['others'],
      ['kinds', 'notes'],
      ['insert notes'],
    ]);
  }, 60_000);
});

test('a login that may not read the log: it says so, and all else works', async () => {
  const postgres = testPostgres();
  await up.sql(`CREATE ROLE unable_${process.pid} LOGIN PASSWORD 'secret'`);
  const url = new URL(up.databaseUrl);
  url.username = `unable_${process.pid}`;
  url.password = 'secret';
  url.port = String(postgres.port);
  const without = createChangeLog({ ...up.app.base.database, url: url.href }, quiet);
  without.start();
  await until('it is unavailable', () => without.state === 'unavailable');
  expect(without.reason).toMatch(/REPLICATION/);
  await expect(without.barrier()).rejects.toMatchObject({ code: 'unavailable' });
  await without.close();
  await up.sql(`DROP ROLE unable_${process.pid}`);
});
