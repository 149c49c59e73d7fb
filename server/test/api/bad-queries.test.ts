/**
 * Requests that are too deep, too long, too many, or that reach for what the caller may not see: each is refused in good order,
 * says where, and has done nothing. What may never be read is answered to the letter as what is not there.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { query, startTestApp, type Answer, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
/** As many as one change by a filter may take, and one more. */
const most = 1_001;

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  const fields = [{ name: 'code', type: 'text' }];
  await make({ name: 'vault', fields, rules: {} });
  await make({
    name: 'posts',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'views', type: 'number', integer: true, min: 0 },
      { name: 'group', type: 'text' },
      { name: 'author', type: 'relation', to: 'users' },
      { name: 'inner', type: 'text', rules: { read: null, write: null } },
      { name: 'trove', type: 'relation', to: 'vault', rules: { read: null } },
      { name: 'after', type: 'relation', to: 'posts', inverse: 'before' },
      { name: 'under', type: 'relation', to: 'posts', inverse: 'lower', rules: { read: null } },
    ],
    rules: { list: 'true', create: 'true', update: 'author == null || author == auth.id', delete: 'true' },
  });
  await up.sql(
    `INSERT INTO public.posts (id, created, updated, version, title, views, "group")
     SELECT gen_random_uuid(), now(), now(), 1, 'post ' || n, n, CASE WHEN n <= 5 THEN 'few' ELSE 'lot' END FROM generate_series(1, ${most}) n`,
  );
}, 60_000);
afterAll(() => up.close());

const list = (parameters: Readonly<Record<string, string>>, token = ann.token) =>
  up.send(`GET /records/posts${query(parameters)}`, { token });
const post = (path: string, body: unknown, token = ann.token) => up.send(`POST /records/posts/${path}`, { token, body });
const refusal = ({ status, body }: Answer): unknown => [status, body.code, body.errors?.[0]?.pointer];
/** All that is stored, as one text that changes with any of it. */
const stored = async (): Promise<unknown> =>
  (await up.sql(`SELECT count(*), md5(string_agg(p::text, ',' ORDER BY id)) AS all FROM public.posts p`))[0];

describe('what is too much', () => {
  const nested = (depth: number, inner: string): string => '('.repeat(depth) + inner + ')'.repeat(depth);
  const joined = (count: number): string => Array(count).fill('views == 1').join(' || ');
  const quantified = 'before.exists(a, a.before.exists(b, b.before.exists(c, c.views > 1)))';
  let statements: jest.SpiedFunction<TestApp['app']['base']['database']['app']['texts']>;
  beforeEach(() => void (statements = jest.spyOn(up.app.base.database.app, 'texts')));
  /** Refused before Postgres is asked for a single record. */
  const untouched = (): void => {
    const asked = statements.mock.calls.filter(([{ text }]) => text.includes('public."posts"'));
    statements.mockRestore();
    expect(asked).toEqual([]);
  };

  test.each<[string, unknown, string]>([
    ['deep in brackets', { filter: nested(2_000, 'views == 1') }, '/filter'],
    ['deep in negations', { filter: `${'!'.repeat(3_000)}(views == 1)` }, '/filter'],
    ['deep in conditions', { filter: Array(60).fill('views == 1 ? true : (').join('') + 'false' + ')'.repeat(60) }, '/filter'],
    ['wide', { filter: joined(300) }, '/filter'],
    ['long', { filter: `title == "${'x'.repeat(100_000)}"` }, '/filter'],
    ['going on and on', { filter: `${Array(50).fill('after').join('.')}.views == 1` }, '/filter'],
    ['of list in list in list', { filter: quantified }, '/filter'],
    ['a hundred thousand in a list', { filter: `views in [${Array(100_000).fill(1).join()}]` }, '/filter'],
    ['deep as an object', { where: JSON.parse('{"not":'.repeat(25) + '{"views":1}' + '}'.repeat(25)) }, '/where'],
    ['wide as an object', { where: { or: Array(300).fill({ views: 1 }) } }, '/where'],
  ])('a filter %s', async (_name, body, pointer) => {
    const answer = await post('query', body);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
    for (const path of ['update', 'delete'])
      expect((await post(path, { ...Object(body), ...(path === 'update' ? { data: { views: 0 } } : {}) })).status).toBe(400);
    expect((await post('aggregate', { ...Object(body), select: { n: 'count()' } })).body.errors?.[0]?.pointer).toBe(pointer);
    untouched();
  });

  test('a hundred thousand items as a parameter', async () => {
    const answer = await post('query', { filter: 'views in $list', params: { list: Array.from({ length: 100_000 }, (_one, n) => n) } });
    // Of the body as a whole: nothing of it is read any further.
    expect([answer.status, answer.body.code]).toEqual([400, 'limit_exceeded']);
    untouched();
  });

  test.each<[string, unknown]>([
    ['in a circle', { expand: { after: { expand: { before: { expand: { after: { expand: { before: true } } } } } } } }],
    ['of more records than can come back', { limit: 500, expand: { before: { limit: 500, expand: { before: { limit: 500 } } } } }],
  ])('an expand %s', async (_name, body) => {
    expect(refusal(await post('query', body))).toEqual([400, 'limit_exceeded', '/expand']);
    untouched();
  });
});

