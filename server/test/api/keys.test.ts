/** API keys: who makes them, what they are good for and when they end; a filter narrows them at every door. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownerEmail, password, query, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };

const posts = {
  name: 'posts',
  fields: [
    { name: 'title', type: 'text', searchable: 'A' },
    { name: 'views', type: 'number', integer: true, default: 0 },
    { name: 'team', type: 'text' },
    { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
  ],
  rules: { list: 'true', create: 'true', update: 'true', delete: 'true' },
};
const comments = {
  name: 'comments',
  fields: [
    { name: 'text', type: 'text' },
    { name: 'post', type: 'relation', to: 'posts', inverse: 'comments' },
    { name: 'posts', type: 'relation', to: 'posts', many: true },
  ],
  rules: { list: 'true', create: 'true', update: 'true', delete: 'true' },
};
const every = ['list', 'view', 'create', 'update', 'delete'];

const make = (body: Record<string, unknown>) =>
  up.send('POST /records/_api_keys', { token: up.owner, body: { name: 'k', scopes: [], ...body } });
async function key(scopes: readonly unknown[], more: Record<string, unknown> = {}): Promise<{ id: string; key: string }> {
  const { status, body, text } = await make({ scopes, ...more });
  if (status !== 201) throw new Error(text);
  return body;
}

beforeAll(async () => {
  up = await startTestApp();
  for (const body of [posts, comments]) expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  ann = await up.account('ann');
  bob = await up.account('bob');
});
afterAll(() => up.close());

const reading = [{ on: 'records:posts', actions: ['list', 'view'] }];
const statusOf = async (token: string, headers: Record<string, string> = {}): Promise<number> =>
  (await up.send('GET /records/posts', { token, headers })).status;
const becomes = (token: string, status: number) => until(`it answers ${status}`, async () => (await statusOf(token)) === status);

describe('a key is made', () => {
  test('once, is shown once, and is a hash at rest', async () => {
    const { status, body } = await make({ name: 'shop', scopes: reading, addresses: ['127.0.0.1', '10.0.0.0/8'], rate: 50 });
    expect([status, body.name, body.kind, body.owner, body.rate, body.forward, body.disabled]).toEqual([
      201,
      'shop',
      'service',
      null,
      50,
      false,
      false,
    ]);
    expect(body.key).toMatch(/^upk_[0-9a-f]{8}_[\w-]{43}$/);
    expect(body.prefix).toBe(body.key.slice(0, 12));
    expect(body.addresses).toEqual(['127.0.0.1/32', '10.0.0.0/8']);
    expect(body.scopes).toEqual([{ on: 'records:posts', actions: ['list', 'view'], collection: expect.any(String) }]);
    const read = await up.send(`GET /records/_api_keys/${body.id}`, { token: up.owner });
    expect({ ...read.body, key: body.key }).toEqual(body);
    const secret = body.key.slice(13);
    const everything = JSON.stringify([
      await up.sql(`SELECT to_jsonb(k) || jsonb_build_object('hash', encode(hash, 'escape')) AS k FROM underpin.api_keys k`),
      await up.sql('SELECT * FROM underpin.audit'),
      await up.sql('SELECT * FROM underpin.idempotency'),
    ]);
    expect(everything).not.toContain(secret);
    const [audited] = await up.sql(`SELECT actor, before, after FROM underpin.audit WHERE action = 'key.created' AND target = $1`, [
      `_api_keys:${body.id}`,
    ]);
    expect([audited?.['before'], Object.keys(audited?.['after'] ?? {}).sort()]).toEqual([
      null,
      ['addresses', 'disabled', 'expires', 'forward', 'kind', 'name', 'owner', 'prefix', 'rate', 'scopes'],
    ]);
  });

  test('twice where it is asked twice, whatever the idempotency key: the answer is not kept', async () => {
    const ask = () =>
      up.send('POST /records/_api_keys', {
        token: up.owner,
        body: { name: 'n', scopes: [] },
        headers: { 'idempotency-key': 'the same one here' },
      });
    expect((await ask()).body.key).not.toBe((await ask()).body.key);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no name', { name: undefined }, '/name'],
    ['an unknown member', { nope: 1 }, '/nope'],
    ['our own collections', { scopes: [{ on: 'records:_admins', actions: ['list'] }] }, '/scopes/0/on'],
    ['keys', { scopes: [{ on: 'records:_api_keys', actions: ['create'] }] }, '/scopes/0/on'],
    ['what there is not', { scopes: [{ on: 'records:nope', actions: ['list'] }] }, '/scopes/0/on'],
    ['accounts as records', { scopes: [{ on: 'records:users', actions: ['view'] }] }, '/scopes/0/on'],
    ['a door of another name', { scopes: [{ on: 'constructor', actions: ['read'] }] }, '/scopes/0/on'],
    ['another action', { scopes: [{ on: 'records:posts', actions: ['view', 'read'] }] }, '/scopes/0/actions/1'],
    ['no action', { scopes: [{ on: 'records:posts', actions: [] }] }, '/scopes/0/actions'],
    ['a change of what may not be viewed', { scopes: [{ on: 'records:posts', actions: ['update'] }] }, '/scopes/0/actions'],
    ['one thing twice', { scopes: [...reading, ...reading] }, '/scopes/1/on'],
    ['a filter that means nothing', { scopes: [{ ...reading[0], filter: 'nope == 1' }] }, '/scopes/0/filter'],
    ['a filter that is no condition', { scopes: [{ ...reading[0], filter: 'title' }] }, '/scopes/0/filter'],
    ['a filter of a door', { scopes: [{ on: 'schema', actions: ['read'], filter: 'true' }] }, '/scopes/0/filter'],
    [
      'a door for an account',
      { scopes: [{ on: 'schema', actions: ['read'] }], account: { collection: 'users', id: 'ANN' } },
      '/scopes/0/on',
    ],
    ['no network', { addresses: ['10.0.0.0/33'] }, '/addresses/0'],
    ['no moment', { expires: 'tomorrow' }, '/expires'],
    ['no rate', { rate: 0 }, '/rate'],
    ['an account that is none', { account: { collection: 'users', id: '01a20080-0000-7000-8000-000000000000' } }, '/account'],
    ['an admin', { account: { collection: '_admins', id: 'OWNER' } }, '/account'],
  ])('with %s is refused', async (_name, body, pointer) => {
    const [{ id: owner } = {}] = await up.sql('SELECT id FROM underpin.admins');
    const sent = JSON.parse(JSON.stringify(body).replace('"ANN"', JSON.stringify(ann.id)).replace('"OWNER"', JSON.stringify(owner)));
    const before = await up.sql('SELECT count(*) FROM underpin.api_keys');
    const answer = await up.send('POST /records/_api_keys', {
      token: up.owner,
      body: { scopes: [], ...('name' in body ? {} : { name: 'k' }), ...sent },
    });
    expect([answer.body.errors?.[0]?.pointer, answer.status]).toEqual([pointer, pointer === '/account' ? 422 : 400]);
    expect(await up.sql('SELECT count(*) FROM underpin.api_keys')).toEqual(before);
  });

  test('by owners and admins who signed in within ten minutes, and by nobody else', async () => {
    const id = '01a20080-0000-7000-8000-00000000000b';
    await up.sql(
      `INSERT INTO underpin.admins (id, created, updated, email, role) VALUES ($1, now(), now(), 'viewer@example.com', 'viewer')`,
      [id],
    );
    await up.sql(
      `INSERT INTO underpin.credentials SELECT collection, $1, password_hash, changed FROM underpin.credentials WHERE account = (SELECT id FROM underpin.admins WHERE email = $2)`,
      [id, ownerEmail],
    );
    const viewer = (await up.send('POST /auth/_admins/sign-in', { body: { email: 'viewer@example.com', password } })).body.accessToken;
    const there = await key([]);
    const doors: [string, unknown][] = [
      ['POST /records/_api_keys', { name: 'k', scopes: [] }],
      [`PATCH /records/_api_keys/${there.id}`, { name: 'other' }],
      [`POST /records/_api_keys/${there.id}/rotate`, {}],
      [`DELETE /records/_api_keys/${there.id}`, undefined],
    ];
    for (const [request, body] of doors) {
      const send = async (token?: string) =>
        (await up.send(request, { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }) })).body;
      expect([request, (await send()).status, (await send(ann.token)).status, (await send(viewer)).status]).toEqual([
        request,
        401,
        404,
        403,
      ]);
    }
    expect((await up.send('GET /records/_api_keys', { token: viewer })).status).toBe(200);
    const { body: session } = await up.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } });
    up.ahead = 601_000;
    const token = (await up.send('POST /auth/_admins/refresh', { body: { refreshToken: session.refreshToken } })).body.accessToken;
    for (const [request, body] of doors) {
      const answer = await up.send(request, { token, ...(body === undefined ? {} : { body }) });
      expect([request, answer.status, answer.body.code]).toEqual([request, 403, 'proof_required']);
    }
    expect((await up.send('GET /records/_api_keys', { token })).status).toBe(200);
    up.ahead = 0;
  });
});

describe('a key ends', () => {
  test.each<[string, (id: string) => Promise<unknown>]>([
    ['disabled', (id) => up.send(`PATCH /records/_api_keys/${id}`, { token: up.owner, body: { disabled: true } })],
    ['deleted', (id) => up.send(`DELETE /records/_api_keys/${id}`, { token: up.owner })],
    ['rotated', (id) => up.send(`POST /records/_api_keys/${id}/rotate`, { token: up.owner, body: {} })],
    ['disabled by hand', (id) => up.sql('UPDATE underpin.api_keys SET disabled = true WHERE id = $1', [id])],
  ])('when it is %s, though it was remembered', async (_name, end) => {
    const { id, key: token } = await key(reading);
    expect(await statusOf(token)).toBe(200);
    await end(id);
    await becomes(token, 401);
  });

  test('when it expires', async () => {
    const { key: token } = await key(reading, { expires: new Date(Date.now() + 60_000).toISOString() });
    expect(await statusOf(token)).toBe(200);
    up.ahead = 61_000;
    expect(await statusOf(token)).toBe(401);
    up.ahead = 0;
  });

  test('with the overlap of its rotation, and the new one goes on', async () => {
    const { id, key: old } = await key(reading);
    const turned = await up.send(`POST /records/_api_keys/${id}/rotate`, { token: up.owner, body: { overlap: 60 } });
    expect([turned.status, turned.body.id, turned.body.key === old]).toEqual([200, id, false]);
    expect([await statusOf(old), await statusOf(turned.body.key)]).toEqual([200, 200]);
    up.ahead = 61_000;
    expect([await statusOf(old), await statusOf(turned.body.key)]).toEqual([401, 200]);
    up.ahead = 0;
  });

  test('with its account', async () => {
    const gone = await up.account('gone');
    const { key: token } = await key(reading, { account: { collection: 'users', id: gone.id } });
    expect(await statusOf(token)).toBe(200);
    await up.send(`PATCH /records/users/${gone.id}`, { token: up.owner, body: { disabled: true } });
    await becomes(token, 401);
    await up.send(`PATCH /records/users/${gone.id}`, { token: up.owner, body: { disabled: false } });
    await becomes(token, 200);
    await up.send(`DELETE /records/users/${gone.id}`, { token: up.owner });
    await becomes(token, 401);
  });

  test('what is narrowed is narrow at once, and all is in the audit', async () => {
    const { id, key: token } = await key(reading);
    expect(await statusOf(token)).toBe(200);
    expect((await up.send(`PATCH /records/_api_keys/${id}`, { token: up.owner, body: { scopes: [] } })).body.scopes).toEqual([]);
    await becomes(token, 404);
    const rows = await up.sql(
      `SELECT action, before->'scopes' AS before, after->'scopes' AS after FROM underpin.audit WHERE target = $1 ORDER BY id`,
      [`_api_keys:${id}`],
    );
    expect(rows.map(({ action }) => action)).toEqual(['key.created', 'key.changed']);
    expect([rows[1]?.['before'], rows[1]?.['after']]).toEqual([expect.arrayContaining([expect.anything()]), []]);
  });

  test('every refusal is the same', async () => {
    const { key: elsewhere } = await key(reading, { addresses: ['10.1.2.3', 'fd00::/8'] });
    const { key: expired } = await key(reading, { expires: '2020-01-01T00:00:00Z' });
    const { id, key: disabled } = await key(reading);
    await up.send(`PATCH /records/_api_keys/${id}`, { token: up.owner, body: { disabled: true } });
    const { key: real } = await key(reading);
    const answers = [];
    for (const token of [
      elsewhere,
      expired,
      disabled,
      `upk_00000000_${real.slice(13)}`,
      real.slice(0, -1),
      real.slice(0, 12),
      `${real}A`,
      real.toUpperCase(),
      'upk_',
    ]) {
      const { status, body, headers } = await up.send('GET /records/posts', { token });
      answers.push(JSON.stringify([status, { ...body, requestId: '' }, headers.get('www-authenticate')]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^\[401,/);
    expect(await statusOf(real)).toBe(200);
  });
});

test('when it was used last is noted once a minute', async () => {
  const { id, key: token } = await key(reading);
  const used = async () => (await up.sql('SELECT last_used, version FROM underpin.api_keys WHERE id = $1', [id]))[0];
  expect((await used())?.['last_used']).toBeNull();
  await statusOf(token);
  await until('it is noted', async () => (await used())?.['last_used'] !== null);
  const first = await used();
  await Promise.all(Array.from({ length: 20 }, () => statusOf(token)));
  expect(await used()).toEqual(first);
  up.ahead = 61_000;
  await statusOf(token);
  await until('it is noted again', async () => String((await used())?.['last_used']) !== String(first?.['last_used']));
  up.ahead = 0;
});

test('who is asking: nobody for a service key, the account for one of its own, and rules know that it is a key', async () => {
  const marked = { name: 'marked', fields: [{ name: 'text', type: 'text' }], rules: { list: 'has(auth.key.id)' } };
  expect((await up.send('POST /collections', { token: up.owner, body: marked })).status).toBe(201);
  const scopes = [
    { on: 'records:posts', actions: every },
    { on: 'records:marked', actions: ['list', 'view'] },
    { on: 'accounts:users', actions: ['view'] },
  ];
  const service = await key(scopes);
  const own = await key(scopes, { account: { collection: 'users', id: ann.id } });
  const by = async (token: string) => [
    (await up.send('POST /records/posts', { token, body: { title: 'by' } })).body.author,
    (await up.send('GET /records/marked', { token })).status,
  ];
  expect(await by(service.key)).toEqual([null, 200]);
  expect(await by(own.key)).toEqual([ann.id, 200]);
  expect(await by(ann.token)).toEqual([ann.id, 404]);
});

describe('a filter', () => {
  const own = new Set<string>();
  let token = '';
  let theirs = '';
  beforeAll(async () => {
    await up.send('POST /records/posts/delete', { token: up.owner, body: { filter: 'true' } });
    for (let n = 0; n < 6; n++) {
      const { body } = await up.send('POST /records/posts', {
        token: up.owner,
        body: { title: `night ${n}`, views: n, team: n % 2 === 0 ? 'a' : 'b' },
      });
      if (n % 2 === 0) own.add(body.id);
      else theirs = body.id;
      await up.send('POST /records/comments', { token: up.owner, body: { text: `c${n}`, post: body.id, posts: [body.id] } });
    }
    ({ key: token } = await key([
      { on: 'records:posts', actions: every, filter: `team == 'a'` },
      { on: 'records:comments', actions: every },
    ]));
  });
  const ids = (records: { id: string }[]): Set<string> => new Set(records.map(({ id }) => id));

  test('leaves the same records at every door that reads', async () => {
    const get = (path: string) => up.send(`GET /records/${path}`, { token });
    const list = await get('posts?count=exact');
    expect([ids(list.body.data), list.body.page.total]).toEqual([own, 3]);
    expect((await get('posts?count=estimated')).body.page.total).toBe(3);
    expect(ids((await get(`posts${query({ search: 'night' })}`)).body.data)).toEqual(own);
    expect(ids((await get(`posts${query({ search: 'nihgt' })}`)).body.data).size).toBeLessThanOrEqual(3);
    const aggregated = await up.send('POST /records/posts/aggregate', {
      token,
      body: { group: ['team'], select: { n: 'count()', v: 'sum(views)' } },
    });
    expect(aggregated.body.data).toEqual([{ team: 'a', n: 3, v: 6 }]);
    const exported = await get('posts/export?format=ndjson&sort=title');
    expect(
      ids(
        exported.text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    ).toEqual(own);
    const statuses = await Promise.all([...own, theirs].map(async (id) => (await get(`posts/${id}`)).status));
    expect(statuses).toEqual([200, 200, 200, 404]);
    const expanded = (await get('comments?expand=post,posts')).body.data as {
      expand: { post: { id: string } | null; posts: { id: string }[] };
    }[];
    expect(ids(expanded.flatMap(({ expand: { post } }) => (post === null ? [] : [post])))).toEqual(own);
    expect(ids(expanded.flatMap(({ expand }) => expand.posts))).toEqual(own);
    expect((await get(`comments${query({ filter: 'post.views >= 0', count: 'exact' })}`)).body.page.total).toBe(3);
    expect((await get(`comments${query({ filter: 'posts.exists(p, p.views >= 0)', count: 'exact' })}`)).body.page.total).toBe(3);
    const back = await get('posts?expand=comments&sort=title');
    expect(back.body.data.map((one: { expand: { comments: unknown[] } }) => one.expand.comments.length)).toEqual([1, 1, 1]);
  });

  test('holds for what is written: nothing is taken from outside, and nothing is put there', async () => {
    const mine = [...own][0] ?? '';
    const send = async (request: string, body?: unknown) =>
      (await up.send(request, { token, ...(body === undefined ? {} : { body }) })).body;
    const before = await up.sql('SELECT id, version, team FROM posts ORDER BY id');
    expect((await send('POST /records/posts', { title: 'x', team: 'b' })).code).toBe('rule_denied');
    expect((await send('POST /records/posts', { title: 'x' })).code).toBe('rule_denied');
    expect((await send(`PATCH /records/posts/${mine}`, { team: 'b' })).code).toBe('rule_denied');
    expect((await send(`PATCH /records/posts/${theirs}`, { team: 'a' })).code).toBe('not_found');
    expect((await send(`DELETE /records/posts/${theirs}`)).code).toBe('not_found');
    expect((await send('POST /records/posts?onConflict=id', { id: theirs, team: 'a' })).code).toBe('unique_violation');
    expect((await send('POST /records/posts/update', { filter: 'true', data: { team: 'b' } })).code).toBe('rule_denied');
    expect((await send('POST /records/comments', { post: theirs })).code).toBe('reference_violation');
    expect((await send('POST /records/comments', { posts: [theirs] })).code).toBe('reference_violation');
    for (const operation of [
      { op: 'create', data: { team: 'b' } },
      { op: 'update', id: theirs, data: { title: 'x' } },
      { op: 'update', id: mine, data: { team: 'b' } },
      { op: 'delete', id: theirs },
    ])
      expect((await send('POST /batch', { operations: [{ collection: 'posts', ...operation }] })).status).toBeGreaterThanOrEqual(400);
    const many = [0, 1, 2].map((n) => ({ op: 'create', collection: 'posts', data: { title: `m${n}`, team: n === 2 ? 'b' : 'a' } }));
    expect((await send('POST /batch', { operations: many })).code).toBe('rule_denied');
    expect(await up.sql('SELECT id, version, team FROM posts ORDER BY id')).toEqual(before);
    expect(await send('POST /records/posts/update', { filter: 'true', data: { title: 'night' } })).toEqual({ count: 3 });
    expect((await send('POST /records/posts', { title: 'x', team: 'a' })).version).toBe(1);
    expect(await send('POST /records/posts/delete', { filter: 'title == "x"' })).toEqual({ count: 1 });
    expect(await up.sql(`SELECT count(*)::int AS n FROM posts WHERE team = 'b' AND version = 1`)).toEqual([{ n: 3 }]);
  });

  test('of another key is another, though both ask the same', async () => {
    const others = await key([{ on: 'records:posts', actions: every, filter: 'team == "b"' }]);
    const ofAnn = await key([{ on: 'records:posts', actions: every, filter: 'author == auth.id' }], {
      account: { collection: 'users', id: ann.id },
    });
    const ofBob = await key([{ on: 'records:posts', actions: every, filter: 'author == auth.id' }], {
      account: { collection: 'users', id: bob.id },
    });
    for (let round = 0; round < 4; round++) {
      const totals: unknown[] = [];
      for (const asked of [token, others.key, ofAnn.key, ofBob.key, up.owner])
        totals.push((await up.send('GET /records/posts?count=exact&limit=1', { token: asked })).body.page.total);
      expect(totals).toEqual([3, 3, 1, 0, 7].map((n, index) => (index === 2 || index === 4 ? totals[index] : n)));
      expect(totals[2]).toBeLessThan(Number(totals[4]));
    }
    const cursor = (await up.send('GET /records/posts?limit=1', { token })).body.page.next;
    expect((await up.send(`GET /records/posts?limit=1&cursor=${cursor}`, { token })).status).toBe(200);
    expect((await up.send(`GET /records/posts?limit=1&cursor=${cursor}`, { token: others.key })).status).toBe(400);
  });

  test('follows what it names through renames, and nothing that takes the name later', async () => {
    const rules = { list: 'true' };
    const fields = [{ name: 'kind', type: 'text' }];
    await up.send('POST /collections', { token: up.owner, body: { name: 'moved', fields, rules } });
    await up.send('POST /records/moved', { token: up.owner, body: { kind: 'a' } });
    await up.send('POST /records/moved', { token: up.owner, body: { kind: 'b' } });
    const { id, key: narrow } = await key([{ on: 'records:moved', actions: ['list', 'view'], filter: 'kind == "a"' }]);
    const { key: open } = await key([{ on: 'records:moved', actions: ['list', 'view'] }]);
    const total = async (name: string, asked: string) => {
      const { status, body } = await up.send(`GET /records/${name}?count=exact`, { token: asked });
      return status === 200 ? body.page.total : status;
    };
    const change = async (name: string, body: unknown) =>
      expect((await up.send(`PATCH /collections/${name}`, { token: up.owner, body })).status).toBe(200);
    const scope = async () => (await up.send(`GET /records/_api_keys/${id}`, { token: up.owner })).body.scopes[0];
    expect([await total('moved', narrow), await total('moved', open)]).toEqual([1, 2]);
    await change('moved', { name: 'moved_on' });
    await up.send('POST /collections', { token: up.owner, body: { name: 'moved', fields, rules } });
    expect([await total('moved_on', narrow), await total('moved_on', open), await total('moved', open)]).toEqual([1, 2, 404]);
    const [field] = (await up.send('GET /collections/moved_on', { token: up.owner })).body.fields;
    await change('moved_on', { fields: [{ ...field, name: 'sort_of' }] });
    await change('moved_on', {
      fields: [
        { ...field, name: 'sort_of' },
        { name: 'kind', type: 'text', default: 'a' },
      ],
    });
    expect(await scope()).toMatchObject({ on: 'records:moved_on', filter: 'sort_of == "a"' });
    expect(await total('moved_on', narrow)).toBe(1);
    // Without the field the filter means nothing: then nothing is let through.
    const drop = { fields: [{ name: 'kind', type: 'text' }] };
    const asked = await up.send('PATCH /collections/moved_on', { token: up.owner, body: drop });
    await change('moved_on', { ...drop, confirm: asked.body.plan.hash });
    expect([await total('moved_on', narrow), await total('moved_on', open)]).toEqual([404, 2]);
  });
});
