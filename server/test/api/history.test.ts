/** The history of records: who sees what of which version, what is kept, restored and erased. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemCtx } from '../../src/ctx.ts';
import type { Statement } from '../../src/db/connect.ts';
import { createRecord } from '../../src/records/create.ts';
import { sweepVersions } from '../../src/records/history/erase.ts';
import { removeRecord } from '../../src/records/remove.ts';
import { updateRecord } from '../../src/records/update.ts';
import { createClient } from '@underpin/sdk';
import { startBeside } from '../support/beside.ts';
import { startTestApp, type Answer, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';

jest.setTimeout(60_000);
let up: TestApp;
let anna: { readonly token: string; readonly id: string };
let ben: { readonly token: string; readonly id: string };

const notes = {
  name: 'notes',
  fields: [
    { name: 'title', type: 'text' },
    { name: 'status', type: 'select', values: ['draft', 'published'], default: 'draft' },
    { name: 'views', type: 'number', integer: true },
    { name: 'price', type: 'decimal' },
    { name: 'due', type: 'date' },
    { name: 'place', type: 'geo' },
    { name: 'data', type: 'json' },
    { name: 'author', type: 'relation', to: 'users' },
    { name: 'diary', type: 'text', rules: { read: 'author == auth.id' } },
    { name: 'margin', type: 'text', rules: { read: null } },
    { name: 'loud', type: 'computed', expr: 'concat(title, "!")' },
  ],
  rules: {
    list: "status == 'published' || author == auth.id",
    create: 'auth != null',
    update: 'author == auth.id',
    delete: 'author == auth.id',
    history: 'auth != null',
  },
  history: true,
};

beforeAll(async () => {
  up = await startTestApp();
  anna = await up.account('anna');
  ben = await up.account('ben');
  for (const collection of [
    notes,
    { name: 'plain', fields: [{ name: 'title', type: 'text' }], rules: { list: 'true', create: 'true', update: 'true' } },
    { name: 'shut', fields: [{ name: 'title', type: 'text' }], rules: { list: 'true', create: 'true', update: 'true' }, history: true },
  ]) {
    const made = await up.send('POST /collections', { token: up.owner, body: collection });
    if (made.status !== 201) throw new Error(made.text);
  }
  await until('the log is copied', async () => (await up.sql('SELECT FROM underpin.followed WHERE since IS NOT NULL')).length === 2);
});
afterAll(() => up.close());

const create = async (body: object, token = anna.token, collection = 'notes'): Promise<string> => {
  const made = await up.send(`POST /records/${collection}`, { token, body });
  if (made.status !== 201) throw new Error(made.text);
  return made.body.id;
};
const change = async (id: string, body: object, token = anna.token, collection = 'notes'): Promise<void> => {
  const changed = await up.send(`PATCH /records/${collection}/${id}`, { token, body });
  if (changed.status !== 200) throw new Error(changed.text);
};
const history = (id: string, token: string | undefined, more = '', collection = 'notes'): Promise<Answer> =>
  up.send(`GET /records/${collection}/${id}/history${more}`, token === undefined ? {} : { token });
/** `1 created`, the newest first. */
const told = ({ body }: Answer): string[] =>
  body.data.map(({ version, action }: { version: number; action: string }) => `${version} ${action}`);

