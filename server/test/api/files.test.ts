/** Files: uploaded for a field, named by records, read by whoever sees those, gone with the last. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { namesInStore, namesInTable, picture, upload } from '../support/files.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
let png: Buffer;

beforeAll(async () => {
  up = await startTestApp({ OUTBOUND_ALLOW_CIDR: '127.0.0.0/8' });
  ann = await up.account('ann');
  bob = await up.account('bob');
  png = await picture();
  const made = await up.send('POST /collections', {
    token: up.owner,
    body: {
      name: 'posts',
      fields: [
        { name: 'title', type: 'text' },
        { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
        { name: 'open', type: 'bool', default: false },
        { name: 'cover', type: 'file', types: ['image/*'], thumbs: ['20x20', '0x10'], maxSize: 1_000_000 },
        { name: 'papers', type: 'file', many: true, max: 3 },
        { name: 'secret', type: 'file', rules: { read: 'author == auth.id' } },
      ],
      rules: {
        list: 'author == auth.id || open == true',
        create: 'author == auth.id',
        update: 'author == auth.id',
        delete: 'author == auth.id',
      },
    },
  });
  if (made.status !== 201) throw new Error(made.text);
});
afterAll(() => up.close());

const get = (path: string, token?: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(up.url + path, { method, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers } });
const status = async (path: string, token?: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> => {
  const answer = await get(path, token, headers, method);
  await answer.arrayBuffer();
  return answer.status;
};
const create = (body: Record<string, unknown>, token = ann.token) => up.send('POST /records/posts', { token, body });
const change = (id: string, body: Record<string, unknown>, token = ann.token) => up.send(`PATCH /records/posts/${id}`, { token, body });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const uploaded = async (bytes: Buffer | string = png, asked: Parameters<typeof upload>[2] = {}) => {
  const answer = await upload(up, bytes, { token: ann.token, name: 'a.png', ...asked });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
};
const stateOf = async (id: string): Promise<unknown> =>
  (await up.sql('SELECT state FROM underpin.files_seen WHERE id = $1', [id]))[0]?.['state'];
const sweep = (dryRun = false) => up.send('POST /ops/files/sweep', { token: up.owner, body: { dryRun } });
/** A day later. */
const later = async <T>(work: () => Promise<T>): Promise<T> => {
  up.ahead += 25 * 3_600_000;
  const signedIn = await up.send('POST /auth/_admins/sign-in', {
    body: { email: 'owner@example.com', password: 'correct horse battery staple' },
  });
  const before = up.owner;
  Object.assign(up, { owner: signedIn.body.accessToken });
  try {
    return await work();
  } finally {
    up.ahead = 0;
    Object.assign(up, { owner: before });
  }
};