describe('aggregates over what is not there', () => {
  test.each<[string, object, string]>([
    ['a group', { group: ['inner'], select: { n: 'count()' } }, '/group/0'],
    ['a group along a relation', { group: ['trove.code'], select: { n: 'count()' } }, '/group/0'],
    ['a value', { select: { n: 'min(inner)' } }, '/select/n'],
    ['a filter', { filter: 'inner == "x"', select: { n: 'count()' } }, '/filter'],
    ['a having', { group: ['group'], select: { n: 'count()' }, having: 'views > 1' }, '/having'],
    ['a field that never was', { group: ['nope'], select: { n: 'count()' } }, '/group/0'],
    ['a sort', { group: ['group'], select: { n: 'count()' }, sort: 'views' }, '/sort'],
  ])('%s', async (_name, body, pointer) => {
    expect(refusal(await post('aggregate', body))).toEqual([400, 'unknown_field', pointer]);
  });

  test('what is no aggregate', async () => {
    for (const [body, pointer] of [
      [{}, '/select'],
      [{ select: {} }, '/select'],
      [{ select: { n: 'drop(views)' } }, '/select/n'],
      [{ select: { n: 'sum(title)' } }, '/select/n'],
      [{ select: { n: 'count()' }, group: 'group' }, '/group'],
      [{ select: { n: 'count()' }, group: [{ field: 'created', by: 'day', tz: 'Mars/Base' }] }, '/group/0/tz'],
      [{ select: { group: 'count()' }, group: ['group'] }, '/select'],
      [{ select: { n: 'count()' }, limit: 1_000_000 }, '/limit'],
      [{ select: { n: 'count()' }, nope: 1 }, '/nope'],
    ] as const)
      expect([body, refusal(await post('aggregate', body))]).toEqual([body, [400, 'invalid_request', pointer]]);
  });
});

describe('cursors', () => {
  const first = { sort: '-views', limit: '3', filter: 'views > 3' };
  const cursorOf = async (): Promise<string> => (await list(first)).body.page.next;
  const refused = [400, 'invalid_request', '/cursor'];

  test('hold for whom, for what and as they were given', async () => {
    const cursor = await cursorOf();
    expect((await list({ ...first, cursor })).status).toBe(200);
    expect(refusal(await list({ ...first, cursor }, bob.token))).toEqual(refused);
    expect(refusal(await list({ ...first, filter: 'views > 4', cursor }))).toEqual(refused);
    expect(refusal(await list({ ...first, sort: 'views', cursor }))).toEqual(refused);
    const [payload = '', signed = ''] = cursor.split('.');
    const moved = Buffer.from(JSON.stringify([0, '7', 'x'])).toString('base64url');
    const bad = [
      `${moved}.${signed}`,
      payload,
      `${payload}.`,
      `.${signed}`,
      `${cursor}.x`,
      `${payload}.${signed.toLowerCase()}x`,
      'x',
      '.',
      '%',
    ];
    for (const one of bad) expect([one, refusal(await list({ ...first, cursor: one }))]).toEqual([one, refused]);
    expect(refusal(await list({ ...first, cursor, page: '2' }))).toEqual([400, 'invalid_request', '/page']);
  });
});