describe('a version', () => {
  test('says who, when and what; the values are those that a read has shown', async () => {
    const body = {
      title: 'One',
      status: 'published',
      views: 3,
      price: '1.50',
      due: '2026-01-02T03:04:05.678Z',
      place: { lat: 52.5, lon: 13.4 },
      data: { a: [1, 'ü', null] },
      author: anna.id,
      diary: 'dear diary',
    };
    const id = await create(body);
    const first = (await up.send(`GET /records/notes/${id}`, { token: anna.token })).body;
    await change(id, { title: 'Two', due: null });
    const second = (await up.send(`GET /records/notes/${id}`, { token: anna.token })).body;
    const gone = await up.send(`DELETE /records/notes/${id}`, { token: anna.token, headers: { 'x-request-id': 'request-of-mine' } });
    expect(gone.status).toBe(204);
    const answer = await history(id, anna.token);
    expect(answer.status).toBe(200);
    expect(answer.body.page).toEqual({ limit: 30, next: null, prev: null });
    const by = `users:${anna.id}`;
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const request = expect.any(String);
    expect(answer.body.data).toEqual([
      { version: 2, action: 'deleted', at, by, request: 'request-of-mine', record: second, before: null },
      { version: 2, action: 'updated', at, by, request, record: second, before: first },
      { version: 1, action: 'created', at, by, request, record: first, before: null },
    ]);
    expect(second.loud).toBe('Two!');
    expect(first).not.toHaveProperty('margin');
  });

  test('is judged by itself: a draft of another is not there, nor what it was made from', async () => {
    const id = await create({ title: 'secret', author: anna.id });
    await change(id, { title: 'shown', status: 'published' });
    await change(id, { title: 'more' });
    await change(id, { status: 'draft', title: 'hidden again' });
    expect(told(await history(id, anna.token))).toEqual(['4 updated', '3 updated', '2 updated', '1 created']);
    const answer = await history(id, ben.token);
    expect(told(answer)).toEqual(['3 updated', '2 updated']);
    expect(answer.text).not.toMatch(/secret|hidden again/);
    expect(answer.body.data[1].before).toBeNull();
    expect(answer.body.data[0].before.title).toBe('shown');
  });

  test('masks what is masked by itself: a diary of whoever was the author then', async () => {
    const id = await create({ title: 't', status: 'published', author: anna.id, diary: 'of anna', margin: undefined });
    await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { author: ben.id, diary: 'of ben', margin: 'for admins' } });
    const [one, two] = (await history(id, ben.token)).body.data;
    expect([one.record.diary, one.before.diary, two.record.diary]).toEqual(['of ben', null, null]);
    const seen = await history(id, anna.token);
    expect(seen.body.data.map((each: { record: { diary: string } }) => each.record.diary)).toEqual([null, 'of anna']);
    expect(seen.body.data[0].before.diary).toBe('of anna');
    expect(seen.text).not.toMatch(/margin|for admins|of ben/);
    expect((await history(id, up.owner)).body.data[0].record.margin).toBe('for admins');
  });

  test('by psql has nobody; a batch has one request', async () => {
    const id = await create({ title: 'a', author: anna.id });
    await up.sql('UPDATE public.notes SET title = $2 WHERE id = $1', [id, 'by hand']);
    const operations = [
      { op: 'update', collection: 'notes', id, data: { title: 'b' } },
      { op: 'update', collection: 'notes', id, data: { title: 'c' } },
    ];
    const done = await up.send('POST /batch', { token: anna.token, body: { operations }, headers: { 'x-request-id': 'batch-of-two' } });
    expect(done.status).toBe(200);
    const { body } = await history(id, anna.token);
    expect(body.data.map(({ by, request }: Record<string, string>) => [by, request])).toEqual([
      [`users:${anna.id}`, 'batch-of-two'],
      [`users:${anna.id}`, 'batch-of-two'],
      [null, null],
      [`users:${anna.id}`, expect.any(String)],
    ]);
    expect(body.data[2].record.title).toBe('by hand');
  });

  test('of a write that was refused or rolled back there is none', async () => {
    const id = await create({ title: 'a', author: anna.id });
    expect((await up.send(`PATCH /records/notes/${id}`, { token: ben.token, body: { title: 'mine' } })).status).toBe(404);
    const operations = [
      { op: 'update', collection: 'notes', id, data: { title: 'b' } },
      { op: 'create', collection: 'notes', data: { status: 'nonsense' } },
    ];
    expect((await up.send('POST /batch', { token: anna.token, body: { operations } })).status).toBe(422);
    expect(told(await history(id, anna.token))).toEqual(['1 created']);
  });
});

