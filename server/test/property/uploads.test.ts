/**
 * Uploads by the client that everybody uses, over a line that is cut and to a server that is started anew: what comes out is what went
 * in, no step goes back, and nothing of it is read again on the way. The long form: npm run test:long.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as tus from 'tus-js-client';
import { startTestApp, type TestApp } from '../support/app.ts';
import { namesInStore, namesInTable } from '../support/files.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { hasS3, startS3, type TestS3 } from '../support/s3.ts';
import { randomness } from './random.ts';

const isLong = process.env['UNDERPIN_TEST_LONG'] !== undefined;
const { size, cuts, restarts } = isLong ? { size: 64 * 1_048_576, cuts: 20, restarts: 3 } : { size: 8 * 1_048_576, cuts: 5, restarts: 1 };
const seed = Number(process.env['SEED'] ?? 1);

describe.each(['a folder', 'S3'])('into %s', (store) => {
  const each = store === 'S3' && !hasS3 ? test.skip : test;
  let s3: TestS3 | undefined;
  let up: TestApp;
  let proxy: Proxy;
  let ann: { token: string };
  beforeAll(async () => {
    if (store === 'S3' && !hasS3) return;
    s3 = store === 'S3' ? await startS3() : undefined;
    const bucket = await s3?.bucket('uploads');
    up = await startTestApp(
      bucket === undefined
        ? {}
        : {
            STORAGE: 's3',
            S3_ENDPOINT: bucket.endpoint ?? '',
            S3_BUCKET: bucket.bucket,
            S3_ACCESS_KEY_ID: bucket.accessKeyId,
            S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
          },
    );
    proxy = await startProxy(up.url);
    ann = await up.account('ann');
    await up.send('POST /collections', {
      token: up.owner,
      body: { name: 'films', fields: [{ name: 'film', type: 'file', maxSize: 100_000_000 }], rules: { list: 'true', create: 'true' } },
    });
  }, 90_000);
  afterAll(async () => {
    await proxy?.close();
    await up?.close();
    await s3?.end();
  }, 60_000);

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
      expect([file.size, file.sha256, file.type]).toEqual([size, createHash('sha256').update(bytes).digest('hex'), 'application/octet-stream']);
      expect(reads()).toEqual({ gets: 0, reads: 0 });
      const read = await fetch(up.url + file.url, { headers: { authorization: `Bearer ${ann.token}` } });
      expect(createHash('sha256').update(Buffer.from(await read.arrayBuffer())).digest('hex')).toBe(file.sha256);
      expect(await namesInStore(up)).toEqual(await namesInTable(up));
      up.ahead += 25 * 3_600_000;
      const owner = await up.send('POST /auth/_admins/sign-in', { body: { email: 'owner@example.com', password: 'correct horse battery staple' } });
      const swept = await up.send('POST /ops/files/sweep', { token: owner.body.accessToken, body: { dryRun: false } });
      expect([swept.body.count, await namesInStore(up), await up.sql('SELECT FROM underpin.files')]).toEqual([1, [], []]);
    },
    isLong ? 1_200_000 : 120_000,
  );
});

/** What is got from the store, and how often any open file is read from, from now on. */
async function countReads(up: TestApp): Promise<() => { gets: number; reads: number }> {
  const handle = await open('/dev/null');
  // cast: what all handles share.
  const shared = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const reads = jest.spyOn(shared, 'read');
  const { get } = up.app.base.storage;
  const gets = jest.spyOn(Object.getPrototypeOf(up.app.base.storage) as { get: typeof get }, 'get');
  return () => {
    const counted = { gets: gets.mock.calls.length, reads: reads.mock.calls.length };
    gets.mockRestore();
    reads.mockRestore();
    return counted;
  };
}
