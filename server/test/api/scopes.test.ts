/** Every API key on every endpoint of a table: within its scopes it may, outside of them it may not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { password, query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
const keys: Record<string, string> = {};

const collections = [
  {
    name: 'posts',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'author', type: 'relation', to: 'users' },
      { name: 'inside', type: 'text', rules: { read: null, write: null } },
    ],
    // An account may all; a service key is asked no rule, and is let in by none.
    rules: { list: 'auth != null', create: 'auth != null', update: 'auth != null', delete: 'auth != null' },
  },
  { name: 'notes', fields: [{ name: 'text', type: 'text' }], rules: { list: 'true', create: 'true', update: 'true', delete: 'true' } },
  // Nobody but admins by its rules.
  { name: 'vault', fields: [{ name: 'code', type: 'text' }], rules: {} },
];

const all = ['list', 'view', 'create', 'update', 'delete'];
const posts = (...actions: string[]) => ({ on: 'records:posts', actions });
/** name: scopes, and whether the key acts as ann. */
const made: Readonly<Record<string, readonly [scopes: readonly unknown[], asAnn?: boolean]>> = {
  nothing: [[]],
  reads: [[posts('list', 'view')]],
  views: [[posts('view')]],
  creates: [[posts('create')]],
  changes: [[posts('view', 'update')]],
  deletes: [[posts('view', 'delete')]],
  posts: [[posts(...all)]],
  vault: [[{ on: 'records:vault', actions: all }]],
  users: [[{ on: 'accounts:users', actions: all }]],
  'reads schema': [[{ on: 'schema', actions: ['read'] }]],
  'changes schema': [[{ on: 'schema', actions: ['change'] }]],
  explains: [[{ on: 'explain', actions: ['read'] }]],
  tests: [[{ on: 'explain', actions: ['test'] }]],
  'ann nothing': [[], true],
  'ann reads': [[posts('list', 'view')], true],
  'ann posts': [[posts(...all)], true],
  'ann vault': [[{ on: 'records:vault', actions: all }], true],
};
const names = Object.keys(made);

beforeAll(async () => {
  up = await startTestApp();
  for (const body of collections) expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  ann = await up.account('ann');
  for (const [name, [scopes, asAnn = false]] of Object.entries(made)) {
    const account = asAnn ? { collection: 'users', id: ann.id } : null;
    const answer = await up.send('POST /records/_api_keys', { token: up.owner, body: { name, scopes, account } });
    expect([name, answer.status, answer.text]).toEqual([name, 201, expect.any(String)]);
    keys[name] = answer.body.key;
  }
});
afterAll(() => up.close());

interface Row {
  readonly request: string;
  readonly body?: unknown;
  /** The status for those who may, and who they are. */
  readonly ok: number;
  readonly may: readonly string[];
  /** Who is refused otherwise than with `no`. */
  readonly also?: Readonly<Record<string, number>>;
  readonly no: number;
}

const onPosts = ['reads', 'views', 'creates', 'changes', 'deletes', 'posts', 'ann reads', 'ann posts'];
const each = (who: readonly string[], status: number): Record<string, number> => Object.fromEntries(who.map((one) => [one, status]));
/** A request for posts: who has another action there is refused, to who has none there is no such collection. */
const ofPosts = (request: string, ok: number, may: readonly string[], body?: unknown): Row => ({
  request,
  body,
  ok,
  may,
  also: each(
    onPosts.filter((name) => !may.includes(name)),
    403,
  ),
  no: 404,
});
const whole = ['posts', 'ann posts'];
const listing = ['reads', 'ann reads', ...whole];
const viewing = ['views', 'changes', 'deletes', ...listing];
const hidden = (request: string, body?: unknown): Row => ({ request, body, ok: 200, may: [], no: 404 });
const explained = { collection: 'posts', action: 'list', as: null };
const id = '01a20080-0000-7000-8000-000000000001';

