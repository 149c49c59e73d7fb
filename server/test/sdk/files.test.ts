/** Files by the client against a whole server, over a way that breaks: what arrives is what was sent, and nothing else is left. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { attempt, createClient, type ApiError, type Client, type ClientOptions } from '@underpin/sdk';
import sharp from 'sharp';
import type { Untyped } from '../../../sdk/src/types.ts';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';

let up: TestApp;
let way: Proxy;
let ann: Client<Untyped>;
/** What the browser would keep for the page, across reloads. */
const kept = new Map<string, string>();
const part = 16_777_216;
const large = randomBytes(40_000_000);
const shot = (name = 'shot.bin'): File => new File([large], name, { lastModified: 1_000 });
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const client = (more: Partial<ClientOptions> = {}): Client<Untyped> => createClient({ url: way.url, ...more });
const clientOf = async (name: string): Promise<Client<Untyped>> => {
  const one = client();
  await one.auth.signIn({ email: `${name}@example.com`, password });
  return one;
};
const shots = { collection: 'posts', field: 'shots' };
const cover = { collection: 'posts', field: 'cover' };
let picture: Blob;
const failure = async (work: PromiseLike<unknown>): Promise<ApiError> => {
  const [error] = await attempt(work);
  if (!error) throw new Error('did not fail');
  return error;
};
const filesLeft = async (): Promise<number> => Number((await up.sql('SELECT count(*) AS n FROM underpin.files'))[0]?.['n']);

beforeAll(async () => {
  const storage: Partial<Storage> = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true });
  picture = new Blob([
    await sharp({ create: { width: 800, height: 600, channels: 3, background: '#c33' } })
      .png()
      .toBuffer(),
  ]);
  up = await startTestApp();
  const body = {
    name: 'posts',
    fields: [
      { name: 'title', type: 'text', required: true },
      { name: 'cover', type: 'file', types: ['image/*'], thumbs: ['400x300'], maxSize: 1_000_000 },
      { name: 'shots', type: 'file', many: true, maxSize: 100_000_000 },
    ],
    indexes: [{ fields: ['title'], unique: true }],
    rules: { list: 'auth != null', view: 'auth != null', create: 'auth != null', update: 'auth != null', delete: 'auth != null' },
  };
  const made = await up.send('POST /collections', { token: up.owner, body });
  if (made.status !== 201) throw new Error(made.text);
  for (const name of ['ann', 'bob']) await up.account(name);
}, 60_000);
afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'localStorage');
  await up.close();
});
beforeEach(async () => {
  way = await startProxy(up.url);
  ann = await clientOf('ann');
});
afterEach(async () => {
  await way.close();
  await up.sql('TRUNCATE posts CASCADE');
  await up.sql('TRUNCATE underpin.files CASCADE');
  kept.clear();
  up.ahead = 0;
});

describe('one file', () => {
  test('is uploaded, read, linked to, shown smaller, and taken back', async () => {
    const file = await ann.files.upload(picture, { ...cover, name: 'a b.png' });
    expect(file).toMatchObject({ name: 'a b.png', type: 'image/png', size: picture.size, width: 800, height: 600 });
    const whole = await ann.files.blob(file);
    expect([whole.type, hashOf(new Uint8Array(await whole.arrayBuffer()))]).toEqual(['image/png', file.sha256]);
    const post = await ann.collection('posts').create({ title: 'x', cover: file });
    expect(post['cover']).toEqual(file);
    const thumb = await ann.files.blob(file, { thumb: '400x300' });
    expect((await sharp(Buffer.from(await thumb.arrayBuffer())).metadata()).width).toBe(400);
    expect((await fetch(ann.files.url(file))).status).toBe(404);
    const { url } = await ann.files.link(file, { expiresIn: 60, thumb: '400x300' });
    const shown = await fetch(url.replace(/^https?:\/\/[^/]+/, up.url));
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, thumb.type]);
    expect((await failure(ann.files.remove(file))).code).toBe('conflict');
    const other = await ann.files.upload(picture, cover);
    await ann.files.remove(other);
    expect((await failure(ann.files.blob(other))).code).toBe('not_found');
    expect((await failure(ann.files.blob(file, { thumb: '1x1' }))).code).toBe('not_found');
  });

  test('is refused with the code of the server, whichever way it goes', async () => {
    expect((await failure(ann.files.upload(new Blob(['text']), cover))).code).toBe('unsupported_media_type');
    expect((await failure(ann.files.upload(new Blob([randomBytes(2_000_000)]), cover))).code).toBe('payload_too_large');
    expect((await failure(ann.files.upload(shot(), cover))).code).toBe('payload_too_large');
    expect((await failure(client().files.upload(shot(), shots))).code).toBe('unauthenticated');
    expect((await failure(ann.files.upload(shot(), { collection: 'posts', field: 'title' }))).code).toBe('invalid_request');
    expect((await failure(ann.files.importUrl('http://127.0.0.1:1/a.png', cover))).fields[0]?.pointer).toBe('/url');
    expect(await filesLeft()).toBe(0);
    expect(kept.size).toBe(0);
  });
});