describe('a file', () => {
  test('is uploaded, named by a record, and read by whoever sees it', async () => {
    const file = await uploaded(png, { name: 'caf\u00e9.png' });
    expect(file).toEqual({
      id: expect.any(String),
      name: 'caf\u00e9.png',
      type: 'image/png',
      size: png.length,
      sha256: sha256(png),
      width: 40,
      height: 30,
      url: `/api/v1/files/${file.id}/caf%C3%A9.png`,
    });
    expect([await status(file.url, ann.token), await status(file.url, bob.token), await status(file.url)]).toEqual([200, 404, 404]);
    const post = await create({ title: 'a', cover: file.id });
    expect([post.status, post.body.cover, post.body.papers, post.body.secret]).toEqual([201, file, [], null]);
    expect([await status(file.url, ann.token), await status(file.url, bob.token)]).toEqual([200, 404]);
    await change(post.body.id, { open: true });
    const read = await get(file.url, bob.token);
    expect([read.status, sha256(Buffer.from(await read.arrayBuffer()))]).toEqual([200, sha256(png)]);
    const again = await change(post.body.id, { cover: file, title: 'b' });
    expect([again.status, again.body.cover, again.body.title]).toEqual([200, file, 'b']);
    const thumb = await get(`${file.url}?thumb=20x20`, bob.token);
    expect([thumb.status, thumb.headers.get('content-type')]).toEqual([200, 'image/webp']);
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });

  test('in a list keeps its place, and may be sent back as it was read', async () => {
    const [one, two] = [
      await uploaded('first', { field: 'papers', name: '1.txt' }),
      await uploaded('second', { field: 'papers', name: '2.txt' }),
    ];
    const post = await create({ papers: [two.id, one] });
    expect(post.body.papers).toEqual([two, one]);
    expect((await change(post.body.id, { papers: [one] })).body.papers).toEqual([one]);
    expect([await stateOf(one.id), await stateOf(two.id)]).toEqual(['attached', 'orphaned']);
  });

  test('two records may share it; it goes with the last, and then from the store', async () => {
    const file = await uploaded();
    const [a, b] = [await create({ cover: file.id }), await create({ cover: file.id })];
    await status(`${file.url}?thumb=0x10`, ann.token);
    await up.send(`DELETE /records/posts/${a.body.id}`, { token: ann.token });
    expect([await stateOf(file.id), await status(file.url, ann.token)]).toEqual(['attached', 200]);
    await change(b.body.id, { cover: null });
    expect(await stateOf(file.id)).toBe('orphaned');
    expect((await sweep()).body.count).toBe(0);
    await later(async () => {
      const dry = await sweep(true);
      expect(dry.body.files).toContainEqual(expect.objectContaining({ id: file.id, why: 'orphaned', size: png.length }));
      expect(await namesInStore(up)).toContain(`${file.id.slice(-2)}/${file.id}`);
      expect(await namesInStore(up)).toEqual(await namesInTable(up));
      await sweep();
      expect(await namesInStore(up)).toEqual(await namesInTable(up));
      expect((await namesInStore(up)).filter((name) => name.includes(file.id))).toEqual([]);
      expect((await sweep()).body.count).toBe(0);
    });
    expect((await create({ cover: file.id })).status).toBe(422);
  });

  test('of a write that fails stays pending, and its record is not there', async () => {
    const file = await uploaded();
    const before = (await up.sql('SELECT count(*)::int AS n FROM posts'))[0];
    const failed = await up.send('POST /batch', {
      token: ann.token,
      body: {
        operations: [
          { op: 'create', collection: 'posts', data: { title: 'x', cover: file.id } },
          { op: 'update', collection: 'posts', id: '01900000-0000-7000-8000-000000000000', data: { title: 'y' } },
        ],
      },
    });
    expect([failed.status, await stateOf(file.id), (await up.sql('SELECT count(*)::int AS n FROM posts'))[0]]).toEqual([
      404,
      'pending',
      before,
    ]);
    expect(await up.sql('SELECT FROM underpin.file_uses WHERE file = $1', [file.id])).toEqual([]);
    expect((await up.send(`DELETE /files/${file.id}`, { token: bob.token })).status).toBe(404);
    expect((await up.send(`DELETE /files/${file.id}`, { token: ann.token })).status).toBe(204);
    expect([await stateOf(file.id), await status(file.url, ann.token)]).toEqual([undefined, 404]);
  });

  test('is counted whoever writes, cascades and TRUNCATE too', async () => {
    const [one, two] = [await uploaded(), await uploaded()];
    const a = await create({ cover: one.id });
    await up.sql('UPDATE posts SET cover = $2 WHERE id = $1', [a.body.id, JSON.stringify({ id: two.id })]);
    const read = await up.send(`GET /records/posts/${a.body.id}`, { token: ann.token });
    expect([read.body.cover, await stateOf(one.id), await stateOf(two.id)]).toEqual([two, 'orphaned', 'attached']);
    await expect(
      up.sql('UPDATE posts SET cover = $2 WHERE id = $1', [a.body.id, '{"id":"01900000-0000-7000-8000-000000000000"}']),
    ).rejects.toThrow('names a file that is not there');
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'albums',
        fields: [
          { name: 'of', type: 'relation', to: 'posts', onDelete: 'cascade' },
          { name: 'image', type: 'file' },
        ],
      },
    });
    const third = await uploaded(png, { collection: 'albums', field: 'image', token: up.owner });
    await up.send('POST /records/albums', { token: up.owner, body: { of: a.body.id, image: third.id } });
    expect(await stateOf(third.id)).toBe('attached');
    await up.send(`DELETE /records/posts/${a.body.id}`, { token: ann.token });
    expect([await stateOf(two.id), await stateOf(third.id)]).toEqual(['orphaned', 'orphaned']);
    const fourth = await uploaded(png, { collection: 'albums', field: 'image', token: up.owner });
    await up.send('POST /records/albums', { token: up.owner, body: { image: fourth.id } });
    await up.sql('TRUNCATE albums');
    expect(await stateOf(fourth.id)).toBe('orphaned');
    await up.send('POST /records/albums', { token: up.owner, body: { image: fourth.id } });
    const plan = await up.send('DELETE /collections/albums', { token: up.owner });
    expect((await up.send('DELETE /collections/albums', { token: up.owner, body: { confirm: plan.body.plan?.hash } })).status).toBe(204);
    expect(await stateOf(fourth.id)).toBe('orphaned');
  });

  test('follows its field through a rename, into a list and back, and leaves with it', async () => {
    const made = await up.send('POST /collections', {
      token: up.owner,
      body: { name: 'notes', fields: [{ name: 'scan', type: 'file' }], rules: { list: 'true' } },
    });
    const file = await uploaded(png, { collection: 'notes', field: 'scan', token: up.owner });
    const note = (await up.send('POST /records/notes', { token: up.owner, body: { scan: file.id } })).body.id;
    const empty = (await up.send('POST /records/notes', { token: up.owner, body: {} })).body.id;
    const [field] = made.body.fields;
    const fields = async (list: unknown[]) => up.send('PATCH /collections/notes', { token: up.owner, body: { fields: list } });
    const read = async (id: string) => (await up.send(`GET /records/notes/${id}`, { token: up.owner })).body;
    expect((await fields([{ ...field, name: 'page' }])).status).toBe(200);
    expect([(await read(note)).page, await status(file.url)]).toEqual([file, 200]);
    expect((await fields([{ ...field, name: 'pages', many: true }])).text).toContain('"pages"');
    expect([(await read(note)).pages, (await read(empty)).pages, await status(file.url)]).toEqual([[file], [], 200]);
    expect((await fields([{ ...field, name: 'page' }])).status).toBe(200);
    expect([(await read(note)).page, (await read(empty)).page]).toEqual([file, null]);
    expect((await up.send(`PATCH /records/notes/${note}`, { token: up.owner, body: { page: null } })).body.page).toBe(null);
    expect(await stateOf(file.id)).toBe('orphaned');
    await up.send(`PATCH /records/notes/${note}`, { token: up.owner, body: { page: file.id } });
    const plan = await fields([]);
    expect(plan.status).toBe(409);
    await up.send('PATCH /collections/notes', { token: up.owner, body: { fields: [], confirm: plan.body.plan.hash } });
    expect(await stateOf(file.id)).toBe('orphaned');
  });
});

