/** What every store of bytes does alike: the same tests on a folder and on a real S3 server. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Gone, nothing, type Driver, type Keeper, type Progress } from '../../src/storage/driver.ts';
import type { BucketOptions } from '../../src/storage/bucket.ts';
import { LocalDriver } from '../../src/storage/local.ts';
import { S3Driver } from '../../src/storage/s3.ts';
import { uploadsInto } from './uploads.ts';
import { hasS3, startS3, type TestS3 } from '../support/s3.ts';

interface Store {
  readonly driver: Driver;
  /** Another bucket of the same server, where there is one. */
  bucket(): Promise<BucketOptions | undefined>;
  end(): Promise<void>;
}
const stores: Readonly<Record<string, () => Promise<Store>>> = {
  'a folder': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underpin-bytes-'));
    return { driver: new LocalDriver(folder), bucket: async () => undefined, end: async () => rmSync(folder, { recursive: true }) };
  },
  S3: async () => {
    const server: TestS3 = await startS3();
    return { driver: new S3Driver(await server.bucket('contract')), bucket: () => server.bucket('uploads'), end: () => server.end() };
  },
};

/** In chunks, as a socket gives them; `breaks`: with an error after so many bytes. */
async function* chunks(bytes: Buffer, size = 65_536, breaks?: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    if (breaks !== undefined && at >= breaks) throw new Error('the line broke');
    yield bytes.subarray(at, Math.min(at + size, bytes.length));
  }
}
const megabytes = (count: number): Buffer => randomBytes(Math.round(count * 1_048_576));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Notes what it is told; the table of the tests. */
function noting(progress: Progress = nothing): Keeper & { progress: Progress; readonly taken: Buffer[]; readonly offsets: number[] } {
  const noted = {
    progress,
    taken: [] as Buffer[],
    offsets: [] as number[],
    took: (bytes: Uint8Array) => void noted.taken.push(Buffer.from(bytes)),
    kept: async (now: Progress) => {
      noted.progress = now;
      noted.offsets.push(now.offset);
    },
  };
  return noted;
}