describe('who may', () => {
  const cases: readonly [string, () => string | undefined, string, number, string | undefined][] = [
    ['nobody signed in', () => undefined, 'notes', 401, 'unauthenticated'],
    ['an account, where there is no rule', () => ben.token, 'shut', 403, 'forbidden'],
    ['an admin, where there is no rule', () => up.owner, 'shut', 200, undefined],
    ['an admin, where none is kept', () => up.owner, 'plain', 404, 'not_found'],
  ];
  test.each(cases)('%s', async (_name, token, collection, status, code) => {
    const id = await create({ title: 'x', ...(collection === 'notes' ? { author: anna.id } : {}) }, anna.token, collection);
    const answer = await history(id, token(), '', collection);
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(code);
  });

  test("another's record is as one that never was", async () => {
    const id = await create({ title: 'x', author: anna.id });
    const [hidden, none] = [await history(id, ben.token), await history('0190a5a0-0000-7000-8000-000000000000', ben.token)];
    expect([hidden.status, none.status]).toEqual([404, 404]);
    expect({ ...hidden.body, requestId: '' }).toEqual({ ...none.body, requestId: '' });
    expect((await up.send(`POST /records/notes/${id}/restore`, { token: ben.token, body: { version: 1 } })).status).toBe(404);
  });

  test('what is not known is refused', async () => {
    const id = await create({ title: 'x', author: anna.id });
    for (const more of ['?filter=true', '?limit=0', '?limit=501', '?cursor=x.y', '?expand.a.limit=1'])
      expect([more, (await history(id, anna.token, more)).status]).toEqual([more, 400]);
    for (const body of [{}, { version: '1' }, { version: 0 }, { version: 1, more: 1 }])
      expect((await up.send(`POST /records/notes/${id}/restore`, { token: anna.token, body })).status).toBe(400);
  });

  test('a key with that scope, a viewer; not a key without', async () => {
    const id = await create({ title: 'x', author: anna.id });
    const keyFor = async (actions: string[]): Promise<string> => {
      const made = await up.send('POST /records/_api_keys', {
        token: up.owner,
        body: { name: 'k', scopes: [{ on: 'records:notes', actions }] },
      });
      return made.body.key;
    };
    expect((await history(id, await keyFor(['view', 'history']))).status).toBe(200);
    expect((await history(id, await keyFor(['view']))).status).toBe(403);
  });
});

test('pages go to the end and back', async () => {
  const id = await create({ title: '0', author: anna.id });
  for (let n = 1; n < 7; n++) await change(id, { title: String(n) });
  const titles = ({ body }: Answer): string => body.data.map((one: { record: { title: string } }) => one.record.title).join('');
  const first = await history(id, anna.token, '?limit=3');
  const second = await history(id, anna.token, `?limit=3&cursor=${first.body.page.next}`);
  const third = await history(id, anna.token, `?limit=3&cursor=${second.body.page.next}`);
  expect([titles(first), titles(second), titles(third)]).toEqual(['654', '321', '0']);
  expect([first.body.page.prev, third.body.page.next]).toEqual([null, null]);
  const back = await history(id, anna.token, `?limit=3&cursor=${third.body.page.prev}`);
  expect(titles(back)).toBe('321');
  expect(titles(await history(id, anna.token, `?limit=3&cursor=${back.body.page.prev}`))).toBe('654');
  expect((await history(await create({ title: 'y', author: anna.id }), anna.token, `?cursor=${first.body.page.next}`)).status).toBe(400);
});

describe('many rows at once', () => {
  test('6,000 of them are all there, with their transaction', async () => {
    await up.sql(`INSERT INTO public.notes (title, status, author) SELECT 'bulk ' || n, 'published', $1 FROM generate_series(1, 6000) n`, [
      anna.id,
    ]);
    await up.sql(`UPDATE public.notes SET views = 1 WHERE title LIKE 'bulk %'`);
    const [one] = await up.sql(`SELECT id FROM public.notes WHERE title = 'bulk 4711'`);
    expect(told(await history(String(one?.['id']), ben.token))).toEqual(['2 updated', '1 created']);
    const counts = await up.sql(`SELECT action, count(*)::int, count(DISTINCT record)::int AS records, count(DISTINCT at)::int AS times
      FROM underpin.versions WHERE record IN (SELECT id FROM public.notes WHERE title LIKE 'bulk %') GROUP BY action ORDER BY action`);
    expect(counts).toEqual([
      { action: 'created', count: 6000, records: 6000, times: 1 },
      { action: 'updated', count: 6000, records: 6000, times: 1 },
    ]);
  });

  test('too large for a memory, with parts undone: exactly what was committed', async () => {
    const wide = `repeat(md5(n::text), 60)`;
    await up.sql(`DO $$ BEGIN
      INSERT INTO public.notes (title, diary) SELECT 'kept ' || n, ${wide} FROM generate_series(1, 3000) n;
      BEGIN
        INSERT INTO public.notes (title, diary) SELECT 'undone ' || n, ${wide} FROM generate_series(1, 3000) n;
        RAISE EXCEPTION 'no';
      EXCEPTION WHEN raise_exception THEN NULL;
      END;
      INSERT INTO public.notes (title, diary) SELECT 'kept too ' || n, ${wide} FROM generate_series(1, 3000) n;
    END $$`);
    await expect(
      up.sql(
        `DO $$ BEGIN INSERT INTO public.notes (title, diary) SELECT 'undone ' || n, ${wide} FROM generate_series(1, 6000) n; RAISE EXCEPTION 'no'; END $$`,
      ),
    ).rejects.toThrow('no');
    const [one] = await up.sql(`SELECT id FROM public.notes WHERE title = 'kept too 2999'`);
    expect(told(await history(String(one?.['id']), up.owner))).toEqual(['1 created']);
    const [field] = await up.sql(
      `SELECT f ->> 'id' AS id FROM underpin.collections, jsonb_array_elements(definition -> 'fields') f WHERE name = 'notes' AND f ->> 'name' = 'title'`,
    );
    const counts = await up.sql(
      `SELECT split_part(body ->> $1, ' ', 1) AS what, count(*)::int, count(DISTINCT record)::int AS records FROM underpin.versions
      WHERE body ->> $1 LIKE 'kept %' OR body ->> $1 LIKE 'undone %' GROUP BY 1`,
      [field?.['id']],
    );
    expect(counts).toEqual([{ what: 'kept', count: 6000, records: 6000 }]);
    expect(await up.sql('SELECT count(*)::int FROM underpin.effects_pieces')).toEqual([{ count: 0 }]);
    expect(await up.sql('SELECT count(*)::int FROM underpin.effects')).toEqual([{ count: 0 }]);
  });

  test('TRUNCATE is the end of each', async () => {
    const id = await create({ title: 'x' }, anna.token, 'shut');
    await up.sql('TRUNCATE public.shut');
    expect(told(await history(id, up.owner, '', 'shut'))).toEqual(['1 deleted', '1 created']);
  });
});