const table: readonly Row[] = [
  ofPosts('GET /records/posts', 200, listing),
  ofPosts('POST /records/posts/query', 200, listing, {}),
  ofPosts('POST /records/posts/aggregate', 200, listing, { select: { n: 'count()' } }),
  ofPosts('GET /records/posts/export?format=ndjson', 200, listing),
  ofPosts('GET /records/posts/{post}', 200, viewing),
  ofPosts('POST /records/posts', 201, ['creates', ...whole], { title: 'new' }),
  ofPosts('POST /records/posts?onConflict=id', 201, ['creates', ...whole], { id: '{new}', title: 'new' }),
  ofPosts('PATCH /records/posts/{post}', 200, ['changes', ...whole], { title: 'changed' }),
  ofPosts('DELETE /records/posts/{post}', 204, ['deletes', ...whole]),
  ofPosts('POST /records/posts/update', 200, whole, { filter: 'title == "none"', data: { title: 'x' } }),
  ofPosts('POST /records/posts/delete', 200, whole, { filter: 'title == "none"' }),
  ofPosts('POST /batch', 200, ['creates', ...whole], { operations: [{ op: 'create', collection: 'posts', data: { title: 'b' } }] }),
  ofPosts('POST /batch', 200, ['changes', ...whole], {
    operations: [{ op: 'update', collection: 'posts', id: '{post}', data: { title: 'b' } }],
  }),
  ofPosts('POST /batch', 200, ['deletes', ...whole], { operations: [{ op: 'delete', collection: 'posts', id: '{post}' }] }),
  // A field that only admins see is there for a service key, which no rule is asked of, and for no account.
  {
    ...ofPosts('GET /records/posts?fields=inside', 200, ['reads', 'posts']),
    also: { ...each(['views', 'creates', 'changes', 'deletes'], 403), ...each(['ann reads', 'ann posts'], 400) },
  },
  // Rules hold for the key of an account: what they keep to admins its scopes do not open.
  { request: 'GET /records/vault', ok: 200, may: ['vault'], no: 404 },
  { request: 'POST /records/vault', body: { code: 'x' }, ok: 201, may: ['vault'], no: 404 },
  // Open to everybody, and not named by any scope.
  hidden('GET /records/notes'),
  hidden('GET /records/notes/{note}'),
  hidden('POST /records/notes', { text: 'x' }),
  hidden('DELETE /records/notes/{note}'),
  { request: 'GET /records/users', ok: 200, may: ['users'], no: 404 },
  { request: 'PATCH /records/users/{ann}', body: { roles: ['editor'] }, ok: 200, may: ['users'], no: 404 },
  { request: 'POST /records/users', body: { email: '{mail}' }, ok: 201, may: ['users'], no: 404 },
  ...['_admins', '_sessions', '_audit', '_api_keys'].flatMap((name) => [
    hidden(`GET /records/${name}`),
    hidden(`GET /records/${name}/{any}`),
    hidden(`POST /records/${name}/query`, {}),
    hidden(`POST /records/${name}/aggregate`, { select: { n: 'count()' } }),
    hidden(`GET /records/${name}/export?format=json`),
    hidden(`POST /records/${name}/update`, { filter: 'true', data: {} }),
    hidden(`POST /records/${name}/delete`, { filter: 'true' }),
    hidden(`POST /records/${name}`, { name: 'wider', scopes: [] }),
    hidden(`PATCH /records/${name}/{any}`, { scopes: [] }),
    hidden(`DELETE /records/${name}/{any}`),
    hidden('POST /batch', { operations: [{ op: 'create', collection: name, data: { name: 'wider' } }] }),
  ]),
  hidden('POST /records/_api_keys/{any}/rotate', {}),
  { request: 'GET /schema', ok: 200, may: ['reads schema'], no: 403 },
  { request: 'GET /collections', ok: 200, may: ['reads schema'], no: 403 },
  { request: 'GET /collections/posts', ok: 200, may: ['reads schema'], no: 403 },
  { request: 'GET /collections/posts/advice', ok: 200, may: ['reads schema'], no: 403 },
  { request: 'POST /collections', body: { name: 'made', fields: [], rules: {} }, ok: 201, may: ['changes schema'], no: 403 },
  { request: 'PATCH /collections/notes', body: { ui: {} }, ok: 200, may: ['changes schema'], no: 403 },
  { request: 'DELETE /collections/made', ok: 204, may: ['changes schema'], no: 403 },
  { request: 'POST /ops/rules/explain', body: explained, ok: 200, may: ['explains'], no: 403 },
  { request: 'POST /ops/rules/test', body: explained, ok: 200, may: ['tests'], no: 403 },
  ...['GET', 'DELETE'].map((method): Row => ({ request: `${method} /ops/accounts/users/{ann}/sessions`, ok: 200, may: [], no: 403 })),
  { request: 'DELETE /ops/accounts/users/{ann}/sessions/{any}', ok: 204, may: [], no: 403 },
  { request: 'POST /ops/signing-keys/rotate', body: {}, ok: 200, may: [], no: 403 },
  { request: 'DELETE /auth/users/sessions', ok: 200, may: [], no: 403 },
  { request: 'GET /openapi.json', ok: 200, may: names, no: 0 },
  { request: 'GET /auth/users/me', ok: 200, may: names.filter((name) => name.startsWith('ann')), no: 401 },
  { request: 'GET /auth/_admins/me', ok: 200, may: [], no: 401 },
  { request: 'GET /auth/users/sessions', ok: 200, may: [], no: 403 },
  { request: 'DELETE /auth/users/sessions/{any}', ok: 204, may: [], no: 403 },
  { request: 'POST /auth/users/sign-out', ok: 204, may: [], no: 403 },
  { request: 'GET /auth/_admins/sessions', ok: 200, may: [], no: 403 },
  // Judged as nobody: a key neither helps nor stands in the way.
  { request: 'POST /auth/users/sign-in', body: { email: 'ann@example.com', password }, ok: 200, may: names, no: 0 },
  { request: 'POST /auth/_admins/sign-in', body: { email: 'ann@example.com', password }, ok: 200, may: [], no: 401 },
  { request: 'POST /auth/users/refresh', body: {}, ok: 200, may: [], no: 401 },
];