describe.each(Object.keys(stores))('%s', (name) => {
  const each = name === 'S3' && !hasS3 ? test.skip : test;
  let store: Store | undefined;
  const driver = (): Driver => {
    if (store === undefined) throw new Error('there is no store');
    return store.driver;
  };
  beforeAll(async () => {
    if (name !== 'S3' || hasS3) store = await stores[name]?.();
  }, 180_000);
  afterAll(() => store?.end());
  const read = async (key: string, range?: { first: number; last: number }): Promise<Buffer> => buffer(await driver().get(key, range));
  const names = async (): Promise<string[]> => {
    const all: string[] = [];
    for await (const { name: one, isWhole } of driver().list()) all.push(isWhole ? one : `${one} (begun)`);
    return all.sort();
  };

  each.each([0, 1, 70_000, 5_242_880, 12_000_000])('puts %d bytes and gives them back, whole and in part', async (size) => {
    const bytes = randomBytes(size);
    expect(await driver().put('put/one', chunks(bytes))).toBe(size);
    expect(sha256(await read('put/one'))).toBe(sha256(bytes));
    expect(await driver().size('put/one')).toBe(size);
    if (size > 1) expect(sha256(await read('put/one', { first: 1, last: size - 1 }))).toBe(sha256(bytes.subarray(1)));
    if (size > 1) expect([...(await read('put/one', { first: size - 1, last: size - 1 }))]).toEqual([bytes[size - 1]]);
    expect(await names()).toEqual(['put/one']);
    await driver().remove('put/one');
    expect([await driver().size('put/one'), await names()]).toEqual([undefined, []]);
  });

  each('leaves nothing of what broke off while it was put', async () => {
    await expect(driver().put('put/broken', chunks(megabytes(7), 65_536, 6_000_000))).rejects.toThrow('the line broke');
    expect(await names()).toEqual([]);
  });

  each('keeps what came before a break, goes on from there, and is told once of each byte', async () => {
    const bytes = megabytes(13);
    let kept: Progress = nothing;
    const seen: Buffer[] = [];
    const offsets: number[] = [];
    for (const breaks of [1_000_000, 1_500_000, 9_000_000, 9_000_001]) {
      const keeper = noting(kept);
      const coming = driver().append('cut/one', kept, chunks(bytes.subarray(kept.offset), 60_000, breaks - kept.offset), keeper);
      await expect(coming).rejects.toThrow('the line broke');
      expect(sha256(Buffer.concat(keeper.taken))).toBe(sha256(bytes.subarray(kept.offset, keeper.progress.offset)));
      seen.push(...keeper.taken);
      offsets.push(...keeper.offsets);
      kept = JSON.parse(JSON.stringify(keeper.progress));
      expect(kept.offset).toBeGreaterThanOrEqual(breaks);
      expect(await names()).not.toContain('cut/one');
    }
    const keeper = noting(kept);
    const whole = await driver().append('cut/one', kept, chunks(bytes.subarray(kept.offset)), keeper);
    expect([whole.offset, keeper.progress]).toEqual([bytes.length, whole]);
    expect([...offsets, ...keeper.offsets]).toEqual([...offsets, ...keeper.offsets].sort((a, b) => a - b));
    expect(sha256(Buffer.concat([...seen, ...keeper.taken]))).toBe(sha256(bytes));
    expect((await names()).every((one) => one === 'cut/one (begun)')).toBe(true);
    await driver().finish('cut/one', whole);
    await driver().finish('cut/one', whole);
    expect(sha256(await read('cut/one'))).toBe(sha256(bytes));
    expect(await names()).toEqual(['cut/one']);
    await driver().remove('cut/one');
  });

  each('what came after what is kept counts for nothing', async () => {
    const bytes = megabytes(6);
    const first = noting();
    await driver().append('over/one', nothing, chunks(bytes.subarray(0, 300_000)), first);
    // Whoever took these was killed before he could say so.
    await driver().append('over/one', first.progress, chunks(megabytes(0.2)), noting());
    const second = noting();
    const whole = await driver().append('over/one', first.progress, chunks(bytes.subarray(300_000)), second);
    await driver().finish('over/one', whole);
    expect(sha256(await read('over/one'))).toBe(sha256(bytes));
    await driver().remove('over/one');
  });

  each('says when what was kept is gone, and what is not there', async () => {
    const keeper = noting();
    await driver().append('gone/one', nothing, chunks(megabytes(0.5)), keeper);
    await driver().remove('gone/one');
    await expect(driver().append('gone/one', keeper.progress, chunks(megabytes(0.5)), noting())).rejects.toBeInstanceOf(Gone);
    await expect(driver().finish('gone/one', keeper.progress)).rejects.toBeInstanceOf(Gone);
    // As it is told who began at another store.
    await expect(driver().append('gone/two', { offset: 100_000 }, chunks(megabytes(0.5)), noting())).rejects.toBeInstanceOf(Gone);
    await expect(driver().get('gone/one')).rejects.toBeInstanceOf(Gone);
    await driver().remove('gone/one');
    expect([await driver().size('gone/one'), await names()]).toEqual([undefined, []]);
  });

  each('who is late writes nothing into what another goes on with', async () => {
    const bytes = megabytes(9);
    const first = noting();
    await driver().append('late/one', nothing, chunks(bytes.subarray(0, 1_048_576)), first);
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    async function* late(): AsyncGenerator<Uint8Array> {
      yield* chunks(megabytes(2));
      await asleep;
      yield* chunks(megabytes(0.5));
    }
    const refused = { took: () => undefined, kept: () => Promise.reject(new Error('not he any more')) };
    const slow = driver()
      .append('late/one', first.progress, late(), refused)
      .catch((error: unknown) => error);
    const second = noting();
    const there = await driver().append('late/one', first.progress, chunks(bytes.subarray(1_048_576, 7_000_000)), second);
    // A folder has one writer at a time: there who is late has ended before.
    if (name === 'S3') wake();
    if (name === 'S3') await slow;
    const third = noting();
    const whole = await driver().append('late/one', there, chunks(bytes.subarray(7_000_000)), third);
    await driver().finish('late/one', whole);
    if (name === 'S3') expect(sha256(await read('late/one'))).toBe(sha256(bytes));
    wake();
    await slow;
    await driver().remove('late/one');
    expect(await names()).toEqual([]);
  });

  each.each(['../out', '/etc/passwd', 'a/../../b', 'A', 'a//b', '', '.', 'a\0b', 'a.rest'])(
    'takes no name that is not ours: %j',
    async (one) => {
      await expect(driver().put(one, chunks(Buffer.from('x')))).rejects.toThrow('no name for the store');
      await expect(driver().get(one)).rejects.toThrow('no name for the store');
      await expect(driver().remove(one)).rejects.toThrow('no name for the store');
      expect(await names()).toEqual([]);
    },
  );

  each('more upload at once than parts are gathered, and none waits for one who sends nothing', async () => {
    let go = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (go = resolve));
    async function* slow(ends: boolean): AsyncGenerator<Uint8Array> {
      yield Buffer.from('begin');
      await stuck;
      if (ends) yield Buffer.from('end');
    }
    // Of some there comes no more than what they had to leave behind.
    const idle = Array.from({ length: 14 }, (_none, n) => driver().put(`idle/${n}`, slow(n % 2 === 0)));
    const quick = Array.from({ length: 4 }, (_none, n) => driver().put(`quick/${n}`, chunks(megabytes(1))));
    expect(await Promise.all(quick)).toEqual([1_048_576, 1_048_576, 1_048_576, 1_048_576]);
    go();
    expect(await Promise.all(idle)).toEqual(idle.map((_none, n) => (n % 2 === 0 ? 8 : 5)));
    for (let n = 0; n < 14; n++) expect((await read(`idle/${n}`)).toString()).toBe(n % 2 === 0 ? 'beginend' : 'begin');
    for (const one of await names()) await driver().remove(one);
    expect(await names()).toEqual([]);
  });

  describe('uploads', () => uploadsInto(each, name === 'S3' && !hasS3, async () => store?.bucket()));
});