describe('restore', () => {
  const restore = (id: string, version: number, token = anna.token, headers = {}): Promise<Answer> =>
    up.send(`POST /records/notes/${id}/restore`, { token, body: { version }, headers });

  test('is an update with what differs; the version before it is there as well', async () => {
    const id = await create({ title: 'one', views: 1, price: '1.10', author: anna.id, data: { a: 1 } });
    await change(id, { title: 'two', views: null, data: null });
    const back = await restore(id, 1);
    expect([back.status, back.headers.get('etag'), back.body.title, back.body.views, back.body.data]).toEqual([
      200,
      '"3"',
      'one',
      1,
      { a: 1 },
    ]);
    expect(told(await history(id, anna.token))).toEqual(['3 updated', '2 updated', '1 created']);
  });

  test('what is hidden from the caller in that version stays as it is', async () => {
    const id = await create({ title: 'one', status: 'published', diary: 'of nobody' });
    await up.send(`PATCH /records/notes/${id}`, { token: up.owner, body: { author: ben.id, diary: 'of ben', margin: 'm', title: 'two' } });
    expect((await restore(id, 1, anna.token)).status).toBe(403);
    const back = await restore(id, 1, ben.token);
    expect(back.body).toMatchObject({ title: 'one', author: null });
    const [row] = await up.sql('SELECT diary, margin FROM public.notes WHERE id = $1', [id]);
    expect(row).toEqual({ diary: 'of ben', margin: 'm' });
  });

  test('asks the rule of updates, the version that was expected, and is done once', async () => {
    const id = await create({ title: 'one', status: 'published', author: anna.id });
    await change(id, { title: 'two' });
    expect((await restore(id, 1, ben.token)).body.code).toBe('rule_denied');
    expect((await restore(id, 1, anna.token, { 'if-match': '"1"' })).status).toBe(412);
    expect((await restore(id, 9)).status).toBe(404);
    const key = { 'idempotency-key': 'restore-it-once-please' };
    const [first, again] = [await restore(id, 1, anna.token, key), await restore(id, 1, anna.token, key)];
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
    expect(told(await history(id, anna.token))).toEqual(['3 updated', '2 updated', '1 created']);
  });

  test('of what is gone creates it again, under its id; where the rule of creates lets', async () => {
    const id = await create({ title: 'one', author: anna.id });
    expect((await up.send(`DELETE /records/notes/${id}`, { token: anna.token })).status).toBe(204);
    expect((await restore(id, 1, anna.token, { 'if-match': '"1"' })).status).toBe(404);
    const back = await restore(id, 1);
    expect([back.status, back.body.id, back.body.title, back.body.version]).toEqual([201, id, 'one', 1]);
    expect(told(await history(id, anna.token))).toEqual(['1 created', '1 deleted', '1 created']);
  });
});

