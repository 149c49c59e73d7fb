/** Aggregates, changes of all that matches, and exports: over what the caller sees, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const made = await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'sales',
      fields: [
        { name: 'status', type: 'select', values: ['open', 'paid', 'void'] },
        { name: 'views', type: 'number', integer: true, default: 0 },
        { name: 'share', type: 'number' },
        { name: 'price', type: 'decimal', scale: 2 },
        { name: 'at', type: 'date' },
        { name: 'due', type: 'day' },
        { name: 'note', type: 'text' },
        { name: 'secret', type: 'text', rules: { read: null } },
        { name: 'own', type: 'number', rules: { read: 'owner == auth.id' } },
        { name: 'owner', type: 'relation', to: 'users', default: { expr: 'auth.id' }, inverse: 'sales' },
      ],
      rules: {
        list: 'status != "void" || owner == auth.id',
        create: 'auth != null',
        update: 'owner == auth.id && (!changed.views || next.views < 100)',
        delete: 'owner == auth.id',
      },
    },
  });
  expect(made.status).toBe(201);
  const rows: [string, number, number, string, string, string | null, string][] = [
    ['open', 1, 0.5, '10.10', '2026-01-31T23:30:00Z', 'a,"b"', ann.token],
    ['open', 2, 1.5, '0.20', '2026-02-01T00:30:00Z', '=1+1', ann.token],
    ['paid', 3, 2.5, '5.05', '2026-02-15T12:00:00Z', null, bob.token],
    ['void', 40, 3.5, '100', '2026-03-01T00:00:00Z', 'line\nbreak', ann.token],
    ['void', 50, 4.5, '200', '2026-03-02T00:00:00Z', '-5', bob.token],
  ];
  for (const [status, views, share, price, at, note, token] of rows) {
    const body = { status, views, share, price, at, due: at.slice(0, 10), note, own: views, secret: 's' };
    expect((await up.send('POST /records/sales', { token, body })).status).toBe(201);
  }
});
afterAll(() => up.close());

const aggregate = (body: unknown, token = ann.token) => up.send('POST /records/sales/aggregate', { token, body });

describe('an aggregate', () => {
  test('groups and counts what the caller sees', async () => {
    const asked = {
      group: ['status'],
      select: {
        n: 'count()',
        s: 'sum(views)',
        a: 'avg(views)',
        p: 'sum(price)',
        least: 'min(at)',
        own: 'sum(own)',
        notes: 'countDistinct(note)',
      },
    };
    expect((await aggregate(asked)).body).toEqual({
      data: [
        { status: 'open', n: 2, s: 3, a: 1.5, p: '10.30', least: '2026-01-31T23:30:00.000Z', own: 3, notes: 2 },
        { status: 'paid', n: 1, s: 3, a: 3, p: '5.05', least: '2026-02-15T12:00:00.000Z', own: null, notes: 0 },
        { status: 'void', n: 1, s: 40, a: 40, p: '100', least: '2026-03-01T00:00:00.000Z', own: 40, notes: 1 },
      ],
      isCut: false,
    });
    expect((await up.send('POST /records/sales/aggregate', { body: { select: { n: 'count()' } } })).body.data).toEqual([{ n: 3 }]);
    expect((await aggregate({ select: { n: 'count()', s: 'sum(views)' } }, up.owner)).body.data).toEqual([{ n: 5, s: 96 }]);
  });

  test('cuts time where the zone cuts it, and days as days', async () => {
    const months = async (tz?: string): Promise<unknown> =>
      (await aggregate({ group: [{ field: 'at', by: 'month', ...(tz ? { tz } : {}), as: 'month' }], select: { n: 'count()' } })).body.data;
    expect(await months()).toEqual([
      { month: '2026-01-01T00:00:00.000Z', n: 1 },
      { month: '2026-02-01T00:00:00.000Z', n: 2 },
      { month: '2026-03-01T00:00:00.000Z', n: 1 },
    ]);
    expect(await months('Europe/Paris')).toEqual([
      { month: '2026-01-31T23:00:00.000Z', n: 3 },
      { month: '2026-02-28T23:00:00.000Z', n: 1 },
    ]);
    expect((await aggregate({ group: [{ field: 'due', by: 'year' }], select: { n: 'count()' } })).body.data).toEqual([
      { due: '2026-01-01', n: 4 },
    ]);
  });

  test('says of the first day of all, where it began before the year 1 of UTC, that this was the year 0', async () => {
    const body = { name: 'eras', fields: [{ name: 'at', type: 'date' }], rules: { list: 'true', create: 'true' } };
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
    const first = { at: '0001-01-01T00:00:00Z' };
    expect((await up.send('POST /records/eras', { token: up.owner, body: first })).status).toBe(201);
    const began = async (by: string, tz: string): Promise<unknown> => {
      const asked = { group: [{ field: 'at', by, tz }], select: { n: 'count()' } };
      return (await up.send('POST /records/eras/aggregate', { body: asked })).body.data;
    };
    expect(await began('day', 'Etc/GMT+5')).toEqual([{ at: '0000-12-31T05:00:00.000Z', n: 1 }]);
    expect(await began('year', 'Etc/GMT-9')).toEqual([{ at: '0000-12-31T15:00:00.000Z', n: 1 }]);
    expect(await began('year', 'UTC')).toEqual([{ at: '0001-01-01T00:00:00.000Z', n: 1 }]);
  });

  test('filters before, has after, sorts and cuts', async () => {
    const asked = {
      group: ['status'],
      select: { n: 'count()', top: 'max(share)' },
      where: { views: { lt: 50 } },
      having: 'n > $least || top > 3',
      params: { least: 1 },
      sort: ['-top'],
    };
    expect((await aggregate(asked)).body.data).toEqual([
      { status: 'void', n: 1, top: 3.5 },
      { status: 'open', n: 2, top: 1.5 },
    ]);
    expect((await aggregate({ ...asked, limit: 1 })).body).toEqual({ data: [{ status: 'void', n: 1, top: 3.5 }], isCut: true });
    expect((await aggregate({ ...asked, having: 'n > 5' })).body.data).toEqual([]);
  });

  test('goes through relations as the caller sees them', async () => {
    const byName = { group: [{ field: 'owner.name', as: 'who' }], select: { n: 'count()' } };
    const mine = await aggregate({ ...byName, filter: 'owner == $me', params: { me: ann.id } });
    expect([mine.status, mine.body.data.length]).toEqual([200, 1]);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ['nothing selected', {}, 'invalid_request', '/select'],
    ['a function that is none', { select: { n: 'median(views)' } }, 'invalid_request', '/select/n'],
    ['a field that is not there', { select: { n: 'sum(nothing)' } }, 'unknown_field', '/select/n'],
    ['a field that he may not read', { select: { n: 'max(secret)' } }, 'unknown_field', '/select/n'],
    ['a group that he may not read', { group: ['secret'], select: { n: 'count()' } }, 'unknown_field', '/group/0'],
    ['a sum of texts', { select: { n: 'sum(note)' } }, 'invalid_request', '/select/n'],
    [
      'a zone that is none',
      { group: [{ field: 'at', by: 'day', tz: 'Mars/Base' }], select: { n: 'count()' } },
      'invalid_request',
      '/group/0/tz',
    ],
    ['a unit that is none', { group: [{ field: 'at', by: 'aeon' }], select: { n: 'count()' } }, 'invalid_request', '/group/0/by'],
    ['a unit of what is no moment', { group: [{ field: 'views', by: 'day' }], select: { n: 'count()' } }, 'invalid_request', '/group/0/by'],
    ['a name twice', { group: ['status'], select: { status: 'count()' } }, 'invalid_request', '/select'],
    ['having of what is not in the answer', { select: { n: 'count()' }, having: 'views > 1' }, 'unknown_field', '/having'],
    ['sort of what is not in the answer', { select: { n: 'count()' }, sort: ['views'] }, 'unknown_field', '/sort'],
    ['a member that is not known', { select: { n: 'count()' }, more: 1 }, 'invalid_request', '/more'],
  ])('refuses %s', async (_name, body, code, pointer) => {
    const answer = await aggregate(body);
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([400, code, pointer]);
  });
});

describe('an export', () => {
  const exported = async (parameters: Record<string, string>, token = ann.token) =>
    up.send(`GET /records/sales/export${query(parameters)}`, { token });
  const asked = { sort: 'views', fields: 'status,views,note' };

  test('is what the list is, in three forms', async () => {
    const list = (await up.send(`GET /records/sales${query(asked)}`, { token: ann.token })).body.data;
    expect(list.length).toBe(4);
    const [ndjson, json, csv] = [
      await exported({ ...asked, format: 'ndjson' }),
      await exported({ ...asked, format: 'json' }),
      await exported({ ...asked, format: 'csv' }),
    ];
    expect(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(list);
    expect(JSON.parse(json.text)).toEqual(list);
    const ids = list.map(({ id }: { id: string }) => id);
    expect(csv.text).toBe(
      [
        'id,status,views,note',
        `${ids[0]},open,1,"a,""b"""`,
        `${ids[1]},open,2,'=1+1`,
        `${ids[2]},paid,3,`,
        `${ids[3]},void,40,"line\nbreak"`,
        '',
      ].join('\r\n'),
    );
    expect([csv.headers.get('content-type'), csv.headers.get('content-disposition')]).toEqual([
      'text/csv; charset=utf-8',
      'attachment; filename="sales.csv"',
    ]);
    expect((await exported({ format: 'json', filter: 'views > 1000' })).body).toEqual([]);
  });

  test('stops at its limit, and refuses before it begins', async () => {
    expect((await exported({ ...asked, format: 'ndjson', limit: '2' })).text.trimEnd().split('\n').length).toBe(2);
    for (const [parameters, pointer] of [
      [{ format: 'xml' }, '/format'],
      [{}, '/format'],
      [{ format: 'csv', expand: 'owner' }, '/expand'],
      [{ format: 'json', fields: 'secret' }, '/fields'],
      [{ format: 'json', cursor: 'x' }, '/cursor'],
    ] as const)
      expect([(await exported(parameters)).body.errors[0].pointer, pointer]).toEqual([pointer, pointer]);
  });
});

describe('a change of all that matches', () => {
  const state = async (): Promise<unknown> => up.sql('SELECT views, version::int FROM sales ORDER BY views');
  const change = (what: string, body: unknown, token = ann.token) => up.send(`POST /records/sales/${what}`, { token, body });

  test('takes what he may list, view and change, and counts it', async () => {
    expect((await change('update', { filter: 'views < $n', params: { n: 45 }, data: { note: 'seen' } })).body).toEqual({ count: 3 });
    expect(await state()).toEqual(
      [1, 2, 3, 40, 50].map((views) => ({ views: String(views), version: [1, 2, 40].includes(views) ? 2 : 1 })),
    );
    expect((await change('update', { where: { views: { gt: 45 } }, data: { note: 'seen' } })).body).toEqual({ count: 0 });
  });

  test('writes nothing where one is refused', async () => {
    const before = await state();
    const grown = await change('update', { filter: 'true', data: { views: { $inc: 70 } } });
    expect([grown.status, grown.body.code]).toEqual([403, 'rule_denied']);
    expect(await state()).toEqual(before);
  });

  test.each<[string, string, unknown, string, string]>([
    ['update', 'without a condition', { data: { note: 'x' } }, 'invalid_request', '/filter'],
    ['delete', 'without a condition', {}, 'invalid_request', '/filter'],
    ['update', 'without data', { filter: 'true' }, 'invalid_request', '/data'],
    ['update', 'of a field that is not there', { filter: 'true', data: { nothing: 1 } }, 'unknown_field', '/data/nothing'],
    ['delete', 'with a filter that names what he may not read', { filter: 'secret == "s"' }, 'unknown_field', '/filter'],
    ['delete', 'with a member that is not known', { filter: 'true', limit: 3 }, 'invalid_request', '/limit'],
  ])('%s %s is refused', async (what, _name, body, code, pointer) => {
    const before = await state();
    const answer = await change(what, body);
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([400, code, pointer]);
    expect(await state()).toEqual(before);
  });

  test('deletes what he may delete', async () => {
    expect((await change('delete', { filter: 'views >= 2' })).body).toEqual({ count: 2 });
    expect(await up.sql('SELECT views::int FROM sales ORDER BY views')).toEqual([{ views: 1 }, { views: 3 }, { views: 50 }]);
  });
});