/** Puts in what a request speaks of: a new post and note for each, so that one cell leaves nothing to the next. */
async function filled(text: string, n: number): Promise<string> {
  let done = text.replaceAll('{ann}', ann.id).replaceAll('{any}', id).replaceAll('{mail}', `n${n}@example.com`);
  done = done.replaceAll('{new}', `01a20080-0000-7000-8000-${String(n).padStart(12, '0')}`);
  for (const [mark, path, body] of [
    ['{post}', 'posts', { title: 'old' }],
    ['{note}', 'notes', { text: 'old' }],
  ] as const)
    if (done.includes(mark)) done = done.replaceAll(mark, (await up.send(`POST /records/${path}`, { token: up.owner, body })).body.id);
  return done;
}

test('every key on every endpoint', async () => {
  const wrong: string[] = [];
  let cells = 0;
  for (const { request, body, ok, may, also = {}, no } of table) {
    const cell = async (name: string): Promise<void> => {
      const [path = '', sent] = (await filled(JSON.stringify([request, body ?? null]), ++cells).then(JSON.parse)) as [string, unknown];
      const { status, text } = await up.send(path, { token: keys[name] ?? '', ...(sent === null ? {} : { body: sent }) });
      const wanted = may.includes(name) ? ok : (also[name] ?? no);
      if (status !== wanted) wrong.push(`${name}: ${path} is ${status}, not ${wanted} ${text.slice(0, 200)}`);
    };
    await Promise.all(names.map(cell));
    const { status } = await up.send(await filled(request, ++cells), {
      token: `${keys['posts']}`.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      ...(body === undefined ? {} : { body }),
    });
    const isPublic = /\/(sign-in|refresh)$/.test(request);
    if (!isPublic && status !== 401) wrong.push(`another key: ${request} is ${status}, not 401`);
  }
  process.stdout.write(`${table.length} endpoints × ${names.length + 1} keys: ${cells} cells, ${wrong.length} wrong cells\n`);
  expect(wrong).toEqual([]);
}, 120_000);

test('openapi.json tells each key of what it may know', async () => {
  const paths = async (name: string): Promise<string[]> => {
    const { body } = await up.send('GET /openapi.json', { token: keys[name] ?? '' });
    return [...new Set(Object.keys(body.paths).map((path) => path.split('/')[2] ?? ''))].filter((part) => part !== '').sort();
  };
  expect(await Promise.all(['nothing', 'reads', 'vault', 'users', 'explains', 'ann nothing', 'ann posts'].map(paths))).toEqual(
    [[], ['posts'], ['vault'], ['users'], [], [], ['posts']].map((list) => list),
  );
  const { body } = await up.send('GET /openapi.json', { token: keys['reads'] ?? '' });
  expect(Object.keys(body.paths['/records/posts'])).toEqual(['get']);
});

test('`me` by a key shows of the account what its scopes leave, and no more', async () => {
  expect((await up.send('GET /auth/users/me', { token: keys['ann posts'] ?? '' })).body).toEqual({ record: { id: ann.id } });
});

test('relations lead into other collections only within the scopes', async () => {
  const token = keys['posts'] ?? '';
  const post = (await up.send('POST /records/posts', { token: up.owner, body: { title: 'of ann', author: ann.id } })).body.id;
  const { body } = await up.send(`GET /records/posts/${post}?expand=author`, { token });
  expect([body.author, body.expand]).toEqual([ann.id, { author: null }]);
  expect((await up.send(`GET /records/posts${query({ filter: 'author.name == "ann"' })}`, { token })).status).toBe(400);
  expect((await up.send(`GET /records/posts${query({ sort: 'author.name' })}`, { token })).status).toBe(400);
  expect((await up.send('POST /records/posts', { token, body: { author: ann.id } })).body.code).toBe('reference_violation');
});

test('Server-Timing is for admins and explain keys', async () => {
  const made = await up.send('POST /records/_api_keys', {
    token: up.owner,
    body: { name: 'both', scopes: [posts('list', 'view'), { on: 'explain', actions: ['read'] }] },
  });
  expect((await up.send('GET /records/posts', { token: made.body.key })).headers.get('server-timing')).toMatch(/sql/);
  expect((await up.send('GET /records/posts', { token: keys['posts'] ?? '' })).headers.get('server-timing')).toBeNull();
});
