/** Files: uploaded for a field, named by records, read by whoever sees those, gone with the last. */
import { createHash } from 'node:crypto';
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

const get = (path: string, token?: string, headers: Record<string, string> = {}) =>
  fetch(up.url + path, { headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers } });
const create = (body: Record<string, unknown>, token = ann.token) => up.send('POST /records/posts', { token, body });
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a file', () => {
  test('is uploaded, named by a record, and read by whoever sees it', async () => {
    const { status, body: file } = await upload(up, png, { token: ann.token, name: 'caf\u00e9.png' });
    expect([status, file]).toEqual([
      201,
      {
        id: expect.any(String),
        name: 'caf\u00e9.png',
        type: 'image/png',
        size: png.length,
        sha256: sha256(png),
        width: 40,
        height: 30,
        url: `/api/v1/files/${file.id}/caf%C3%A9.png`,
      },
    ]);
    expect([(await get(file.url, ann.token)).status, (await get(file.url, bob.token)).status, (await get(file.url)).status]).toEqual([
      200, 404, 404,
    ]);
    const post = await create({ title: 'a', cover: file.id });
    expect([post.status, post.body.cover, post.body.papers, post.body.secret]).toEqual([201, file, [], null]);
    expect([(await get(file.url, ann.token)).status, (await get(file.url, bob.token)).status]).toEqual([200, 404]);
    await up.send(`PATCH /records/posts/${post.body.id}`, { token: ann.token, body: { open: true } });
    const read = await get(file.url, bob.token);
    expect([read.status, sha256(Buffer.from(await read.arrayBuffer()))]).toEqual([200, sha256(png)]);
    const again = await up.send(`PATCH /records/posts/${post.body.id}`, { token: ann.token, body: { cover: file, title: 'b' } });
    expect([again.status, again.body.cover]).toEqual([200, file]);
    const thumb = await get(`${file.url}?thumb=20x20`, bob.token);
    expect([thumb.status, thumb.headers.get('content-type')]).toEqual([200, 'image/webp']);
    expect(await namesInStore(up)).toEqual(await namesInTable(up));
  });
});