describe('what is not kept', () => {
  test('of a record that is erased nothing is left, also of what the log still brings', async () => {
    const [id, other] = [await create({ title: 'x', author: anna.id }), await create({ title: 'y', author: anna.id })];
    await history(id, anna.token);
    await change(id, { title: 'x2' });
    expect((await up.send(`DELETE /records/notes/${id}?erase=true`, { token: anna.token })).status).toBe(403);
    expect((await up.send(`DELETE /records/notes/${id}?erase=yes`, { token: up.owner })).status).toBe(400);
    expect((await up.send(`DELETE /records/notes/${id}?erase=true`, { token: up.owner })).status).toBe(204);
    expect((await history(id, up.owner)).status).toBe(404);
    expect(told(await history(other, anna.token))).toEqual(['1 created']);
    for (const table of ['versions', 'effects']) expect(await up.sql(`SELECT FROM underpin.${table} WHERE record = $1`, [id])).toEqual([]);
    const plain = await create({ title: 'p' }, anna.token, 'plain');
    expect((await up.send(`DELETE /records/plain/${plain}?erase=true`, { token: up.owner })).status).toBe(400);
  });

  test('nothing of an account that has ended', async () => {
    const body = { history: true, rules: { history: 'id == auth.id' } };
    expect((await up.send('PATCH /collections/users', { token: up.owner, body })).status).toBe(200);
    const cleo = await up.account('cleo');
    expect(told(await history(cleo.id, cleo.token, '', 'users'))).toEqual(['1 created']);
    expect((await history(cleo.id, ben.token, '', 'users')).status).toBe(404);
    expect((await up.send('DELETE /auth/users/me', { token: cleo.token })).status).toBe(204);
    expect((await history(cleo.id, up.owner, '', 'users')).status).toBe(404);
    expect(await up.sql('SELECT FROM underpin.versions WHERE record = $1', [cleo.id])).toEqual([]);
  });

  test('what is older than it is kept for goes with the hourly sweep', async () => {
    const kept = { name: 'kept', fields: [{ name: 'title', type: 'text' }], history: { keep: '2 days' } };
    expect((await up.send('POST /collections', { token: up.owner, body: kept })).status).toBe(201);
    const id = await create({ title: 'x' }, up.owner, 'kept');
    expect(told(await history(id, up.owner, '', 'kept'))).toEqual(['1 created']);
    const base = { ...up.app.base };
    await sweepVersions({ ...systemCtx(base), now: Date.now() + 47 * 3_600_000 });
    expect(told(await history(id, up.owner, '', 'kept'))).toEqual(['1 created']);
    await sweepVersions({ ...systemCtx(base), now: Date.now() + 49 * 3_600_000 });
    expect(told(await history(id, up.owner, '', 'kept'))).toEqual([]);
  });

  test.each([{ keep: 'long' }, { keep: '0 days' }, {}, 'yes', { keep: '1 year', more: 1 }])('%j is no length of time', async (history) => {
    const body = { name: 'never', fields: [], history };
    const answer = await up.send('POST /collections', { token: up.owner, body });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, expect.stringMatching(/^\/history/)]);
  });

  test('a collection that keeps none any more has none: that is asked for first', async () => {
    const made = { name: 'off', fields: [{ name: 'title', type: 'text' }], history: true };
    await up.send('POST /collections', { token: up.owner, body: made });
    const id = await create({ title: 'x' }, up.owner, 'off');
    await history(id, up.owner, '', 'off');
    const asked = await up.send('PATCH /collections/off', { token: up.owner, body: { history: false } });
    expect([asked.status, asked.body.plan.operations]).toMatchObject([409, [{ kind: 'change_history', counts: { deleted: 1 } }]]);
    const confirm = asked.body.plan.hash;
    expect((await up.send('PATCH /collections/off', { token: up.owner, body: { history: false, confirm } })).status).toBe(200);
    await change(id, { title: 'unseen' }, up.owner, 'off');
    expect((await up.send('PATCH /collections/off', { token: up.owner, body: { history: true } })).status).toBe(200);
    await change(id, { title: 'seen' }, up.owner, 'off');
    const answer = await history(id, up.owner, '', 'off');
    expect(told(answer)).toEqual(['3 updated']);
    expect(answer.body.data[0].before.title).toBe('unseen');
    await up.sql('UPDATE public.off SET title = $1', ['by hand']);
    expect(told(await history(id, up.owner, '', 'off'))).toEqual(['4 updated', '3 updated']);
  });
});

