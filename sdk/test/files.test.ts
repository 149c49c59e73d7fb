/** Files in what is written: what goes over the wire, in which order, and what is taken back. The rest is in server/test/sdk. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient } from '../src/index.ts';
import type { Client } from '../src/index.ts';
import type { Untyped } from '../src/types.ts';
import { failure, localServer } from './local-server.ts';
import type { Reply, Seen } from './local-server.ts';

const local = localServer();
const { seen } = local;
let url: string;
let up: Client<Untyped>;
/** What is answered to all but uploads and removals. */
let answer: (request: Seen, nth: number) => Reply;
/** Uploads of this text are refused. */
const refused = 'refused';
let uploads = 0;
beforeEach(async () => {
  uploads = 0;
  let writes = 0;
  url = await local.start((request) => {
    if (request.method === 'DELETE') return { status: 204 };
    if (!request.url.startsWith('/api/v1/files')) return answer(request, ++writes);
    if (request.body === refused) return { status: 415, body: { code: 'unsupported_media_type' } };
    uploads += 1;
    return { status: 201, body: { id: `f${uploads}`, name: 'a.txt', url: `/api/v1/files/f${uploads}/a.txt` } };
  });
  up = createClient({ url });
  answer = ({ body }) => ({ status: 201, body });
});
afterEach(() => local.stop());

