/** The client against a real server on this machine: what goes over the wire, how often, and with which headers. */
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient, filter } from '../src/index.ts';
import { failure, localServer } from './local-server.ts';
import type { Answer, Reply } from './local-server.ts';

const local = localServer();
const { seen } = local;
let url: string;
let answer: Answer;
beforeEach(async () => {
  url = await local.start((request, nth) => answer(request, nth));
});
afterEach(() => local.stop());

const page = { data: [{ id: 'a' }], page: { limit: 30, next: null, prev: null, total: 7 } };
const session = (n: number, livesMs: number): object => ({
  record: { id: 'u' },
  accessToken: `access${n}`,
  refreshToken: `refresh${n}`,
  expiresAt: new Date(Date.now() + livesMs).toISOString(),
});
test('a write is tried again with the same idempotency key', async () => {
  answer = (_request, nth) => (nth === 1 ? { drop: true } : nth === 2 ? { status: 503 } : { status: 201, body: { id: 'a' } });
  expect(await createClient({ url }).collection('posts').create({ title: 'x' })).toEqual({ id: 'a' });
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(String(seen[0]?.headers['idempotency-key']).length).toBeGreaterThanOrEqual(16);
  expect(seen[0]?.headers['x-underpin-client']).toMatch(/^js\//);
});

test('two writes have two keys, and a read has none', async () => {
  answer = () => ({ body: page });
  const posts = createClient({ url }).collection('posts');
  await posts.create({});
  await posts.delete('a');
  await posts.list();
  await posts.list({ where: { title: 'x' } });
  const keys = seen.map(({ headers }) => headers['idempotency-key']);
  expect(keys[0]).not.toBe(keys[1]);
  expect(keys.map((key) => key !== undefined)).toEqual([true, true, false, false]);
});

test('what will stay refused is not tried again, and says why', async () => {
  answer = () => ({
    status: 422,
    body: { code: 'validation_failed', detail: 'No', requestId: 'r1', errors: [{ pointer: '/title', code: 'too_long', message: 'x' }] },
  });
  const error = await failure(createClient({ url }).collection('posts').create({}));
  expect(seen).toHaveLength(1);
  expect(error).toMatchObject({
    code: 'validation_failed',
    status: 422,
    message: 'No',
    requestId: 'r1',
    retryable: false,
    fields: [{ pointer: '/title' }],
  });
});

test.each([
  ['/docs/errors#not_found', '/docs/errors#not_found'],
  ['https://example.com/errors#not_found', undefined],
])('where a code is explained is an absolute URL: %s', async (type, path) => {
  answer = () => ({ status: 404, body: { code: 'not_found', type } });
  const error = await failure(
    createClient({ url: `${url}/` })
      .collection('posts')
      .list(),
  );
  expect(error.docs).toBe(path === undefined ? type : url + path);
  expect(error.problem.type).toBe(type);
});

test('where no page is named, or none can be, there is none', async () => {
  answer = (_request, nth) => ({ status: 404, body: { code: 'not_found', ...(nth === 1 ? {} : { type: 'http://' }) } });
  const posts = createClient({ url }).collection('posts');
  expect((await failure(posts.list())).docs).toBeUndefined();
  expect((await failure(posts.list())).docs).toBeUndefined();
});

test('a client that was made with a relative URL, as in a browser, takes the address of the answer', async () => {
  answer = () => ({ status: 404, body: { code: 'not_found', type: '/docs/errors#not_found' } });
  const client = createClient({ url: '', fetch: (input, init) => fetch(url + String(input), init) });
  expect((await failure(client.collection('posts').list())).docs).toBe(`${url}/docs/errors#not_found`);
});

test('it gives up after two more tries', async () => {
  answer = () => ({ status: 500, body: { code: 'internal' } });
  expect((await failure(createClient({ url }).collection('posts').list())).status).toBe(500);
  expect(seen).toHaveLength(3);
});

test('Retry-After wins over the jitter', async () => {
  answer = (_request, nth) =>
    nth === 1 ? { status: 429, headers: { 'Retry-After': '1' }, body: { code: 'rate_limited' } } : { body: page };
  const start = Date.now();
  await createClient({ url }).collection('posts').list();
  expect(Date.now() - start).toBeGreaterThanOrEqual(990);
});

test('a write still in progress is asked for again', async () => {
  answer = (_request, nth) =>
    nth === 1 ? { status: 409, headers: { 'Retry-After': '0' }, body: { code: 'idempotency_in_progress' } } : { body: { id: 'a' } };
  await createClient({ url }).collection('posts').create({});
  expect(seen).toHaveLength(2);
});

test('a try that takes too long is a timeout', async () => {
  answer = () => ({ afterMs: 500, body: page });
  expect(await failure(createClient({ url, timeoutMs: 30, retries: 0 }).collection('posts').list())).toMatchObject({
    code: 'timeout',
    status: 0,
    retryable: true,
  });
});

test('equal reads in flight are one request, and a caller that gives up does not end it for the others', async () => {
  answer = () => ({ afterMs: 80, body: page });
  const posts = createClient({ url }).collection('posts');
  const controller = new AbortController();
  // `then` at once, so that the one who gives up is the one who started the request.
  const gone = failure(posts.list({}, { signal: controller.signal }).then());
  const stays = posts.list().then();
  const other = posts.list({ limit: 5 }).then();
  setTimeout(() => controller.abort(), 20);
  expect((await gone).code).toBe('aborted');
  expect(await stays).toEqual(page);
  await other;
  expect(seen).toHaveLength(2);
  await posts.list();
  expect(seen).toHaveLength(3);
});

test('a signal that outlives its calls keeps nothing of them', async () => {
  answer = () => ({ body: page });
  const { signal } = new AbortController();
  const posts = createClient({ url, storage: storageOf(600_000) }).collection('posts');
  for (let calls = 0; calls < 5; calls += 1) await posts.list({}, { signal });
  await posts.create({}, { signal });
  expect([seen.length, getEventListeners(signal, 'abort').length]).toEqual([6, 0]);
});

test('a write is cancelled by its caller, also while it waits for the next try', async () => {
  answer = () => ({ status: 503, headers: { 'Retry-After': '60' } });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  expect((await failure(createClient({ url }).collection('posts').create({}, { signal: controller.signal }))).code).toBe('aborted');
  expect(seen).toHaveLength(1);
});

/** A storage in which a session was kept. */
function storageOf(livesMs: number) {
  let kept: string | null = JSON.stringify({ ...session(1, livesMs), collection: 'users' });
  return { get: () => kept, set: (value: string | null) => void (kept = value) };
}

test('many calls with a token about to end cause one refresh', async () => {
  answer = ({ url: path }) => (path.endsWith('/refresh') ? { body: session(2, 600_000), afterMs: 30 } : { body: page });
  const up = createClient({ url, storage: storageOf(5_000) });
  const events: string[] = [];
  up.auth.onChange((_session, event) => events.push(event));
  await Promise.all([1, 2, 3].map((limit) => up.collection('posts').list({ limit })));
  expect(seen.filter(({ url: path }) => path.endsWith('/refresh')).map(({ body }) => body)).toEqual([{ refreshToken: 'refresh1' }]);
  expect(
    seen.filter(({ url: path }) => path.includes('/records/')).every(({ headers }) => headers.authorization === 'Bearer access2'),
  ).toBe(true);
  expect(events).toEqual(['refreshed']);
});

test('a refused token is renewed once, and a second refusal is the answer', async () => {
  let refuse = 1;
  answer = ({ url: path }) => {
    if (path.endsWith('/sign-in')) return { body: session(1, 600_000) };
    if (path.endsWith('/refresh')) return { body: session(2, 600_000) };
    return refuse-- > 0 ? { status: 401, body: { code: 'unauthenticated' } } : { body: page };
  };
  const up = createClient({ url });
  await up.auth.signIn({ email: 'a@b.c', password: 'x' });
  await up.collection('posts').list();
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer access1', undefined, 'Bearer access2']);
  refuse = 9;
  expect((await failure(up.collection('posts').list())).status).toBe(401);
  expect(seen).toHaveLength(7);
});

test('a refresh that is refused ends the session; one that fails does not', async () => {
  let refresh: Reply = { status: 500 };
  answer = ({ url: path }) => (path.endsWith('/refresh') ? refresh : { body: page });
  const up = createClient({ url, retries: 0, storage: storageOf(20_000) });
  await up.collection('posts').list();
  expect(up.auth.session).not.toBeNull();
  refresh = { status: 401, body: { code: 'unauthenticated' } };
  await up.collection('posts').list();
  expect(up.auth.session).toBeNull();
  expect(seen.at(-1)?.headers.authorization).toBeUndefined();
});

test('sign-in is not repeated when its answer is lost, and carries no key', async () => {
  answer = () => ({ status: 503 });
  await failure(createClient({ url }).auth.signIn({ email: 'a@b.c', password: 'x' }));
  expect(seen).toHaveLength(1);
  expect(seen[0]?.headers['idempotency-key']).toBeUndefined();
});

test('in cookie mode no token is sent or kept', async () => {
  const kept: (string | null)[] = [];
  answer = ({ url: path }) =>
    path.endsWith('/sign-in') ? { body: { record: { id: 'u' }, expiresAt: new Date().toISOString() } } : { body: page };
  const up = createClient({ url, session: 'cookie', storage: { get: () => null, set: (value) => kept.push(value) } });
  await up.auth.signIn({ email: 'a@b.c', password: 'x' });
  await up.collection('posts').list();
  expect(up.auth.user).toEqual({ id: 'u' });
  expect(kept).toEqual([]);
  expect(seen.map(({ headers }) => [headers['x-underpin-session'], headers.authorization])).toEqual([
    ['cookie', undefined],
    ['cookie', undefined],
  ]);
});

test('a kept session is taken up again, and signing out forgets it', async () => {
  let kept: string | null = null;
  const storage = { get: () => kept, set: (value: string | null) => void (kept = value) };
  answer = ({ url: path }) => (path.endsWith('/sign-in') ? { body: session(1, 600_000) } : { body: page });
  await createClient({ url, storage }).auth.signIn({ email: 'a@b.c', password: 'x' });
  const up = createClient({ url, storage });
  expect(up.auth.user).toEqual({ id: 'u' });
  await up.auth.signOut();
  expect([kept, up.auth.user, seen.at(-1)?.headers.authorization]).toEqual([null, null, 'Bearer access1']);
});

test('a plain query goes as GET, one that only a body can say as POST', async () => {
  answer = () => ({ body: page });
  const posts = createClient({ url }).collection('posts');
  await posts.list({ filter: filter`a == ${'x & y'} and b > ${3}`, sort: ['-created'], fields: ['a', 'b'], limit: 5, count: 'exact' });
  expect(decodeURIComponent(seen[0]?.url ?? '')).toBe(
    '/api/v1/records/posts?fields=a,b&sort=-created&limit=5&count=exact&filter=a+==+$v0+and+b+>+$v1&p.v0=x+&+y&p.v1=3',
  );
  await posts.list({ where: { a: null, b: { in: [1] } }, filter: filter`c in ${['x', 'y']}`, limit: 2 });
  expect([seen[1]?.method, seen[1]?.url]).toEqual(['POST', '/api/v1/records/posts/query']);
  expect(seen[1]?.body).toEqual({ where: { a: null, b: { in: [1] } }, filter: 'c in $v0', params: { v0: ['x', 'y'] }, limit: 2 });
  await posts.list({ filter: filter`a == ${'x'.repeat(3000)}` });
  expect(seen[2]?.method).toBe('POST');
});

test('undefined is refused before anything is sent', async () => {
  const posts = createClient({ url }).collection('posts');
  const lost: string | undefined = undefined;
  await expect(Promise.resolve().then(() => posts.list({ where: { a: lost } }))).rejects.toThrow(TypeError);
  // @ts-expect-error the compiler refuses it too
  expect(() => filter`a == ${lost}`).toThrow(TypeError);
  expect(seen).toHaveLength(0);
});

test('all() follows the cursor through every page', async () => {
  answer = ({ url: path }) => {
    const next = path.includes('cursor=c2') ? null : path.includes('cursor=c1') ? 'c2' : 'c1';
    return { body: { data: [{ id: String(next) }], page: { limit: 1, next, prev: null } } };
  };
  const ids: unknown[] = [];
  for await (const row of createClient({ url }).collection('posts').list({ limit: 1 }).all()) ids.push(row['id']);
  expect(ids).toEqual(['c1', 'c2', 'null']);
});

test('one record: paths, versions, and what was read is not sent back', async () => {
  answer = () => ({ body: page });
  const posts = createClient({ url, token: 'key' }).collection('posts');
  const read = { id: 'a', created: '', updated: '', version: 3, expand: {}, _can: {}, _rank: 1, title: 'x' };
  await posts.update('a/b', read, { ifVersion: 3 });
  expect(seen[0]).toMatchObject({
    method: 'PATCH',
    url: '/api/v1/records/posts/a%2Fb',
    body: { title: 'x' },
    headers: { 'if-match': '"3"', authorization: 'Bearer key' },
  });
  await posts.upsert(read, { onConflict: ['slug', 'lang'] });
  expect(seen[1]).toMatchObject({ method: 'POST', url: '/api/v1/records/posts?onConflict=slug%2Clang', body: { id: 'a', title: 'x' } });
  expect(await posts.count({ filter: 'a == 1' })).toBe(7);
  expect(await posts.first()).toEqual({ id: 'a' });
  answer = () => ({ status: 204 });
  expect(await posts.delete('a')).toBeUndefined();
});