describe('changes of all that matches', () => {
  const unchanged = async (work: () => Promise<unknown>): Promise<void> => {
    const before = await stored();
    await work();
    expect(await stored()).toEqual(before);
  };
  const data = { views: 5 };

  test('say which', () =>
    unchanged(async () => {
      for (const body of [{ data }, { filter: null, data }, { where: null, data }, { params: {}, data }])
        expect(refusal(await post('update', body))).toEqual([400, 'invalid_request', '/filter']);
      for (const body of [{}, { filter: null }]) expect(refusal(await post('delete', body))).toEqual([400, 'invalid_request', '/filter']);
      expect(refusal(await post('update', { filter: 'true' }))).toEqual([400, 'invalid_request', '/data']);
      expect(refusal(await post('update', { filter: '', data }))).toEqual([400, 'invalid_filter', '/filter']);
    }));

  test('take no more than a thousand', () =>
    unchanged(async () => {
      for (const [path, body] of [
        ['update', { filter: 'true', data }],
        ['delete', { filter: 'true' }],
      ] as const) {
        const answer = await post(path, body);
        expect([answer.status, answer.body.code]).toEqual([400, 'limit_exceeded']);
      }
    }));

  test('are all written or none', () =>
    unchanged(async () => {
      // Taking five hundred from each is more than the first hundreds have: some fail, others would not.
      const answer = await post('update', { filter: 'views < 900', data: { views: { $inc: -500 } } });
      expect(refusal(answer)).toEqual([422, 'validation_failed', '/data/views']);
    }));

  test('know no other members', () =>
    unchanged(async () => {
      for (const [path, body, pointer] of [
        ['update', { filter: 'views == 1', data, limit: 3 }, '/limit'],
        ['delete', { filter: 'views == 1', data }, '/data'],
        ['query', { nope: 1 }, '/nope'],
      ] as const)
        expect(refusal(await post(path, body))).toEqual([400, 'invalid_request', pointer]);
      // Whether or not there is one to change.
      for (const filter of ['views == 1', 'views == -1', 'false'])
        expect(refusal(await post('update', { filter, data: { nope: 1 } }))).toEqual([400, 'unknown_field', '/data/nope']);
      expect((await post('update', { filter: 'inner == "x"', data })).body.code).toBe('unknown_field');
    }));

  test('change what they say, and no more', async () => {
    expect((await post('update', { filter: 'group == $g', params: { g: 'few' }, data: { title: 'changed' } })).body).toEqual({ count: 5 });
    const [row] = await up.sql(`SELECT count(*)::int AS n FROM public.posts WHERE title = 'changed' AND "group" = 'few'`);
    expect([row, (await list({ filter: 'title == "changed"', count: 'exact' })).body.page.total]).toEqual([{ n: 5 }, 5]);
  });
});