describe('who may', () => {
  test('not see the record has no file: neither whole, nor a part, nor a thumb, nor its upload', async () => {
    const file = await uploaded();
    await create({ cover: file.id });
    await status(`${file.url}?thumb=20x20`, ann.token);
    const paths: readonly (readonly [string, string, Record<string, string>])[] = [
      ['GET', file.url, {}],
      ['GET', `/api/v1/files/${file.id}`, {}],
      ['GET', `/api/v1/files/${file.id}/other`, {}],
      ['HEAD', file.url, {}],
      ['GET', file.url, { range: 'bytes=0-10' }],
      ['GET', file.url, { 'if-none-match': `"${file.sha256}"` }],
      ['GET', `${file.url}?thumb=20x20`, {}],
      ['HEAD', `/api/v1/files/tus/${file.id}`, { 'tus-resumable': '1.0.0' }],
      ['GET', `/api/v1/files/tus/${file.id}`, {}],
      ['DELETE', `/api/v1/files/tus/${file.id}`, { 'tus-resumable': '1.0.0' }],
      [
        'PATCH',
        `/api/v1/files/tus/${file.id}`,
        { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      ],
      ['POST', `/api/v1/files/${file.id}/link`, {}],
      ['DELETE', `/api/v1/files/${file.id}`, {}],
    ];
    for (const [method, path, headers] of paths)
      expect([method, path, await status(path, bob.token, headers, method)]).toEqual([method, path, 404]);
    expect(await stateOf(file.id)).toBe('attached');
    for (const guess of [
      '0',
      'posts',
      '01900000-0000-7000-8000-000000000000',
      `${file.id}x`,
      '..%2f..%2fsecret',
      file.id.replace(/.$/, '0'),
    ])
      expect([guess, guess === file.id ? 404 : await status(`/api/v1/files/${guess}`, ann.token)]).toEqual([guess, 404]);
  });

  test('not see it has none of it, though admins looked at others before', async () => {
    const files = [await uploaded(), await uploaded(), await uploaded(), await uploaded()];
    for (const { id } of files.slice(0, 3)) await create({ cover: id });
    // A schema that nobody asked anything of yet.
    await up.send('PATCH /collections/posts', { token: up.owner, body: { ui: { label: 'Posts' } } });
    const seen = async (token: string | undefined, more = '') => Promise.all(files.map(({ url }) => status(url + more, token)));
    for (const more of ['', '?thumb=20x20']) {
      expect(await seen(up.owner, more)).toEqual([200, 200, 200, 200]);
      expect([await seen(bob.token, more), await seen(undefined, more)]).toEqual([
        [404, 404, 404, 404],
        [404, 404, 404, 404],
      ]);
    }
    for (const { id } of files) expect((await up.send(`POST /files/${id}/link`, { token: bob.token, body: {} })).status).toBe(404);
  });

  test('do nothing with a key has nothing of what its account uploaded', async () => {
    const file = await uploaded();
    const account = { collection: 'users', id: ann.id };
    const made = await up.send('POST /records/_api_keys', { token: up.owner, body: { name: 'narrow', account, scopes: [] } });
    expect([made.status, typeof made.body.key]).toEqual([201, 'string']);
    const key = String(made.body.key);
    expect([
      await status(file.url, key),
      await status(`/api/v1/files/${file.id}`, key, {}, 'DELETE'),
      (await up.send(`POST /files/${file.id}/link`, { token: key, body: {} })).status,
    ]).toEqual([404, 404, 404]);
    expect(await status(file.url, ann.token)).toBe(200);
  });

  test('not read the field has no file of it, though he sees the record', async () => {
    const file = await uploaded('hidden words', { field: 'secret', name: 's.txt' });
    await create({ secret: file.id, open: true });
    expect([await status(file.url, ann.token), await status(file.url, bob.token)]).toEqual([200, 404]);
  });

  test('not read a file may not name it, nor one that another uploaded', async () => {
    const [pending, attached] = [await uploaded(), await uploaded()];
    const mine = await create({ cover: attached.id });
    for (const { id } of [pending, attached]) {
      const answer = await create({ cover: id }, bob.token);
      expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, 'reference_violation', '/cover']);
    }
    const own = await uploaded(png, { token: bob.token });
    const post = await create({ cover: own.id }, bob.token);
    for (const { id } of [pending, attached]) expect((await change(post.body.id, { cover: id }, bob.token)).status).toBe(422);
    expect(await up.sql('SELECT record FROM underpin.file_uses WHERE file = ANY ($1)', [[pending.id, attached.id]])).toEqual([
      { record: mine.body.id },
    ]);
    // Once he may read it, he may name it; and what was named before stays where it is when he may not any more.
    await change(mine.body.id, { open: true });
    expect((await change(post.body.id, { cover: attached.id }, bob.token)).status).toBe(200);
    await change(mine.body.id, { open: false });
    expect((await change(post.body.id, { cover: attached.id, title: 'still' }, bob.token)).status).toBe(200);
  });

  test('loses what he may within a second, through signed links too', async () => {
    const file = await uploaded();
    const post = await create({ cover: file.id, open: true });
    const eve = await up.account('eve');
    const link = await up.send(`POST /files/${file.id}/link`, { token: eve.token, body: { expiresIn: 600 } });
    expect([link.status, Object.keys(link.body)]).toEqual([201, ['url', 'expires']]);
    const path = new URL(link.body.url).pathname + new URL(link.body.url).search;
    expect([await status(file.url, eve.token), await status(path), await status(path, bob.token)]).toEqual([200, 200, 200]);
    await change(post.body.id, { open: false });
    const ended = performance.now();
    while ((await status(file.url, eve.token)) === 200 || (await status(path)) === 200)
      expect(performance.now() - ended).toBeLessThan(1_500);
    expect([await status(file.url, eve.token), await status(path), await status(file.url, ann.token)]).toEqual([404, 404, 200]);
    await change(post.body.id, { open: true });
    expect(await status(path)).toBe(200);
    await up.sql('UPDATE users SET disabled = true WHERE id = $1', [eve.id]);
    expect(await status(path)).toBe(404);
    await up.sql('UPDATE users SET disabled = false WHERE id = $1', [eve.id]);
    await later(async () => expect(await status(path)).toBe(403));
    expect([await status(`${path}x`), await status(path.replace(file.id, post.body.id))]).toEqual([403, 403]);
  });

  test.each([
    ['account', 3_600, 201],
    ['account', 3_601, 400],
    ['admin', 604_800, 201],
    ['admin', 604_801, 400],
  ] as const)('make links: an %s for %d s is answered with %d', async (who, expiresIn, expected) => {
    const file = await uploaded();
    await create({ cover: file.id });
    const made = await up.send(`POST /files/${file.id}/link`, {
      token: who === 'admin' ? up.owner : ann.token,
      body: { expiresIn, thumb: '20x20' },
    });
    expect(made.status).toBe(expected);
    if (expected !== 201) return;
    const shown = await fetch(made.body.url.replace(/^http:\/\/localhost:\d+/, up.url));
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/webp']);
  });

  test('make a link for somebody else: only who is trusted, and it has the rights of both', async () => {
    const file = await uploaded();
    const post = await create({ cover: file.id });
    const body = { for: { collection: 'users', id: bob.id } };
    expect((await up.send(`POST /files/${file.id}/link`, { token: ann.token, body })).status).toBe(403);
    const made = await up.send(`POST /files/${file.id}/link`, { token: up.owner, body });
    const path = new URL(made.body.url).pathname + new URL(made.body.url).search;
    expect(await status(path)).toBe(404);
    await change(post.body.id, { open: true });
    expect(await status(path)).toBe(200);
  });

  test('see it by the cookie of his session, as a picture in a page asks for it', async () => {
    const file = await uploaded();
    await create({ cover: file.id });
    const signIn = (who: string) =>
      up.send('POST /auth/users/sign-in', {
        body: { email: `${who}@example.com`, password: 'correct horse battery staple' },
        headers: { 'x-underpin-session': 'cookie', origin: up.url },
      });
    const cookieOf = async (who: string) => (await signIn(who)).headers.get('set-cookie')?.split(';')[0] ?? '';
    const [hers, his] = [await cookieOf('ann'), await cookieOf('bob')];
    expect(hers).toMatch(/^underpin_session=./);
    expect([await status(file.url, undefined, { cookie: hers }), await status(file.url, undefined, { cookie: his })]).toEqual([200, 404]);
    // Nothing else is done by a cookie that no page of ours sent.
    expect(await status(`/api/v1/files/${file.id}`, undefined, { cookie: hers }, 'DELETE')).toBe(404);
    expect(await stateOf(file.id)).toBe('attached');
  });

  test('see pending files of his own in _files, and nobody else’s; admins see all', async () => {
    const file = await uploaded();
    const ids = async (token: string) =>
      (await up.send('GET /records/_files?limit=200', { token })).body.data.map(({ id }: { id: string }) => id);
    expect([
      (await ids(ann.token)).includes(file.id),
      (await ids(bob.token)).includes(file.id),
      (await ids(up.owner)).includes(file.id),
    ]).toEqual([true, false, true]);
    await create({ cover: file.id });
    expect([(await ids(ann.token)).includes(file.id), (await ids(up.owner)).includes(file.id)]).toEqual([false, true]);
    expect((await up.send('GET /records/_files')).status).toBe(401);
    for (const method of ['PATCH', 'DELETE'])
      expect((await up.send(`${method} /records/_files/${file.id}`, { token: ann.token, body: {} })).status).toBe(403);
  });
});