const text = (value: string): Blob => new Blob([value], { type: 'text/plain' });
const asked = (): string[] => seen.map(({ method, url: path }) => `${method} ${path.replace('/api/v1', '')}`);
const writes = (): Seen[] => seen.filter(({ url: path }) => !path.startsWith('/api/v1/files'));
/** What was asked once nothing more comes. */
async function settled(count: number): Promise<string[]> {
  for (let tries = 0; seen.length < count && tries < 100; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  return asked();
}

test('a blob is uploaded for its field and sent as an id; ids and files that were read are left as they are', async () => {
  const photo = new File(['a'], 'a b.txt', { type: 'text/plain' });
  const made = await up.collection('posts').create({ title: 'x', cover: photo, shots: ['f9', text('b'), { id: 'f8', size: 3 }] });
  expect(made).toEqual({ title: 'x', cover: 'f1', shots: ['f9', 'f2', { id: 'f8', size: 3 }] });
  expect(asked().slice(0, 2).sort()).toEqual([
    'POST /files?collection=posts&field=cover&name=a+b.txt',
    'POST /files?collection=posts&field=shots',
  ]);
  expect(asked()[2]).toBe('POST /records/posts');
  expect(seen[0]).toMatchObject({ body: 'a', headers: { 'content-type': 'text/plain' } });
});

test('what is uploaded is uploaded once, however often the write is tried, and the write says the same under one key', async () => {
  answer = ({ body }, nth) => (nth < 3 ? { status: 503, headers: { 'Retry-After': '0' } } : { body });
  await up.collection('posts').update('p', { cover: text('a') }, { ifVersion: 3 });
  expect(uploads).toBe(1);
  expect(writes()).toHaveLength(3);
  expect(new Set(writes().map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(writes().map(({ body, headers }) => [body, headers['if-match']])).toEqual(Array(3).fill([{ cover: 'f1' }, '"3"']));
});

test('where the write is refused, its files are taken back, and the error is that of the write', async () => {
  answer = () => ({ status: 422, body: { code: 'validation_failed' } });
  const error = await failure(up.collection('posts').upsert({ slug: 'a', shots: [text('a'), 'f9', text('b')] }, { onConflict: ['slug'] }));
  expect(error.code).toBe('validation_failed');
  expect((await settled(5)).slice(3).sort()).toEqual(['DELETE /files/f1', 'DELETE /files/f2']);
});

test('under a key of the caller, who may try again, files stay what they were until it is known that the write failed', async () => {
  const cover = text('a');
  const once = { idempotencyKey: 'k'.repeat(20), retries: 0 };
  answer = (_request, nth) => (nth === 1 ? { drop: true } : nth === 2 ? { status: 403, body: { code: 'rule_denied' } } : {});
  expect((await failure(up.collection('posts').create({ cover }, once))).code).toBe('network');
  expect((await failure(up.collection('posts').create({ cover }, once))).code).toBe('rule_denied');
  expect(asked().slice(0, 3)).toEqual(['POST /files?collection=posts&field=cover', 'POST /records/posts', 'POST /records/posts']);
  expect(writes().map(({ body }) => body)).toEqual([{ cover: 'f1' }, { cover: 'f1' }]);
  expect((await settled(4))[3]).toBe('DELETE /files/f1');
  await up.collection('posts').create({ cover }, once);
  expect(writes()[2]?.body).toEqual({ cover: 'f2' });
});

test('where one of several cannot be uploaded, nothing is written, and the others are taken back', async () => {
  const error = await failure(up.collection('posts').create({ shots: [text('a'), text(refused)] }));
  expect(error.code).toBe('unsupported_media_type');
  expect(writes()).toEqual([]);
  expect((await settled(3))[2]).toBe('DELETE /files/f1');
});

test('operations of a batch take files too, beside references', async () => {
  answer = () => ({ body: { results: [{ id: 'p' }, { id: 'c' }, null] } });
  const { post } = await up.batch((tx) => {
    const post = tx.collection('posts').create({ cover: text('a') });
    tx.collection('shots').create({ post: post.id, file: text('b') });
    tx.collection('shots').delete('s');
    return { post };
  });
  expect(post).toEqual({ id: 'p' });
  expect(asked().slice(0, 2).sort()).toEqual(['POST /files?collection=posts&field=cover', 'POST /files?collection=shots&field=file']);
  expect(writes()[0]?.body).toEqual({
    operations: [
      { op: 'create', collection: 'posts', as: 'op0', data: { cover: 'f1' } },
      { op: 'create', collection: 'shots', data: { post: { $ref: 'op0.id' }, file: 'f2' } },
      { op: 'delete', collection: 'shots', id: 's' },
    ],
  });
});

test('an upload tells how far it is, waits while it is paused, and is over when it is aborted', async () => {
  const told: unknown[] = [];
  const first = up.files.upload(text('abc'), { collection: 'posts', field: 'cover', name: 'x.txt', onProgress: (one) => told.push(one) });
  first.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(uploads).toBe(0);
  first.resume();
  expect(await first).toMatchObject({ id: 'f1' });
  expect(told.at(-1)).toEqual({ sent: 3, total: 3 });
  const second = up.files.upload(text('abc'), { collection: 'posts', field: 'cover' });
  await second.abort();
  expect((await failure(second)).code).toBe('aborted');
  const controller = new AbortController();
  const third = up.files.upload(text('abc'), { collection: 'posts', field: 'cover', signal: controller.signal });
  controller.abort();
  expect((await failure(third)).code).toBe('aborted');
  expect((await failure(up.files.upload(text('abc'), { collection: 'posts', field: 'cover', signal: controller.signal }))).code).toBe(
    'aborted',
  );
});

test('where a file is, with what it is to be shown as', async () => {
  const file = { id: 'f1', url: '/api/v1/files/f1/a%20b.png' };
  expect(up.files.url(file)).toBe(`${url}/api/v1/files/f1/a%20b.png`);
  expect(up.files.url('f1', { thumb: '400x300', download: true })).toBe(`${url}/api/v1/files/f1?thumb=400x300&download=true`);
  expect(createClient({ url: 'https://example.com/under/' }).files.url(file)).toBe('https://example.com/under/api/v1/files/f1/a%20b.png');
  answer = () => ({});
  await up.files.link(file, { expiresIn: 60, download: true });
  await up.files.importUrl('https://example.com/a.png', { collection: 'posts', field: 'cover' });
  await up.files.remove(file);
  expect(asked()).toEqual(['POST /files/f1/link', 'POST /files/import', 'DELETE /files/f1']);
  expect(seen.map(({ body }) => body)).toEqual([
    { expiresIn: 60, download: true },
    { url: 'https://example.com/a.png', collection: 'posts', field: 'cover' },
    undefined,
  ]);
});
