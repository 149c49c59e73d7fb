/** The line, end to end over HTTP: who may do what to which record, and what each refusal says. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../support/process.ts';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
const ids: Record<string, string> = {};

const posts = {
  name: 'posts',
  fields: [
    { name: 'title', type: 'text', required: true, max: 200 },
    { name: 'status', type: 'select', values: ['draft', 'published'], default: 'draft' },
    { name: 'views', type: 'number', integer: true, default: 0 },
    { name: 'price', type: 'decimal' },
    { name: 'author', type: 'relation', to: 'users', required: true, default: { expr: 'auth.id' }, onDelete: 'cascade' },
    { name: 'at', type: 'date' },
    { name: 'secret', type: 'text', rules: { read: 'author == auth.id', write: 'author == auth.id' } },
    { name: 'internal', type: 'text', rules: { read: null, write: null } },
    { name: 'stamp', type: 'date', default: { expr: 'now' }, onUpdate: { expr: 'now' } },
  ],
  indexes: [{ fields: ['title'], unique: true }],
  rules: {
    list: 'status == "published" || author == auth.id',
    create: 'next.author == auth.id',
    update: 'author == auth.id && !changed.author',
    delete: 'author == auth.id',
  },
};

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  expect((await up.send('POST /collections', { token: up.owner, body: posts })).status).toBe(201);
  for (const [name, who, body] of [
    ['published', ann, { title: 'Published', status: 'published', secret: 'of ann', views: 3, price: '12.50' }],
    ['draft', ann, { title: 'Draft' }],
    ['bobs', bob, { title: 'Bobs', status: 'published' }],
  ] as const) {
    const made = await up.send('POST /records/posts', { token: who.token, body });
    expect(made.status).toBe(201);
    ids[name] = made.body.id;
  }
});
afterAll(() => up.close());

const who = (name: string): { token?: string } =>
  name === 'ann' ? { token: ann.token } : name === 'bob' ? { token: bob.token } : name === 'owner' ? { token: up.owner } : {};

describe('what each caller finds', () => {
  test.each([
    ['nobody', ['Bobs', 'Published']],
    ['ann', ['Bobs', 'Draft', 'Published']],
    ['bob', ['Bobs', 'Published']],
    ['owner', ['Bobs', 'Draft', 'Published']],
  ])('%s lists %j', async (caller, titles) => {
    const { status, body } = await up.send('GET /records/posts?sort=title', who(caller));
    expect(status).toBe(200);
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(titles);
  });

  test.each([
    ['nobody', 'draft', 404],
    ['bob', 'draft', 404],
    ['ann', 'draft', 200],
    ['nobody', 'published', 200],
  ])('%s gets %s: %i', async (caller, record, status) => {
    expect((await up.send(`GET /records/posts/${ids[record]}`, who(caller))).status).toBe(status);
  });

  test('an answer has every field the caller may see, in order, and no other', async () => {
    const { body } = await up.send(`GET /records/posts/${ids['published']}`, who('ann'));
    expect(Object.keys(body)).toEqual([
      'id',
      'title',
      'status',
      'views',
      'price',
      'author',
      'at',
      'secret',
      'stamp',
      'created',
      'updated',
      'version',
    ]);
    expect(body).toMatchObject({ title: 'Published', views: 3, price: '12.50', author: ann.id, at: null, secret: 'of ann', version: 1 });
    expect(body.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('a masked field is null for others, and there for none who may never read it', async () => {
    const { body } = await up.send(`GET /records/posts/${ids['published']}`, who('bob'));
    expect(body.secret).toBeNull();
    const anonymous = await up.send(`GET /records/posts/${ids['published']}`);
    expect(Object.keys(anonymous.body)).not.toContain('secret');
    expect(anonymous.text).not.toContain('of ann');
  });
});

describe('what is refused, and how', () => {
  test.each<[string, string, string, unknown, number, string, string]>([
    ['unknown parameter', 'nobody', 'GET /records/posts?wher=x', undefined, 400, 'invalid_request', '/wher'],
    ['parameter twice', 'nobody', 'GET /records/posts?limit=1&limit=2', undefined, 400, 'invalid_request', '/limit'],
    [
      'unknown field in filter',
      'nobody',
      `GET /records/posts${query({ filter: 'titel == "x"' })}`,
      undefined,
      400,
      'unknown_field',
      '/filter',
    ],
    [
      'hidden field in filter',
      'ann',
      `GET /records/posts${query({ filter: 'internal == "x"' })}`,
      undefined,
      400,
      'unknown_field',
      '/filter',
    ],
    [
      'masked field of nobody in filter',
      'nobody',
      `GET /records/posts${query({ filter: 'secret == "x"' })}`,
      undefined,
      400,
      'unknown_field',
      '/filter',
    ],
    ['hidden field in sort', 'ann', 'GET /records/posts?sort=internal', undefined, 400, 'unknown_field', '/sort'],
    ['hidden field in fields', 'ann', 'GET /records/posts?fields=internal', undefined, 400, 'unknown_field', '/fields'],
    ['expand of no relation', 'ann', 'GET /records/posts?expand=title', undefined, 400, 'unknown_field', '/expand'],
    ['syntax', 'nobody', `GET /records/posts${query({ filter: 'title == ' })}`, undefined, 400, 'invalid_filter', '/filter'],
    ['limit of 0', 'nobody', 'GET /records/posts?limit=0', undefined, 400, 'invalid_request', '/limit'],
    ['limit of -1', 'nobody', 'GET /records/posts?limit=-1', undefined, 400, 'invalid_request', '/limit'],
    ['limit of 1e9', 'nobody', 'GET /records/posts?limit=1e9', undefined, 400, 'invalid_request', '/limit'],
    ['foreign cursor', 'nobody', 'GET /records/posts?cursor=abc.def', undefined, 400, 'invalid_request', '/cursor'],
    ['unknown body key', 'ann', 'POST /records/posts', { title: 'x', nope: 1 }, 400, 'unknown_field', '/nope'],
    ['__proto__ as a key', 'ann', 'POST /records/posts', '{"title":"x","__proto__":{"a":1}}', 400, 'unknown_field', '/__proto__'],
    ['constructor as a key', 'ann', 'POST /records/posts', { title: 'x', constructor: 1 }, 400, 'unknown_field', '/constructor'],
    ['created in a body', 'ann', 'POST /records/posts', { title: 'x', created: '2026-01-01T00:00:00Z' }, 400, 'read_only', '/created'],
    ['version in a body', 'ann', 'PATCH /records/posts/{draft}', { version: 9 }, 400, 'read_only', '/version'],
    ['id in a change', 'ann', 'PATCH /records/posts/{draft}', { id: '01a20080-0000-7000-8000-000000000000' }, 400, 'read_only', '/id'],
    ['a field that is nobody’s', 'ann', 'POST /records/posts', { title: 'x', internal: 'y' }, 400, 'unknown_field', '/internal'],
    ['create by nobody', 'nobody', 'POST /records/posts', { title: 'x' }, 401, 'unauthenticated', ''],
    ['create for another', 'ann', 'POST /records/posts', { title: 'x', author: '{bob}' }, 403, 'rule_denied', ''],
    ['required field missing', 'ann', 'POST /records/posts', { status: 'draft' }, 422, 'validation_failed', '/title'],
    ['null in a required field', 'ann', 'POST /records/posts', { title: null }, 422, 'validation_failed', '/title'],
    ['wrong type', 'ann', 'POST /records/posts', { title: 5 }, 422, 'validation_failed', '/title'],
    ['NUL in a text', 'ann', 'POST /records/posts', { title: 'a\u0000b' }, 422, 'validation_failed', '/title'],
    ['half of a surrogate pair', 'ann', 'POST /records/posts', '{"title":"a\\ud800b"}', 422, 'validation_failed', '/title'],
    ['1e309', 'ann', 'POST /records/posts', '{"title":"x","views":1e309}', 422, 'validation_failed', '/views'],
    ['2^53 + 1', 'ann', 'POST /records/posts', '{"title":"x","views":9007199254740993}', 422, 'validation_failed', '/views'],
    ['a value that is none of the list', 'ann', 'POST /records/posts', { title: 'x', status: 'nope' }, 422, 'validation_failed', '/status'],
    ['a title that is taken', 'ann', 'POST /records/posts', { title: 'Bobs' }, 409, 'unique_violation', '/title'],
    ['change of another’s', 'bob', 'PATCH /records/posts/{published}', { title: 'y' }, 403, 'rule_denied', ''],
    ['change of one not seen', 'bob', 'PATCH /records/posts/{draft}', { title: 'y' }, 404, 'not_found', ''],
    ['change of one not seen, with a bad value', 'bob', 'PATCH /records/posts/{draft}', { title: 5 }, 404, 'not_found', ''],
    ['change of another’s, with a bad value', 'bob', 'PATCH /records/posts/{published}', { title: 5 }, 403, 'rule_denied', ''],
    ['giving it away', 'ann', 'PATCH /records/posts/{draft}', { author: '{bob}' }, 403, 'rule_denied', ''],
    ['delete of another’s', 'bob', 'DELETE /records/posts/{published}', undefined, 403, 'rule_denied', ''],
    ['delete by nobody', 'nobody', 'DELETE /records/posts/{published}', undefined, 401, 'unauthenticated', ''],
    ['an id that is none', 'ann', 'GET /records/posts/nope', undefined, 404, 'not_found', ''],
    ['a collection that is not there', 'ann', 'GET /records/nope', undefined, 404, 'not_found', ''],
    ['our own collections', 'ann', 'GET /records/_admins', undefined, 404, 'not_found', ''],
    ['our own collections, by nobody', 'nobody', 'GET /records/_admins', undefined, 401, 'unauthenticated', ''],
    ['a write to our own', 'owner', 'POST /records/_admins', { email: 'x@example.com' }, 400, 'read_only', '/email'],
    ['no JSON', 'ann', 'POST /records/posts', 'nope', 400, 'invalid_request', ''],
    ['an array', 'ann', 'POST /records/posts', [], 400, 'invalid_request', ''],
    ['JSON too deep', 'ann', 'POST /records/posts', `{"title":${'['.repeat(40)}${']'.repeat(40)}}`, 400, 'limit_exceeded', ''],
    ['JSON too wide', 'ann', 'POST /records/posts', `{"title":[${'1,'.repeat(10_001)}1]}`, 400, 'limit_exceeded', ''],
    ['too long', 'ann', 'POST /records/posts', `{"title":"${'x'.repeat(1_100_000)}"}`, 413, 'payload_too_large', ''],
    ['a title too long', 'ann', 'POST /records/posts', { title: 'x'.repeat(201) }, 422, 'validation_failed', '/title'],
    ['email of an account', 'ann', 'PATCH /records/users/{ann}', { email: 'x@example.com' }, 400, 'unknown_field', '/email'],
    ['roles of an account', 'ann', 'PATCH /records/users/{ann}', { roles: ['admin'] }, 400, 'unknown_field', '/roles'],
  ])('%s (%s)', async (_name, caller, request, body, status, code, pointer) => {
    const fill = (text: string): string =>
      text
        .replace('{ann}', ann.id)
        .replace('{bob}', bob.id)
        .replace(/\{(\w+)\}/, (whole, name: string) => ids[name] ?? whole);
    const before = await up.sql('SELECT count(*) AS n, max(version) AS v FROM posts');
    const sent = typeof body === 'string' ? body : body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body)));
    const answer = await up.send(fill(request), { ...who(caller), ...(sent === undefined ? {} : { body: sent }) });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    if (pointer !== '') expect(answer.body.errors[0].pointer).toBe(pointer);
    expect(await up.sql('SELECT count(*) AS n, max(version) AS v FROM posts')).toEqual(before);
  });

  test('another type of body is 415', async () => {
    const { status } = await up.send('POST /records/posts', {
      token: ann.token,
      headers: { 'content-type': 'text/plain' },
      body: '{"title":"x"}',
    });
    expect(status).toBe(415);
  });
});

describe('writes', () => {
  test('a change raises the version, keeps what was not sent and answers the record', async () => {
    const made = await up.send('POST /records/posts', {
      token: ann.token,
      body: { title: 'To change', views: 1, at: '2026-01-31T12:00:00.1239+02:00' },
    });
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('location')).toBe(`/api/v1/records/posts/${made.body.id}`);
    expect(made.body.at).toBe('2026-01-31T10:00:00.123Z');
    const changed = await up.send(`PATCH /records/posts/${made.body.id}`, {
      token: ann.token,
      body: { views: 2 },
      headers: { 'if-match': '"1"' },
    });
    expect(changed.body).toMatchObject({ title: 'To change', views: 2, version: 2, at: '2026-01-31T10:00:00.123Z' });
    const late = await up.send(`PATCH /records/posts/${made.body.id}`, {
      token: ann.token,
      body: { views: 3 },
      headers: { 'if-match': '"1"' },
    });
    expect([late.status, late.body.code]).toEqual([412, 'version_mismatch']);
    expect((await up.send(`GET /records/posts/${made.body.id}`, { token: ann.token })).body.views).toBe(2);
    expect((await up.send(`DELETE /records/posts/${made.body.id}`, { token: ann.token, headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await up.send(`DELETE /records/posts/${made.body.id}`, { token: ann.token })).status).toBe(204);
    expect((await up.send(`GET /records/posts/${made.body.id}`, { token: ann.token })).status).toBe(404);
  });

  test('twenty changes at once all count: none is lost between asking and doing', async () => {
    const made = await up.send('POST /records/posts', { token: ann.token, body: { title: 'At once' } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => up.send(`PATCH /records/posts/${made.body.id}`, { token: ann.token, body: { views: n } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => body.version)).size).toBe(20);
    expect((await up.send(`GET /records/posts/${made.body.id}`, { token: ann.token })).body.version).toBe(21);
  });

  test('of twenty changes of one version at once, one is made', async () => {
    const made = await up.send('POST /records/posts', { token: ann.token, body: { title: 'Once' } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        up.send(`PATCH /records/posts/${made.body.id}`, { token: ann.token, body: { views: n }, headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(412)]);
  });

  test('a rule that looks at the stored row holds for the row as it is when it is locked', async () => {
    const made = await up.send('POST /records/posts', { token: ann.token, body: { title: 'Taken away' } });
    const [held] = await up.sql('SELECT id FROM posts WHERE title = $1', ['Taken away']);
    expect(held?.['id']).toBe(made.body.id);
    // While the change waits for the lock, the record goes to bob: ann's rule must be judged on what bob has.
    const moved = up.sql(`DO $$ BEGIN UPDATE posts SET author = '${bob.id}' WHERE id = '${made.body.id}'; PERFORM pg_sleep(1); END $$`);
    await until(
      'the other writer holds the row',
      async () =>
        (await up.sql(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`)).length === 1,
    );
    const changed = await up.send(`PATCH /records/posts/${made.body.id}`, { token: ann.token, body: { views: 9 } });
    await moved;
    expect(changed.status).toBe(404);
    expect((await up.sql('SELECT views FROM posts WHERE id = $1', [made.body.id]))[0]?.['views']).not.toBe('9');
  });

  test('a write past us keeps version and updated true', async () => {
    const made = await up.send('POST /records/posts', { token: ann.token, body: { title: 'By psql' } });
    await up.sql('UPDATE posts SET views = 7 WHERE id = $1', [made.body.id]);
    const read = await up.send(`GET /records/posts/${made.body.id}`, { token: ann.token });
    expect(read.body).toMatchObject({ views: 7, version: 2 });
    expect(read.body.updated > made.body.updated).toBe(true);
  });

  test('an id that is in use is 409 at /id, whether the record may be seen or not', async () => {
    const answer = await up.send('POST /records/posts', { token: bob.token, body: { id: ids['draft'], title: 'Same id' } });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([409, '/id']);
  });
});

describe('pages', () => {
  beforeAll(async () => {
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'rows',
        fields: [
          { name: 'n', type: 'number' },
          { name: 'word', type: 'text' },
          { name: 'on_day', type: 'day' },
        ],
        rules: { list: 'true' },
      },
    });
    await up.sql(
      `INSERT INTO rows (id, n, word, on_day) SELECT gen_random_uuid(), CASE WHEN i % 5 = 0 THEN NULL ELSE i % 7 END, CASE WHEN i % 3 = 0 THEN NULL ELSE chr(97 + i % 4) || 'é' END, date '2026-01-01' + i % 9 FROM generate_series(1, 53) i`,
    );
  });

  const orders = {
    n: 'n ASC NULLS LAST',
    '-n': 'n DESC NULLS FIRST',
    '-n:last': 'n DESC NULLS LAST',
    word: 'word COLLATE "C"',
    '-word': 'word COLLATE "C" DESC',
    '-created': 'created DESC',
    on_day: 'on_day',
    '-on_day': 'on_day DESC',
  } as const;
  const tie = (key: string): string => (key.startsWith('-') ? 'id DESC' : 'id');

  test.each([['-created'], ['n'], ['-n'], ['-n:last'], ['word,-n'], ['-word,on_day,n'], ['-on_day,word']])(
    'a walk by cursor over sort=%s sees every row once, in the order of SQL, both ways',
    async (sort) => {
      const keys = sort.split(',');
      // cast: the table above names each key that stands in the cases.
      const order = [...keys.map((key) => orders[key as keyof typeof orders]), tie(keys[0] ?? '')].join(', ');
      const expected = (await up.sql(`SELECT id FROM rows ORDER BY ${order}`)).map(({ id }) => id);
      const seen: string[] = [];
      let last: string | null = '';
      let cursor = '';
      for (;;) {
        const { body, status } = await up.send(`GET /records/rows${query({ sort, limit: '10', ...(cursor === '' ? {} : { cursor }) })}`);
        expect(status).toBe(200);
        seen.push(...body.data.map(({ id }: { id: string }) => id));
        last = body.page.prev ?? last;
        if (body.page.next === null) break;
        cursor = body.page.next;
      }
      expect(seen).toEqual(expected);
      const back: string[] = [];
      for (let position = last; position;) {
        const { body } = await up.send(`GET /records/rows${query({ sort, limit: '10', cursor: position })}`);
        back.unshift(...body.data.map(({ id }: { id: string }) => id));
        position = body.page.prev;
      }
      expect(back).toEqual(expected.slice(0, 50));
    },
  );

  test('a cursor serves only the list it was given for', async () => {
    const { body } = await up.send('GET /records/rows?sort=n&limit=5');
    const cursor = body.page.next;
    expect((await up.send(`GET /records/rows${query({ sort: 'n', limit: '5', cursor })}`)).status).toBe(200);
    for (const [name, request, ask] of [
      ['another order', query({ sort: '-n', cursor }), {}],
      ['another filter', query({ sort: 'n', filter: 'n > 1', cursor }), {}],
      ['another caller', query({ sort: 'n', cursor }), { token: ann.token }],
      ['another signature', query({ sort: 'n', cursor: `${cursor.slice(0, -2)}xx` }), {}],
      ['another value', query({ sort: 'n', cursor: `${Buffer.from('[0,"9","x"]').toString('base64url')}.${cursor.split('.')[1]}` }), {}],
    ] as const) {
      const { status, body: refused } = await up.send(`GET /records/rows${request}`, ask);
      expect([name, status, refused.errors[0].pointer]).toEqual([name, 400, '/cursor']);
    }
    expect((await up.send(`GET /records/posts${query({ cursor })}`)).status).toBe(400);
  });

  test.each([
    ['exact', { total: 53, totalIsExact: true }],
    ['10', { total: 10, totalIsExact: false }],
    ['100', { total: 53, totalIsExact: true }],
  ])('count=%s', async (count, expected) => {
    const { body } = await up.send(`GET /records/rows?limit=1&count=${count}`);
    expect(body.page).toMatchObject(expected);
  });

  test('count=none, the default, does not count', async () => {
    expect((await up.send('GET /records/rows?limit=1')).body.page).not.toHaveProperty('total');
  });

  test('page and query by body give what the URL gives', async () => {
    const second = await up.send('GET /records/rows?sort=n&limit=10&page=2');
    const all = await up.send('GET /records/rows?sort=n&limit=20');
    expect(second.body.data).toEqual(all.body.data.slice(10));
    const posted = await up.send('POST /records/rows/query', { body: { sort: ['n'], limit: 20, where: { n: { gt: 2 } } } });
    const got = await up.send(`GET /records/rows${query({ sort: 'n', limit: '20', filter: 'n > $least', 'p.least': '2' })}`);
    expect(posted.body.data).toEqual(got.body.data);
    expect(posted.body.data.length).toBeGreaterThan(5);
  });
});

describe('expand', () => {
  test('shows the record that may be viewed, null where it may not, and keeps the id', async () => {
    const mine = await up.send(`GET /records/posts${query({ filter: 'title == "Published"', expand: 'author' })}`, who('ann'));
    expect(mine.body.data[0]).toMatchObject({ author: ann.id, expand: { author: { id: ann.id, name: 'ann', email: 'ann@example.com' } } });
    const others = await up.send(`GET /records/posts${query({ filter: 'title == "Published"', expand: 'author' })}`, who('bob'));
    expect(others.body.data[0]).toMatchObject({ author: ann.id, expand: { author: null } });
    expect(others.text).not.toContain('ann@example.com');
  });

  test('a hop in a filter or a sort sees only what may be listed', async () => {
    const filter = 'author.name == "ann"';
    expect((await up.send(`GET /records/posts${query({ filter, sort: 'author.name' })}`, who('ann'))).body.data.length).toBeGreaterThan(0);
    expect((await up.send(`GET /records/posts${query({ filter, sort: 'author.name' })}`, who('bob'))).body.data).toEqual([]);
  });

  test('a masked value answers no filter', async () => {
    const filter = 'secret.startsWith("of")';
    expect((await up.send(`GET /records/posts${query({ filter })}`, who('ann'))).body.data).toHaveLength(1);
    expect((await up.send(`GET /records/posts${query({ filter })}`, who('bob'))).body.data).toEqual([]);
    expect(
      (await up.send(`GET /records/posts${query({ filter: 'secret == null && title == "Published"' })}`, who('bob'))).body.data,
    ).toHaveLength(1);
  });
});

describe('how long each step took', () => {
  const names = (header: string | null): readonly string[] => (header ?? '').split(', ').map((part) => part.split(';dur=')[0] ?? '');
  const read = ['parse', 'policy', 'plan', 'sql', 'serialize'];
  const write = ['values', 'policy', 'plan', 'write'];
  test.each([
    ['GET /records/posts', undefined, read],
    ['POST /records/posts/aggregate', { select: { n: 'count()' } }, read],
    ['PATCH /records/posts/:published', { views: 4 }, write],
    [
      'POST /batch',
      { operations: [1, 2].map((n) => ({ op: 'update', collection: 'posts', id: ':published', data: { views: n } })) },
      write,
    ],
  ])('%s tells an admin, and nobody else', async (request, body, steps) => {
    const named = (text: string): string => text.replaceAll(':published', ids['published'] ?? '');
    const sent = body && { body: JSON.parse(named(JSON.stringify(body))) };
    const told = await up.send(named(request), { token: up.owner, ...sent });
    expect([told.status, names(told.headers.get('server-timing'))]).toEqual([200, steps]);
    for (const caller of [ann, { token: undefined }]) {
      const untold = await up.send(named(request), { ...(caller.token === undefined ? {} : { token: caller.token }), ...sent });
      expect(untold.headers.get('server-timing')).toBeNull();
    }
  });
});