describe('when the collection changes', () => {
  test('versions read by the names and types of now; what does not fit is null, what is gone is not there', async () => {
    const made = {
      name: 'shape',
      fields: [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text' },
        { name: 'c', type: 'text' },
      ],
      history: true,
    };
    await up.send('POST /collections', { token: up.owner, body: made });
    const id = await create({ a: '7', b: 'x', c: 'gone' }, up.owner, 'shape');
    await change(id, { b: '8' }, up.owner, 'shape');
    const { fields } = (await up.send('GET /collections/shape', { token: up.owner })).body;
    const [a, b] = fields;
    const patch = async (body: object): Promise<void> => {
      const asked = await up.send('PATCH /collections/shape', { token: up.owner, body });
      if (asked.status === 409) return patch({ ...body, confirm: asked.body.plan.hash });
      expect([asked.status, asked.text]).toEqual([200, asked.text]);
    };
    // The names of the two are exchanged, one gets another type, and the name of the third is given to a new one.
    await patch({
      fields: [
        { ...a, name: 'b' },
        { ...b, name: 'a', type: 'number', integer: true },
      ],
    });
    await patch({
      fields: [
        { ...a, name: 'b' },
        { ...b, name: 'a', type: 'number', integer: true },
        { name: 'c', type: 'text' },
      ],
    });
    await change(id, { c: 'new' }, up.owner, 'shape');
    const answer = await history(id, up.owner, '', 'shape');
    const records = answer.body.data.map(({ record }: { record: Record<string, unknown> }) => [record['a'], record['b'], record['c']]);
    expect(records).toEqual([
      [8, '7', 'new'],
      [8, '7', null],
      [null, '7', null],
    ]);
    await patch({ name: 'shaped' });
    await change(id, { c: 'newer' }, up.owner, 'shaped');
    expect(told(await history(id, up.owner, '', 'shaped'))).toEqual(['4 updated', '3 updated', '2 updated', '1 created']);
  });

  test('of one that is dropped nothing is left', async () => {
    const made = { name: 'passing', fields: [{ name: 'a', type: 'text' }], history: true };
    const { id } = (await up.send('POST /collections', { token: up.owner, body: made })).body;
    await history(await create({ a: 'x' }, up.owner, 'passing'), up.owner, '', 'passing');
    const asked = await up.send('DELETE /collections/passing', { token: up.owner });
    await up.send('DELETE /collections/passing', { token: up.owner, body: { confirm: asked.body.plan.hash } });
    expect(await up.sql('SELECT FROM underpin.versions WHERE collection = $1', [id])).toEqual([]);
  });
});

test('a write where none is kept is the statement that it was; where it is, it is one statement as well', async () => {
  const texts: string[] = [];
  const { app } = up.app.base.database;
  const watched = {
    ...app,
    texts: (statement: Statement) => (texts.push(statement.text), app.texts(statement)),
    run: (statement: Statement) => (texts.push(statement.text), app.run(statement)),
  };
  const ctx = { ...systemCtx(up.app.base), db: watched };
  for (const collection of ['plain', 'shut']) {
    texts.length = 0;
    const { id } = await createRecord(ctx, collection, { title: 'x' });
    await updateRecord(ctx, collection, id, { title: 'y' });
    await removeRecord(ctx, collection, id);
    expect(texts).toHaveLength(3);
    expect(texts.map((text) => text.includes('underpin.note'))).toEqual(Array.from({ length: 3 }, () => collection === 'shut'));
  }
});

test('another node, which does not read the log, has what it has just written', async () => {
  const beside = await startBeside(up);
  const made = await beside.send('POST /records/notes', { token: anna.token, body: { title: 'beside', author: anna.id } });
  expect(told(await beside.send(`GET /records/notes/${made.body.id}/history`, { token: anna.token }))).toEqual(['1 created']);
  await beside.close();
});

test('over the SDK: pages by themselves, restore, erase', async () => {
  const id = await create({ title: '0', author: anna.id });
  for (let n = 1; n < 4; n++) await change(id, { title: String(n) });
  const records = createClient({ url: up.url, token: up.owner }).collection('notes');
  const titles: unknown[] = [];
  for await (const version of records.history(id, { limit: 3 }).all()) titles.push(version.record['title']);
  expect(titles).toEqual(['3', '2', '1', '0']);
  expect((await records.history(id, { limit: 1 })).data[0]).toMatchObject({ action: 'updated', before: { title: '2' } });
  expect(await records.restore(id, 1, { ifVersion: 4 })).toMatchObject({ title: '0', version: 5 });
  await expect(records.restore(id, 2, { ifVersion: 4 })).rejects.toMatchObject({ code: 'version_mismatch' });
  await records.delete(id, { erase: true });
  await expect(records.history(id)).rejects.toMatchObject({ code: 'not_found' });
});
