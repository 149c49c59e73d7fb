/** What else records can do, and batches: what goes over the wire, and what must not. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient, filter } from '../src/index.ts';
import type { Client } from '../src/index.ts';
import type { Untyped } from '../src/types.ts';
import { failure, localServer } from './local-server.ts';
import type { Answer } from './local-server.ts';

const local = localServer();
const { seen } = local;
let url: string;
let up: Client<Untyped>;
let answer: Answer;
beforeEach(async () => {
  url = await local.start((request, nth) => answer(request, nth));
  up = createClient({ url });
});
afterEach(() => local.stop());

interface Row {
  readonly id: string;
  readonly created: string;
  readonly text: string;
}
interface Small {
  readonly users: { row: Row; create: object; update: object; one: object; many: { comments: 'comments' } };
  readonly comments: { row: Row; create: object; update: object; one: { post: 'users' }; many: object };
}

const page = { data: [{ id: 'a' }], page: { limit: 30, next: null, prev: null } };

test('measures go as text, and an aggregate is a read: no key, and tried again', async () => {
  answer = (_request, nth) =>
    nth === 1 ? { status: 503, headers: { 'Retry-After': '0' } } : { body: { data: [{ status: 'draft', n: 2 }] } };
  const posts = up.collection('posts');
  const answered = await posts.aggregate({
    group: ['status', { field: 'created', by: 'month', tz: 'Europe/Berlin', as: 'month' }],
    select: { n: { count: true }, b: { count: 'body' }, d: { countDistinct: 'author' }, s: { sum: 'views' }, m: { max: 'created' } },
    filter: filter`views > ${3}`,
    having: 'n > 1',
    sort: ['-n', 'month'],
    limit: 5,
  });
  expect(answered).toEqual({ data: [{ status: 'draft', n: 2 }] });
  expect(seen).toHaveLength(2);
  expect(seen[1]).toMatchObject({ method: 'POST', url: '/api/v1/records/posts/aggregate' });
  expect(seen[1]?.headers['idempotency-key']).toBeUndefined();
  expect(seen[1]?.body).toEqual({
    group: ['status', { field: 'created', by: 'month', tz: 'Europe/Berlin', as: 'month' }],
    select: { n: 'count()', b: 'count(body)', d: 'countDistinct(author)', s: 'sum(views)', m: 'max(created)' },
    filter: 'views > $v0',
    params: { v0: 3 },
    having: 'n > 1',
    sort: ['-n', 'month'],
    limit: 5,
  });
});

test('a batch says ids as references, names only what is referred to, and gives back the records', async () => {
  answer = () => ({ body: { results: [{ id: 'o1', total: 3 }, { id: 'l1' }, null, { id: 'l2', version: 2 }, { id: 'u' }] } });
  const made = await up.batch((tx) => {
    const order = tx.collection('orders').create({ total: 3, version: 9 });
    const lines = [tx.collection('lines').create({ order: order.id, tags: [order.id] })];
    tx.collection('lines').delete('l9', { ifVersion: 4 });
    lines.push(tx.collection('lines').update('l2', { order: order.id }, { ifVersion: 1 }));
    tx.collection('orders').upsert({ slug: 'x' }, { onConflict: ['slug'] });
    return { order, lines, id: order.id, note: 'kept', when: new Date(0) };
  });
  expect(made).toEqual({
    order: { id: 'o1', total: 3 },
    lines: [{ id: 'l1' }, { id: 'l2', version: 2 }],
    ...{ id: 'o1', note: 'kept', when: new Date(0) },
  });
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/api/v1/batch' });
  expect(String(seen[0]?.headers['idempotency-key']).length).toBeGreaterThanOrEqual(16);
  expect(seen[0]?.body).toEqual({
    operations: [
      { op: 'create', collection: 'orders', as: 'op0', data: { total: 3 } },
      { op: 'create', collection: 'lines', data: { order: { $ref: 'op0.id' }, tags: [{ $ref: 'op0.id' }] } },
      { op: 'delete', collection: 'lines', id: 'l9', ifVersion: 4 },
      { op: 'update', collection: 'lines', id: 'l2', data: { order: { $ref: 'op0.id' } }, ifVersion: 1 },
      { op: 'upsert', collection: 'orders', data: { slug: 'x' }, onConflict: ['slug'] },
    ],
  });
});

test('a batch that fails says where, is repeated with the same key, and an empty one asks nothing', async () => {
  const errors = [{ pointer: '/operations/3/data/title', code: 'too_long', message: 'x' }];
  answer = (_request, nth) => (nth === 1 ? { drop: true } : { status: 422, body: { code: 'validation_failed', errors } });
  const error = await failure(up.batch((tx) => tx.collection('posts').create({})));
  expect(error.fields[0]?.pointer).toBe('/operations/3/data/title');
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(await up.batch(() => ({ nothing: 1 }))).toEqual({ nothing: 1 });
  expect(seen).toHaveLength(2);
});

test('a batch refuses what would silently be wrong, before anything is sent', async () => {
  await expect(up.batch((tx) => ({ text: `${tx.collection('a').create({}).id}` }))).rejects.toThrow(TypeError);
  await expect(up.batch((tx) => Promise.resolve(tx.collection('a').create({})))).rejects.toThrow(/may not be async/);
  await expect(up.batch((tx) => Array.from({ length: 201 }, () => tx.collection('a').create({})))).rejects.toThrow(RangeError);
  let later: (() => unknown) | undefined;
  await up.batch((tx) => {
    later = () => tx.collection('a').create({});
  });
  expect(later).toThrow(/has been sent/);
  expect(seen).toHaveLength(0);
});

test('all that match: the condition and the change, with a key', async () => {
  answer = () => ({ body: { count: 2 } });
  const posts = up.collection('posts');
  expect(
    await posts.updateWhere({ where: { status: 'draft' }, filter: filter`a == ${1}` }, { views: { $inc: 1 }, id: 'x', _more: [] }),
  ).toEqual({
    count: 2,
  });
  await posts.deleteWhere({ filter: 'a == $a', params: { a: 'x' } });
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /api/v1/records/posts/update',
    'POST /api/v1/records/posts/delete',
  ]);
  expect(seen[0]?.body).toEqual({ where: { status: 'draft' }, filter: 'a == $v0', params: { v0: 1 }, data: { views: { $inc: 1 } } });
  expect(seen[1]?.body).toEqual({ filter: 'a == $a', params: { a: 'x' } });
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
});

test('a condition that is missing never means all', async () => {
  const posts = up.collection('posts');
  // @ts-expect-error the compiler refuses it too
  await expect(posts.updateWhere({}, { a: 1 })).rejects.toThrow(/filter: "true" means all/);
  // @ts-expect-error the compiler refuses it too
  await expect(posts.deleteWhere({ params: { a: 1 } })).rejects.toThrow(TypeError);
  await expect(posts.deleteWhere({ where: {} })).rejects.toThrow(TypeError);
  await expect(posts.deleteWhere({ filter: '' })).rejects.toThrow(TypeError);
  const lost: string | undefined = undefined;
  await expect(posts.deleteWhere({ where: { a: lost } })).rejects.toThrow(TypeError);
  expect(seen).toHaveLength(0);
});

test('search, highlights and rights are parameters of a list', async () => {
  answer = () => ({ body: page });
  const posts = up.collection('posts');
  await posts.search('night train', { highlight: true, can: ['update', 'delete'], limit: 3 });
  await posts.list({ search: 'x', sort: ['created'], where: { a: 1 }, highlight: true, can: ['update'] });
  expect(seen[0]?.url).toBe('/api/v1/records/posts?highlight=1&sort=-_rank&can=update%2Cdelete&limit=3&search=night+train');
  expect(seen[1]?.body).toEqual({ search: 'x', sort: ['created'], where: { a: 1 }, highlight: true, can: ['update'] });
});

test('expansions with settings go in a body, or in the URL of one record', async () => {
  answer = () => ({ body: page });
  const users = createClient<Small>({ url }).collection('users');
  const expand = { comments: { fields: ['text'], expand: { post: true }, limit: 3, sort: ['-created'], filter: 'text != ""' } } as const;
  await users.list({ expand: { comments: { ...expand.comments, where: { text: 'x' } } } });
  expect(seen[0]?.body).toEqual({ expand: { comments: { ...expand.comments, where: { text: 'x' } } } });
  await users.get('u', { expand });
  expect(decodeURIComponent(seen[1]?.url ?? '')).toBe(
    '/api/v1/records/users/u?expand.comments.fields=text&expand.comments.limit=3&expand.comments.sort=-created&expand.comments.filter=text+!=+""&expand=comments,comments.post',
  );
  await users.get('u', { can: ['update', 'delete'] });
  expect(decodeURIComponent(seen[2]?.url ?? '')).toBe('/api/v1/records/users/u?can=update,delete');
  expect(() => users.get('u', { expand: { comments: { where: { text: 'x' } } } })).toThrow(/needs list\(\)/);
});

test('an export is a stream that is read as it comes, and ends with the signal', async () => {
  answer = () => ({ pieces: ['id,title\n', 'a,x\n'], headers: { 'Content-Type': 'text/csv' } });
  const controller = new AbortController();
  const query = { format: 'csv', filter: filter`views > ${3}`, sort: ['-created'], fields: ['title'] } as const;
  // Two of the same: a stream has one reader, so neither is shared with the other.
  const [stream, other] = await Promise.all(
    [1, 2].map(() => up.collection('posts').export(query, { signal: controller.signal, timeoutMs: 300 })),
  );
  await other?.cancel();
  const reader = stream?.getReader();
  let text = '';
  while (reader && !text.endsWith('a,x\n')) text += new TextDecoder().decode((await reader.read()).value);
  expect(text).toBe('id,title\na,x\n');
  expect(decodeURIComponent(seen[0]?.url ?? '')).toBe(
    '/api/v1/records/posts/export?fields=title&format=csv&sort=-created&filter=views+>+$v0&p.v0=3',
  );
  expect(seen).toHaveLength(2);
  controller.abort();
  await expect(reader?.read()).rejects.toMatchObject({ code: 'aborted' });
});

test('an export that is refused is an error like any other, and one that no URL can say is refused here', async () => {
  answer = () => ({ status: 403, body: { code: 'forbidden', detail: 'No' } });
  const posts = up.collection('posts');
  expect(await failure(posts.export({ format: 'ndjson' }))).toMatchObject({ code: 'forbidden', message: 'No' });
  await expect(posts.export({ format: 'json', filter: filter`a in ${['x']}` })).rejects.toThrow(TypeError);
  expect(seen).toHaveLength(1);
});