describe('a large file', () => {
  const isWhole = { size: large.length, sha256: hashOf(large) };

  test('arrives as it is, though the line breaks twice, and tells how far it is', async () => {
    const sent: number[] = [];
    const broken = way.cutUpload(part + 5_000_000).then(() => way.cutUpload(9_000_000));
    const file = await ann.files.upload(shot(), { ...shots, onProgress: (one) => sent.push(one.sent) });
    await broken;
    expect(file).toMatchObject({ ...isWhole, name: 'shot.bin' });
    expect(sent.at(-1)).toBe(large.length);
    expect(await filesLeft()).toBe(1);
    expect(kept.size).toBe(0);
  }, 30_000);

  test('is paused, and goes on from there, also after its token has ended', async () => {
    const sent: number[] = [];
    const upload = ann.files.upload(new Blob([large]), {
      ...{ ...shots, name: 'a.bin' },
      onProgress: (one) => {
        sent.push(one.sent);
        if (one.sent >= part && up.ahead === 0) {
          up.ahead = 11 * 60_000;
          upload.pause();
        }
      },
    });
    await until('the first part is there', () => sent.some((one) => one >= part));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = sent.length;
    expect(Math.max(...sent)).toBeLessThan(large.length);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent.length).toBe(before);
    upload.resume();
    expect(await upload).toMatchObject({ ...isWhole, name: 'a.bin' });
    expect(Math.min(...sent.slice(before))).toBeGreaterThanOrEqual(part);
    expect(await filesLeft()).toBe(1);
  }, 30_000);

  test('leaves nothing when it is aborted, by its signal too', async () => {
    for (const abort of ['method', 'signal']) {
      const controller = new AbortController();
      const upload = ann.files.upload(shot(), {
        ...{ ...shots, signal: controller.signal },
        onProgress: ({ sent }) => sent >= part && (abort === 'signal' ? controller.abort() : void upload.abort()),
      });
      expect((await failure(upload)).code).toBe('aborted');
      await until('nothing is left', async () => (await filesLeft()) === 0);
      expect(kept.size).toBe(0);
    }
  }, 30_000);

  /** Uploads its first part, as a page that is then closed. */
  const begin = async (one: Client<Untyped>): Promise<string> => {
    await new Promise<void>((resolve) => {
      const upload = one.files.upload(shot(), {
        ...shots,
        onProgress: ({ sent }) => {
          if (sent < part) return;
          upload.pause();
          resolve();
        },
      });
    });
    return String((await up.sql('SELECT id FROM underpin.files ORDER BY id DESC LIMIT 1'))[0]?.['id']);
  };

  test('goes on in a page that was loaded anew, for whom it is and what it was', async () => {
    const id = await begin(ann);
    const sent: number[] = [];
    const bob = await clientOf('bob');
    expect((await bob.files.upload(shot(), shots)).id).not.toBe(id);
    expect((await (await clientOf('ann')).files.upload(shot('other.bin'), shots)).id).not.toBe(id);
    const again = await (await clientOf('ann')).files.upload(shot(), { ...shots, onProgress: (one) => sent.push(one.sent) });
    expect(again).toMatchObject({ ...isWhole, id });
    expect(Math.min(...sent)).toBeGreaterThanOrEqual(part);
    expect(kept.size).toBe(0);
    expect((await (await clientOf('ann')).files.upload(shot(), shots)).id).not.toBe(id);
  }, 30_000);

  test('begins anew where the server has it no more', async () => {
    const id = await begin(ann);
    expect((await up.send(`DELETE /files/${id}`, { token: up.owner })).status).toBe(204);
    const file = await (await clientOf('ann')).files.upload(shot(), shots);
    expect(file).toMatchObject(isWhole);
    expect(file.id).not.toBe(id);
    expect(kept.size).toBe(0);
  }, 30_000);

  test('is not gone on with as somebody else', async () => {
    let isPaused = (): void => undefined;
    const paused = new Promise<void>((resolve) => (isPaused = resolve));
    const upload = ann.files.upload(shot(), {
      ...shots,
      onProgress: ({ sent }) => {
        if (sent < part) return;
        upload.pause();
        isPaused();
      },
    });
    await paused;
    await ann.auth.signIn({ email: 'bob@example.com', password });
    upload.resume();
    expect((await failure(upload)).code).toBe('unauthenticated');
    expect(await filesLeft()).toBe(1);
  }, 30_000);
});

describe('files in what is written', () => {
  test('become files of the record, in create, update, upsert and batches', async () => {
    const posts = ann.collection('posts');
    const post = await posts.create({ title: 'a', cover: picture, shots: [shot(), new Blob(['b'])] });
    expect(post).toMatchObject({ cover: { width: 800 }, shots: [{ size: large.length, name: 'shot.bin' }, { size: 1 }] });
    const [first] = Object.values(Object(post['shots']));
    const changed = await posts.update(String(post['id']), { shots: [new File(['c'], 'c.txt'), first] }, { ifVersion: 1 });
    expect(changed['shots']).toMatchObject([{ name: 'c.txt' }, first]);
    const same = await posts.upsert({ title: 'a', cover: picture }, { onConflict: ['title'] });
    expect([same['id'], Object(same['cover']).id === Object(post['cover']).id]).toEqual([post['id'], false]);
    const { one, two } = await ann.batch((tx) => ({
      one: tx.collection('posts').create({ title: 'b', cover: picture }),
      two: tx.collection('posts').create({ title: 'c', shots: [new Blob(['d'])] }),
    }));
    expect([one, two]).toMatchObject([{ cover: { width: 800 } }, { shots: [{ size: 1 }] }]);
  }, 30_000);

  test('are gone again where the write is refused', async () => {
    await ann.collection('posts').create({ title: 'a' });
    const refused = [
      ann.collection('posts').create({ title: 'a', cover: picture, shots: [new Blob(['b'])] }),
      ann.batch((tx) => void tx.collection('posts').create({ title: 'a', cover: picture })),
    ];
    for (const write of refused) expect((await failure(write)).code).toBe('unique_violation');
    await until('nothing is left', async () => (await filesLeft()) === 0);
  });
});