describe('an upload', () => {
  const cases: readonly (readonly [string, () => Promise<Buffer | string>, Parameters<typeof upload>[2], number, string])[] = [
    ['for no field', async () => png, { field: 'nothing' }, 400, 'unknown_field'],
    ['for a field of text', async () => png, { field: 'title' }, 400, 'invalid_request'],
    ['for no collection', async () => png, { collection: 'nothing' }, 404, 'not_found'],
    ['by nobody, where only accounts write', async () => png, { token: undefined }, 401, 'unauthenticated'],
    ['of a text that is called a picture', async () => 'no picture', { name: 'a.png' }, 415, 'unsupported_media_type'],
    [
      'of a drawing with scripts',
      async () => '<svg xmlns="http://www.w3.org/2000/svg"/>',
      { name: 'a.png' },
      415,
      'unsupported_media_type',
    ],
    ['of more bytes than the field takes', async () => picture(700, 700), {}, 413, 'payload_too_large'],
  ];
  test.each(cases)('%s is refused', async (_what, bytes, asked, expected, code) => {
    const before = await up.sql('SELECT id FROM underpin.files ORDER BY id');
    const answer = await upload(up, await bytes(), { token: ann.token, ...asked });
    expect([answer.status, answer.body.code]).toEqual([expected, code]);
    expect(await up.sql('SELECT id FROM underpin.files ORDER BY id')).toEqual(before);
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });

  test('that is too large is refused while it comes, though its length is not said', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(65_536);
    }
    const asked = request(`${up.url}/api/v1/files?collection=posts&field=papers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}` },
    });
    const answered = new Promise<number>((resolve) => {
      asked.once('response', ({ statusCode = 0 }) => resolve(statusCode));
      // The answer comes while the body is still being sent; a client may see the connection end first.
      asked.once('error', () => resolve(413));
    });
    Readable.from(endless())
      .on('error', () => undefined)
      .pipe(asked);
    expect(await answered).toBe(413);
    asked.destroy();
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });

  test.each([
    ['multipart/form-data with one file', { file: 'words' }, 201],
    ['multipart/form-data with two', { file: 'words', other: 'more' }, 400],
    ['multipart/form-data with none', {}, 422],
  ] as const)('as %s', async (_what, files, expected) => {
    const before = (await up.sql('SELECT count(*)::int AS n FROM underpin.files'))[0]?.['n'];
    const form = new FormData();
    for (const [name, text] of Object.entries(files)) form.append(name, new Blob([text]), 'w\u00f6rter.txt');
    const answer = await upload(up, form, { field: 'papers', token: ann.token });
    expect([answer.status, answer.body.name]).toEqual([expected, expected === 201 ? 'w\u00f6rter.txt' : undefined]);
    expect((await up.sql('SELECT count(*)::int AS n FROM underpin.files'))[0]?.['n']).toBe(Number(before) + (expected === 201 ? 1 : 0));
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });

  test.each([
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ["attachment; filename*=UTF-8''%e2%82%ac.txt", '\u20ac.txt'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['attachment; filename="..\\\\..\\\\evil.exe"', 'evil.exe'],
    ['nonsense;;;=', 'file'],
  ])('with Content-Disposition %s is called %s', async (header, name) => {
    const file = await uploaded('words', { field: 'papers', name: undefined as never, headers: { 'content-disposition': header } });
    expect(file.name).toBe(name);
    const shown = await get(file.url, ann.token);
    expect([shown.status, shown.headers.get('content-disposition')]).toEqual([200, expect.stringContaining('filename')]);
  });

  test.each([
    ['a type of several parts that is no form', { 'content-type': 'multipart/mixed; boundary=x' }, '', 415],
    ['a form without a boundary', { 'content-type': 'multipart/form-data' }, '', 415],
    ['a boundary that is too long', { 'content-type': `multipart/form-data; boundary=${'x'.repeat(300)}` }, '', 415],
    ['an encoding', { 'content-encoding': 'gzip' }, '', 415],
    ['a parameter twice', {}, '&field=cover', 400],
    ['an unknown parameter', {}, '&x=1', 400],
  ])('with %s is refused', async (_what, headers, more, expected) => {
    const before = await up.sql('SELECT id FROM underpin.files ORDER BY id');
    const answer = await fetch(`${up.url}/api/v1/files?collection=posts&field=papers${more}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'text/plain', ...headers },
      body: 'words',
    });
    expect([answer.status, await up.sql('SELECT id FROM underpin.files ORDER BY id')]).toEqual([expected, before]);
  });

  test('takes no more than the quota, though many come at once', async () => {
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'bounded',
        fields: [
          { name: 'all', type: 'file', quota: 10_000 },
          { name: 'each', type: 'file', quotaPerAccount: 5_000 },
        ],
        rules: { list: 'true', create: 'true' },
      },
    });
    const some = 'x'.repeat(3_000);
    const answers = await Promise.all(
      [...'12345678'].map(() => upload(up, some, { collection: 'bounded', field: 'all', token: ann.token })),
    );
    expect(answers.map(({ status: answered }) => answered).sort()).toEqual([201, 201, 201, 413, 413, 413, 413, 413]);
    expect(answers.find(({ status: answered }) => answered === 413)?.body.code).toBe('quota_exceeded');
    const each = async (token: string) => (await upload(up, some, { collection: 'bounded', field: 'each', token })).status;
    expect([await each(ann.token), await each(ann.token), await each(bob.token)]).toEqual([201, 413, 201]);
    // Nor by way of a field that has none.
    const other = await uploaded('words', { field: 'papers', name: 'a.txt' });
    const named = await up.send('POST /records/bounded', { token: ann.token, body: { all: other.id } });
    expect([named.status, named.body.errors[0].pointer]).toEqual([422, '/all']);
  });

  test('of somebody without an account: twenty may wait for a record', async () => {
    const anybody = async () => (await upload(up, 'x', { collection: 'bounded', field: 'all' })).status;
    const answers: number[] = [];
    for (let n = 0; n < 21; n++) answers.push(await anybody());
    expect(answers).toEqual([...Array.from({ length: 20 }, () => 201), 429]);
  });

  test('is judged by the field that it comes to, whichever it was uploaded for', async () => {
    const text = await uploaded('words', { field: 'papers', name: 'a.txt' });
    const answer = await create({ cover: text.id });
    expect([answer.status, answer.body.errors[0]]).toEqual([
      422,
      expect.objectContaining({ pointer: '/cover', code: 'validation_failed' }),
    ]);
    expect((await create({ papers: [text.id] })).status).toBe(201);
    expect((await create({ papers: [text.id, text.id] })).status).toBe(422);
    expect((await create({ papers: [text.id, text.id, text.id, text.id] })).status).toBe(422);
    expect((await create({ cover: { id: text.id, extra: 1 } })).status).toBe(422);
  });
});

describe('a rule', () => {
  test('sees what is known of a file, before the record is written', async () => {
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'small',
        fields: [{ name: 'file', type: 'file' }],
        rules: { list: 'true', create: 'file.size < 10 && file.type == "text/plain"' },
      },
    });
    const attempt = async (bytes: string | Buffer): Promise<number> => {
      const file = await uploaded(bytes, { collection: 'small', field: 'file', name: 'x' });
      return (await up.send('POST /records/small', { token: ann.token, body: { file: file.id } })).status;
    };
    expect([await attempt('few'), await attempt('more than ten'), await attempt(png)]).toEqual([201, 403, 403]);
    const listed = await up.send(`GET /records/small?filter=${encodeURIComponent('file.size > 2 && file.type == "text/plain"')}`);
    expect(listed.body.data).toHaveLength(1);
  });
});

test('a picture of any size and kind has one, and thumbs', async () => {
  const { default: sharp } = await import('sharp');
  for (const [kind, lossless] of [
    ['webp', false],
    ['webp', true],
    ['jpeg', false],
    ['png', false],
  ] as const) {
    const raw = sharp(randomBytes(400 * 300 * 3), { raw: { width: 400, height: 300, channels: 3 } });
    const bytes = await (kind === 'webp' ? raw.webp({ lossless, quality: 100 }) : raw.toFormat(kind)).toBuffer();
    expect(bytes.length).toBeGreaterThan(65_536);
    const file = await uploaded(bytes, { name: `a.${kind}` });
    expect([kind, file.type, file.width, file.height]).toEqual([kind, `image/${kind}`, 400, 300]);
    await create({ cover: file.id });
    expect(await status(`${file.url}?thumb=20x20`, ann.token)).toBe(200);
  }
});

describe('the store', () => {
  test('is left alone where something lies that is not ours', async () => {
    const foreign = join(up.dataDir, 'files/whole/README.md');
    writeFileSync(foreign, 'by somebody else');
    utimesSync(foreign, 0, 0);
    await later(async () => expect((await sweep()).status).toBe(200));
    expect(readFileSync(foreign, 'utf8')).toBe('by somebody else');
    rmSync(foreign);
  });

  test('is rid of what has no row, and keeps what is older than the database, which may be the one that was lost', async () => {
    const name = (): string => [randomUUID()].map((id) => `${id.slice(-2)}/${id}`).join();
    const [stray, kept] = [name(), name()];
    const { storage } = up.app.base;
    for (const one of [stray, kept]) await storage.put(one, Readable.from([Buffer.from('bytes')]));
    const [row] = await up.sql('SELECT extract(epoch FROM min(applied))::float8 AS made FROM underpin.migrations');
    const before = Number(row?.['made']) - 1;
    utimesSync(join(up.dataDir, 'files/whole', kept), before, before);
    await later(async () => expect((await sweep()).status).toBe(200));
    const left = await namesInStore(up);
    expect([left.includes(stray), left.includes(kept)]).toEqual([false, true]);
    await storage.remove(kept);
  });

  test('that has lost a file says so', async () => {
    const file = await uploaded(await picture(), { field: 'papers' });
    await create({ papers: [file.id] });
    await up.app.base.storage.remove(`${file.id.slice(-2)}/${file.id}`);
    const answer = await get(file.url, ann.token);
    expect([answer.status, (await answer.json()).code]).toEqual([410, 'gone']);
    await up.sql('UPDATE posts SET papers = $1 WHERE papers @> $2', ['[]', JSON.stringify([{ id: file.id }])]);
    await up.send(`DELETE /files/${file.id}`, { token: up.owner });
  });
});

describe('the bytes', () => {
  let file: { id: string; url: string; sha256: string };
  const text = Array.from({ length: 1_000 }, (_none, n) => `line ${n}\n`).join('');
  beforeAll(async () => {
    file = await uploaded(text, { field: 'papers', name: 'lines.txt' });
    await create({ papers: [file.id] });
  });
  test.each([
    ['bytes=0-9', 206, `bytes 0-9/${text.length}`, text.slice(0, 10)],
    ['bytes=-5', 206, `bytes ${text.length - 5}-${text.length - 1}/${text.length}`, text.slice(-5)],
    ['bytes=8000-', 206, `bytes 8000-${text.length - 1}/${text.length}`, text.slice(8_000)],
    ['bytes=0-0,5-6', 200, null, text],
    [`bytes=${Array.from({ length: 1_000 }, (_none, n) => `${n}-${n}`).join()}`, 200, null, text],
    ['lines=1-2', 200, null, text],
    ['bytes=99999-', 416, `bytes */${text.length}`, undefined],
  ])('of range %s', async (range, expected, contentRange, body) => {
    const answer = await get(file.url, ann.token, { range });
    const came = await answer.text();
    expect([answer.status, answer.headers.get('content-range')]).toEqual([expected, contentRange]);
    if (body !== undefined) expect([came, answer.headers.get('content-length')]).toEqual([body, String(body.length)]);
  });

  test('are sent again only where they changed, and a range only of what is the same', async () => {
    const tag = `"${file.sha256}"`;
    expect([
      await status(file.url, ann.token, { 'if-none-match': tag }),
      await status(file.url, ann.token, { 'if-none-match': `"x", W/${tag}` }),
      await status(file.url, ann.token, { 'if-none-match': '"x"' }),
    ]).toEqual([304, 304, 200]);
    const ranged = async (ifRange: string) => status(file.url, ann.token, { range: 'bytes=0-1', 'if-range': ifRange });
    expect([await ranged(tag), await ranged('"x"')]).toEqual([206, 200]);
    const head = await get(file.url, ann.token, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag'), await head.text()]).toEqual([
      200,
      String(text.length),
      tag,
      '',
    ]);
  });

  test.each([
    ['a.txt', 'plain words', 'text/plain; charset=utf-8', 'inline'],
    ['a.html', '<!doctype html><script>alert(1)</script>', 'text/html', 'attachment'],
    ['a.txt', '<html><body>', 'text/html', 'attachment'],
    ['a.png', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', 'image/svg+xml', 'attachment'],
    ['a.pdf', '%PDF-1.7\n', 'application/pdf', 'attachment'],
    ['a.json', '{"a":1}', 'application/json', 'attachment'],
    ['a.js', 'alert(1)', 'text/plain; charset=utf-8', 'attachment'],
    ['a', '\u0003\u0004', 'application/octet-stream', 'attachment'],
  ])('of %s with %j are %s, shown %s', async (name, bytes, type, shown) => {
    const one = await uploaded(bytes, { field: 'papers', name });
    const answer = await get(one.url, ann.token);
    expect([answer.headers.get('content-type'), answer.headers.get('content-disposition')?.split(';')[0]]).toEqual([type, shown]);
    expect([
      answer.headers.get('content-security-policy'),
      answer.headers.get('x-content-type-options'),
      answer.headers.get('cache-control'),
    ]).toEqual([expect.stringMatching(/^default-src 'none'.*sandbox$/), 'nosniff', 'private, no-cache']);
    expect((await get(`${one.url}?download`, ann.token)).headers.get('content-disposition')).toMatch(/^attachment/);
  });
});

describe('a thumb', () => {
  test('is made once for all who ask at once, only in sizes that are declared, and only of pictures', async () => {
    const file = await uploaded(await picture(300, 200));
    await create({ cover: file.id });
    const before = (await namesInStore(up)).length;
    const all = await Promise.all(
      Array.from({ length: 10 }, async () => sha256(Buffer.from(await (await get(`${file.url}?thumb=20x20`, ann.token)).arrayBuffer()))),
    );
    expect([new Set(all).size, (await namesInStore(up)).length]).toEqual([1, before + 1]);
    const { default: sharp } = await import('sharp');
    const size = async (thumb: string) => {
      const { width, height } = await sharp(
        Buffer.from(await (await get(`${file.url}?thumb=${thumb}`, ann.token)).arrayBuffer()),
      ).metadata();
      return [width, height];
    };
    expect([await size('20x20'), await size('0x10')]).toEqual([
      [20, 20],
      [15, 10],
    ]);
    expect([await status(`${file.url}?thumb=21x20`, ann.token), await status(`${file.url}?thumb=x`, ann.token)]).toEqual([404, 404]);
    const text = await uploaded('words', { field: 'papers' });
    await create({ papers: [text.id] });
    expect(await status(`${text.url}?thumb=20x20`, ann.token)).toBe(404);
  });

  test('of a picture that breaks off cannot be drawn, and is not tried again', async () => {
    const whole = await picture(300, 200);
    const file = await uploaded(Buffer.concat([whole.subarray(0, 300), Buffer.alloc(100)]));
    await create({ cover: file.id });
    expect([await status(`${file.url}?thumb=20x20`, ann.token), await status(`${file.url}?thumb=20x20`, ann.token)]).toEqual([404, 404]);
    expect(await up.sql('SELECT bytes::int FROM underpin.thumbs WHERE file = $1', [file.id])).toEqual([{ bytes: 0 }]);
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });
});

describe('an import', () => {
  const fetched = (url: string, token = ann.token) =>
    up.send('POST /files/import', { token, body: { url, collection: 'posts', field: 'papers' } });
  let other: Server;
  let base = '';
  let asked: string[] = [];
  beforeAll(async () => {
    other = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/to') return void response.writeHead(302, { location: '/a%20b.txt' }).end();
      if (request.url === '/away') return void response.writeHead(302, { location: 'http://10.0.0.1/x' }).end();
      if (request.url === '/around') return void response.writeHead(302, { location: '/around' }).end();
      if (request.url === '/missing') return void response.writeHead(404).end();
      if (request.url === '/half') return void response.writeHead(200, { 'content-length': 10 }).write('half', () => response.destroy());
      response.end('fetched words');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  });
  afterAll(() => void other.close());

  test('fetches a file, and follows where it is sent', async () => {
    for (const path of ['/a%20b.txt', '/to']) {
      const { status: answered, body } = await fetched(base + path);
      expect([answered, body.name, body.size, body.type]).toEqual([201, 'a b.txt', 13, 'text/plain']);
    }
  });
  test.each([
    ['/away', /not on the public internet/],
    ['/around', /redirected too often/],
    ['/missing', /status 404/],
    ['/half', /broke off/],
  ])('of %s is refused', async (path, message) => {
    const before = await up.sql('SELECT id FROM underpin.files ORDER BY id');
    const answer = await fetched(base + path);
    expect([answer.status, answer.body.errors[0].pointer, answer.body.detail]).toEqual([422, '/url', expect.stringMatching(message)]);
    expect(await up.sql('SELECT id FROM underpin.files ORDER BY id')).toEqual(before);
  });
  test.each([
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]:80/',
    'http://[::ffff:10.0.0.1]/',
    'http://[fd00::1]/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'http://user:pass@example.com/',
    'nonsense',
  ])('asks nobody at %s', async (url) => {
    asked = [];
    const answer = await fetched(url);
    expect([answer.status, answer.body.errors[0].pointer, asked]).toEqual([422, '/url', []]);
  });
  test('asks nobody for one who may not upload', async () => {
    asked = [];
    const answer = await up.send('POST /files/import', { body: { url: `${base}/x`, collection: 'posts', field: 'papers' } });
    expect([answer.status, asked]).toEqual([401, []]);
  });
});

describe('for admins', () => {
  test('there is what there is, and what names a file; and no sweep for those who only look', async () => {
    const file = await uploaded();
    const post = await create({ cover: file.id });
    const details = await up.send(`GET /ops/files/${file.id}`, { token: up.owner });
    expect(details.body).toEqual({
      file: { ...file, state: 'attached', created: expect.any(String), owner: `account:${ann.id}` },
      uses: [{ collection: 'posts', field: 'cover', record: post.body.id }],
      thumbs: [],
    });
    const summary = await up.send('GET /ops/files', { token: up.owner });
    expect(summary.body).toMatchObject({ storage: 'local', states: { attached: { count: expect.any(Number) } } });
    expect(summary.body.fields).toContainEqual(expect.objectContaining({ collection: 'bounded', field: 'all', quota: 10_000 }));
    for (const request of ['GET /ops/files', `GET /ops/files/${file.id}`])
      expect((await up.send(request, { token: ann.token })).status).toBe(403);
    expect((await up.send('POST /ops/files/sweep', { token: ann.token, body: { dryRun: true } })).status).toBe(403);
  });
});

describe('the history', () => {
  test('keeps the files that it names, and gives them back', async () => {
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'kept',
        fields: [{ name: 'file', type: 'file' }],
        history: true,
        rules: { list: 'true', create: 'true', update: 'true', history: 'true' },
      },
    });
    const [one, two] = [
      await uploaded('one', { collection: 'kept', field: 'file' }),
      await uploaded('two', { collection: 'kept', field: 'file' }),
    ];
    const record = (await up.send('POST /records/kept', { token: ann.token, body: { file: one.id } })).body;
    await up.send(`PATCH /records/kept/${record.id}`, { token: ann.token, body: { file: two.id } });
    const history = await up.send(`GET /records/kept/${record.id}/history`, { token: ann.token });
    expect(history.body.data).toHaveLength(2);
    await later(async () => void (await sweep()));
    expect([await stateOf(one.id), await status(one.url, ann.token), await status(two.url, ann.token)]).toEqual(['attached', 404, 200]);
    // Nobody but whoever writes the version again may name it.
    expect((await up.send(`PATCH /records/kept/${record.id}`, { token: bob.token, body: { file: one.id } })).status).toBe(422);
    const restored = await up.send(`POST /records/kept/${record.id}/restore`, { token: bob.token, body: { version: 1 } });
    expect([restored.status, restored.body.file]).toEqual([200, one]);
    await up.send(`DELETE /records/kept/${record.id}?erase=true`, { token: up.owner });
    await up.send(`GET /records/kept/${record.id}/history`, { token: up.owner });
    expect([await stateOf(one.id), await stateOf(two.id)]).toEqual(['orphaned', 'orphaned']);
  });
});
