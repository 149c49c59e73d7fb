/**
 * Uploads by the client that everybody uses, over a line that is cut and to a server that is started anew: what comes out is what went
 * in, no step goes back, and nothing of it is read again on the way. The long form: npm run test:long.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { afterAll, beforeAll, expect, jest, type test } from '@jest/globals';
import * as tus from 'tus-js-client';
import type { Driver } from '../../src/storage/driver.ts';
import type { BucketOptions } from '../../src/storage/bucket.ts';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { namesInStore, namesInTable, picture, upload } from '../support/files.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { randomness } from '../property/random.ts';

const isLong = process.env['UNDERPIN_TEST_LONG'] !== undefined;
const { size, cuts, restarts } = isLong ? { size: 64 * 1_048_576, cuts: 20, restarts: 3 } : { size: 8 * 1_048_576, cuts: 5, restarts: 1 };
const seed = Number(process.env['SEED'] ?? 1);

/** `bucket`: where the store is one. */
export function uploadsInto(
  each: typeof test | typeof test.skip,
  isSkipped: boolean,
  bucket: () => Promise<BucketOptions | undefined>,
): void {
  let up: TestApp;
  let proxy: Proxy;
  let ann: { token: string };

  beforeAll(async () => {
    if (isSkipped) return;
    const options = await bucket();
    up = await startTestApp(
      options === undefined
        ? {}
        : {
            STORAGE: 's3',
            S3_ENDPOINT: options.endpoint ?? '',
            S3_BUCKET: options.bucket,
            S3_ACCESS_KEY_ID: options.accessKeyId,
            S3_SECRET_ACCESS_KEY: options.secretAccessKey,
          },
    );
    proxy = await startProxy(up.url);
    ann = await up.account('ann');
    await up.send('POST /collections', {
      token: up.owner,
      body: {
        name: 'films',
        fields: [{ name: 'film', type: 'file', maxSize: 100_000_000, thumbs: ['20x20'] }],
        rules: { list: 'true', create: 'true', update: 'true', delete: 'true' },
      },
    });
  }, 90_000);
  afterAll(async () => {
    if (isSkipped) return;
    await proxy.close();
    await up.close();
  }, 60_000);

  const signedIn = async (): Promise<string> =>
    (await up.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
  const sweepLater = async (): Promise<number> => {
    up.ahead += 25 * 3_600_000;
    const swept = await up.send('POST /ops/files/sweep', { token: await signedIn(), body: { dryRun: false } });
    up.ahead = 0;
    return swept.body.count;
  };
  const sameNames = async (): Promise<string[]> => {
    const names = await namesInStore(up);
    expect(names).toEqual(await namesInTable(up));
    return names;
  };

  each('what lies there is what the table says, before and after every sweep', async () => {
    const bytes = await picture(300, 200);
    const sent = { collection: 'films', field: 'film', name: 'a.png', token: ann.token };
    const files = [];
    for (let n = 0; n < 4; n++) files.push((await upload(up, bytes, sent)).body);
    const [kept, shared, gone, pending] = files;
    const make = async (film: string) => (await up.send('POST /records/films', { token: ann.token, body: { film } })).body.id;
    await make(kept.id);
    const [first, second, third] = [await make(shared.id), await make(shared.id), await make(gone.id)];
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(up.url + path, { headers: { authorization: `Bearer ${ann.token}`, ...headers } });
    for (const one of [kept, shared, gone]) expect((await get(`${one.url}?thumb=20x20`)).status).toBe(200);
    const part = await get(kept.url, { range: 'bytes=100-199' });
    expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200))]).toEqual([206, true]);
    expect(await sameNames()).toHaveLength(7);
    await up.send(`DELETE /records/films/${third}`, { token: ann.token });
    await up.send(`DELETE /records/films/${first}`, { token: ann.token });
    expect(await sameNames()).toHaveLength(7);
    expect([await sweepLater(), await sameNames()]).toEqual([2, expect.not.arrayContaining([expect.stringContaining(pending.id)])]);
    await up.send(`DELETE /records/films/${second}`, { token: ann.token });
    expect([await sweepLater(), await sameNames()]).toEqual([
      1,
      [`${kept.id.slice(-2)}/${kept.id}`, `${kept.id.slice(-2)}/${kept.id}-20x20`],
    ]);
    // Bytes without a row, as a database leaves them that was set back.
    await up.sql('TRUNCATE films');
    await up.sql('DELETE FROM underpin.thumbs');
    await up.sql('DELETE FROM underpin.files');
    expect(await namesInStore(up)).toHaveLength(2);
    expect([await sweepLater(), await sameNames()]).toEqual([2, []]);
  });

  each(
    `${size / 1_048_576} MiB, ${cuts} cuts, ${restarts} new starts (seed ${seed})`,
    async () => {
      const { below } = randomness(seed);
      const bytes = randomBytes(size);
      const reads = await countReads(up);
      const offsets: number[] = [];
      let url = '';
      const done = new Promise<void>((resolve, reject) => {
        const upload = new tus.Upload(bytes, {
          endpoint: `${proxy.url}/api/v1/files/tus`,
          chunkSize: 3_000_000,
          retryDelays: Array.from({ length: 200 }, () => 30),
          metadata: { collection: 'films', field: 'film', filename: 'film.bin' },
          headers: { authorization: `Bearer ${ann.token}` },
          onAfterResponse: (_request, response) => {
            const offset = response.getHeader('Upload-Offset');
            if (offset !== undefined && response.getStatus() < 300) offsets.push(Number(offset));
          },
          onUploadUrlAvailable: () => void (url = upload.url ?? ''),
          onSuccess: () => resolve(),
          onError: reject,
        });
        upload.start();
      });
      done.catch(() => undefined);
      // Cuts and new starts in turn, at places drawn by chance.
      for (let n = 0; n < cuts; n++) {
        const isCut = await Promise.race([proxy.cutUpload(below(Math.floor(size / (cuts + 1)))).then(() => true), done.then(() => false)]);
        if (isCut && n % Math.ceil(cuts / restarts) === 0) await up.restart();
      }
      await done;
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
      expect(offsets.at(-1)).toBe(size);
      const { body: file } = await up.send(`GET /files/tus/${url.split('/').at(-1) ?? ''}`, { token: ann.token });
      expect([file.size, file.sha256, file.type]).toEqual([
        size,
        createHash('sha256').update(bytes).digest('hex'),
        'application/octet-stream',
      ]);
      expect(reads()).toEqual({ gets: 0, reads: 0 });
      const read = await fetch(up.url + file.url, { headers: { authorization: `Bearer ${ann.token}` } });
      expect(
        createHash('sha256')
          .update(Buffer.from(await read.arrayBuffer()))
          .digest('hex'),
      ).toBe(file.sha256);
      expect(await namesInStore(up)).toEqual(await namesInTable(up));
      expect([await sweepLater(), await namesInStore(up), await up.sql('SELECT FROM underpin.files')]).toEqual([1, [], []]);
    },
    isLong ? 1_200_000 : 120_000,
  );
}

/** What is got from the store, and how often any open file is read from, from now on. */
async function countReads(up: TestApp): Promise<() => { gets: number; reads: number }> {
  const handle = await open('/dev/null');
  // cast: what all handles share.
  const shared = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const reads = jest.spyOn(shared, 'read');
  // cast: what all stores of its kind share; a server that starts anew has another one.
  const gets = jest.spyOn(Object.getPrototypeOf(up.app.base.storage) as Driver, 'get');
  return () => {
    const counted = { gets: gets.mock.calls.length, reads: reads.mock.calls.length };
    gets.mockRestore();
    reads.mockRestore();
    return counted;
  };
}