describe('what may never be read is as what is not there', () => {
  /** `inner`, `trove`, `under` and `lower` are there and shut; `jjjjj` is not (and like nothing that is). */
  const asks: readonly (readonly [name: string, shut: string, absent: string, ask: (name: string, token: string) => Promise<Answer>])[] = [
    ['a filter', 'inner', 'jjjjj', (name, token) => list({ filter: `${name} == "x"` }, token)],
    ['a filter along a relation', 'trove', 'jjjjj', (name, token) => list({ filter: `${name}.code == "x"` }, token)],
    ['a filter on what points back', 'lower', 'jjjjj', (name, token) => list({ filter: `${name}.exists(a, a.views > 1)` }, token)],
    ['where', 'inner', 'jjjjj', (name, token) => post('query', { where: { [name]: 'x' } }, token)],
    ['a sort', 'inner', 'jjjjj', (name, token) => list({ sort: name }, token)],
    ['a sort along a relation', 'trove', 'jjjjj', (name, token) => list({ sort: `-${name}.code:last` }, token)],
    ['fields', 'inner', 'jjjjj', (name, token) => list({ fields: name }, token)],
    ['an expand', 'trove', 'jjjjj', (name, token) => list({ expand: name }, token)],
    ['an expand of what points back', 'lower', 'jjjjj', (name, token) => list({ expand: name }, token)],
    ['an expand that is no relation', 'inner', 'jjjjj', (name, token) => list({ expand: name }, token)],
    [
      'an expand with options',
      'lower',
      'jjjjj',
      (name, token) => post('query', { expand: { [name]: { limit: 2, filter: 'views >' } } }, token),
    ],
    ['fields of an expand', 'inner', 'jjjjj', (name, token) => list({ expand: 'before', 'expand.before.fields': name, limit: '1' }, token)],
    ['a sort of an expand', 'inner', 'jjjjj', (name, token) => list({ expand: 'before', 'expand.before.sort': name }, token)],
    [
      'a filter of an expand',
      'inner',
      'jjjjj',
      (name, token) => list({ expand: 'before', 'expand.before.filter': `${name} == "x"` }, token),
    ],
    ['a group', 'inner', 'jjjjj', (name, token) => post('aggregate', { group: [name], select: { n: 'count()' } }, token)],
    [
      'a group as',
      'inner',
      'jjjjj',
      (name, token) => post('aggregate', { group: [{ field: name, as: 'x' }], select: { n: 'count()' } }, token),
    ],
    ['an aggregate', 'inner', 'jjjjj', (name, token) => post('aggregate', { select: { n: `max(${name})` } }, token)],
    ['a having', 'inner', 'jjjjj', (name, token) => post('aggregate', { select: { n: 'count()' }, having: `${name} == "x"` }, token)],
    ['a sort of an aggregate', 'inner', 'jjjjj', (name, token) => post('aggregate', { select: { n: 'count()' }, sort: name }, token)],
    ['a change by a filter', 'inner', 'jjjjj', (name, token) => post('update', { filter: `${name} == "x"`, data: { views: 1 } }, token)],
    ['a change of it', 'inner', 'jjjjj', (name, token) => post('update', { filter: 'views == 1', data: { [name]: 'x' } }, token)],
    [
      'a record’s expand',
      'trove',
      'jjjjj',
      (name, token) => up.send(`GET /records/posts/01a20080-0000-7000-8000-000000000001?expand=${name}`, { token }),
    ],
    ['a collection', 'vault', 'vaulx', (name, token) => up.send(`GET /records/${name}`, { token })],
    [
      'a query of a collection',
      'vault',
      'vaulx',
      (name, token) => up.send(`POST /records/${name}/query`, { token, body: { filter: '((' } }),
    ],
    [
      'an aggregate of a collection',
      'vault',
      'vaulx',
      (name, token) => up.send(`POST /records/${name}/aggregate`, { token, body: { select: 1 } }),
    ],
    [
      'a change of a collection',
      'vault',
      'vaulx',
      (name, token) => up.send(`POST /records/${name}/update`, { token, body: { filter: 'true', data } }),
    ],
    [
      'a collection in a filter',
      'vault',
      'vaulx',
      (name, token) => list({ filter: `collections.${name}.exists(v, v.code == "x")` }, token),
    ],
  ];
  const data = { code: 'x' };

  test.each(asks)('%s', async (_name, shut, absent, ask) => {
    const plain = ({ status, headers, text }: Answer, name: string): unknown => ({
      status,
      headers: [...headers]
        .filter(([header]) => header !== 'date')
        .map(([header, value]) => `${header}: ${header.includes('request-id') ? '…' : value}`),
      text: text.replaceAll(name, 'NAME').replace(/"requestId":"[^"]*"/, '"requestId":"…"'),
    });
    for (const { token } of [ann, bob]) {
      const [there, nowhere] = [await ask(shut, token), await ask(absent, token)];
      expect(there.status).toBeGreaterThanOrEqual(400);
      expect(there.status).toBeLessThan(500);
      expect(plain(there, shut)).toEqual(plain(nowhere, absent));
    }
  });
});
