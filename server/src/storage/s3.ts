/**
 * Bytes in a bucket of any server that speaks S3.
 *
 * Worry: S3 takes an upload in parts of five MiB at least, whose length must be known before they are sent; but a client breaks off
 * anywhere, and what it was told is kept must be kept. What lies on this machine's disk is gone when the next request reaches
 * another one; and a part in memory for each of hundreds who upload slowly is all of the memory.
 * Decision: a part is gathered in memory and sent when it is full. Where the bytes end before that, those that are over are put into the bucket
 * too, under the name with an ending of their own, and read from there by who goes on. Only so many parts are gathered at once; each is a turn, and who
 * takes too long for his while others wait puts what he has there and stands in line again.
 * Why it is enough: memory is bounded by the parts that are gathered at once, and nothing but the bucket holds anything.
 */
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { limits } from '../kit/limits.ts';
import { Turns } from '../kit/turns.ts';
import { Bucket, type BucketOptions } from './bucket.ts';
import { Gone, isName, named, nothing, type Driver, type Keeper, type Progress, type Range, type Stored } from './driver.ts';

/** Nobody else's: who is late and writes his leaves those of the others as they are. */
const newRest = (name: string): string => `${name}.${randomUUID()}`;
const restsOf = (name: string): string => `${name}.`;

export class S3Driver implements Driver {
  readonly #bucket: Bucket;
  readonly #turns = new Turns(limits.uploads.parts);

  constructor(options: BucketOptions) {
    this.#bucket = new Bucket(options);
  }

  async get(name: string, range?: Range): Promise<Readable> {
    return this.#bucket.get(named(name), range);
  }

  async size(name: string): Promise<number | undefined> {
    return this.#bucket.size(named(name));
  }

  async remove(name: string): Promise<void> {
    await clean(this.#bucket, named(name), nothing);
    await this.#bucket.delete(name);
  }

  async *list(): AsyncIterable<Stored> {
    for await (const { key, changed } of this.#bucket.list()) {
      const [name = '', rest] = key.split('.');
      const isWhole = rest === undefined;
      if (isName(name)) yield { name, isWhole, changed };
    }
    for (const { key, changed } of await this.#bucket.uploads('')) if (isName(key)) yield { name: key, isWhole: false, changed };
  }

  async put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const taking = new Taking(this.#bucket, this.#turns, named(name), nothing, silent);
    try {
      await taking.all(bytes);
      // What he had to leave behind while others waited.
      await taking.loadRest();
      await taking.end();
    } catch (error) {
      await this.remove(name).catch(() => undefined);
      throw error;
    }
    return taking.progress.offset;
  }

  async append(name: string, progress: Progress, bytes: AsyncIterable<Uint8Array>, keeper: Keeper): Promise<Progress> {
    const { offset, parts = [], rest = 0 } = progress;
    // As one has it who began elsewhere, or with parts of another size.
    if (parts.length * limits.uploads.part + rest !== offset) throw new Gone('what was kept is not kept here');
    if (offset > 0) await clean(this.#bucket, named(name), progress);
    const taking = new Taking(this.#bucket, this.#turns, named(name), progress, keeper);
    try {
      await taking.all(bytes);
    } finally {
      await taking.keepRest();
    }
    return taking.progress;
  }

  async finish(name: string, progress: Progress): Promise<void> {
    const taking = new Taking(this.#bucket, this.#turns, named(name), progress, silent);
    try {
      await taking.loadRest();
      await taking.end();
    } catch (error) {
      // Who finishes twice has finished.
      if (!(error instanceof Gone) || (await this.#bucket.size(name)) !== progress.offset) throw error;
    }
  }
}

/** ms until it is asked again whether others wait. */
const patience = 200;

/** Takes away what earlier tries left under a name, but for what `current` tells of. */
async function clean(bucket: Bucket, name: string, current: Progress): Promise<void> {
  for (const { key, id } of await bucket.uploads(name)) if (key === name && id !== current.upload) await bucket.abort(name, id);
  for await (const { key } of bucket.list(restsOf(name))) if (key !== current.restAs) await bucket.delete(key);
}

const silent: Keeper = { took: () => undefined, kept: async () => undefined };

/** One who takes bytes for a name. */
class Taking {
  progress: Progress;
  readonly #bucket: Bucket;
  readonly #turns: Turns;
  readonly #name: string;
  readonly #keeper: Keeper;
  /** What is gathered of the next part. */
  #gathered: Uint8Array[] = [];
  #size = 0;
  /** What is left of the last chunk. */
  #over: Uint8Array | undefined;

  constructor(bucket: Bucket, turns: Turns, name: string, progress: Progress, keeper: Keeper) {
    this.#bucket = bucket;
    this.#turns = turns;
    this.#name = name;
    this.progress = progress;
    this.#keeper = keeper;
  }

  async all(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const source = bytes[Symbol.asyncIterator]();
    let next = source.next();
    // Who has sent nothing yet takes no turn.
    while (this.#over !== undefined || (await next).done !== true)
      await this.#turns.take(async () => {
        const ends = performance.now() + limits.uploads.turn;
        await this.loadRest();
        while (this.#size < limits.uploads.part) {
          if (this.#over === undefined) {
            const step = await this.#next(next, ends);
            if (step === undefined) break;
            if (step.done === true) return;
            this.#over = step.value;
            next = source.next();
            // Its error is met where it is waited for.
            next.catch(() => undefined);
          }
          this.#gather();
        }
        if (this.#size === limits.uploads.part) await this.#send();
        else await this.keepRest();
      });
  }

  /** Undefined where his turn is over and others wait. */
  async #next<T>(coming: Promise<T>, ends: number): Promise<T | undefined> {
    for (;;) {
      const step = await before(coming, Math.max(ends, performance.now() + patience));
      if (step !== undefined || this.#turns.waiting > 0) return step;
    }
  }

  #gather(): void {
    const chunk = this.#over ?? new Uint8Array();
    const room = limits.uploads.part - this.#size;
    const taken = chunk.subarray(0, room);
    this.#over = chunk.length > room ? chunk.subarray(room) : undefined;
    this.#gathered.push(taken);
    this.#size += taken.length;
    this.progress = { ...this.progress, offset: this.progress.offset + taken.length };
    this.#keeper.took(taken);
  }

  /** What is gathered is the next part. */
  async #send(): Promise<void> {
    const { parts = [], upload = await this.#bucket.begin(this.#name) } = this.progress;
    const part = await this.#bucket.part({ key: this.#name, upload, number: parts.length + 1, bytes: this.#gathered });
    await this.#keep({ offset: this.progress.offset, upload, parts: [...parts, part] });
  }

  async keepRest(): Promise<void> {
    const { rest, restAs: _old, ...progress } = this.progress;
    if (this.#size === 0 || this.#size === rest) return this.#forget();
    const restAs = newRest(this.#name);
    await this.#bucket.put(restAs, this.#gathered);
    await this.#keep({ ...progress, rest: this.#size, restAs });
  }

  async #keep(progress: Progress): Promise<void> {
    this.progress = progress;
    this.#forget();
    await this.#keeper.kept(progress);
  }

  #forget(): void {
    this.#gathered = [];
    this.#size = 0;
  }

  /** More of it may be there than is kept: of who was cut off before he could say so. */
  async loadRest(): Promise<void> {
    const { rest, restAs } = this.progress;
    if (rest === undefined || restAs === undefined || this.#size > 0) return;
    const found = await buffer(await this.#bucket.get(restAs));
    if (found.length !== rest) throw new Gone('less of the upload is there than was kept');
    this.#gathered = [found];
    this.#size = rest;
  }

  /** Puts together what is there. */
  async end(): Promise<void> {
    const { parts = [], upload, restAs } = this.progress;
    if (upload === undefined) await this.#bucket.put(this.#name, this.#gathered);
    else {
      const last =
        this.#size > 0 ? [await this.#bucket.part({ key: this.#name, upload, number: parts.length + 1, bytes: this.#gathered })] : [];
      await this.#bucket.complete(this.#name, upload, [...parts, ...last]);
    }
    this.#forget();
    if (upload !== undefined || restAs !== undefined) await clean(this.#bucket, this.#name, nothing);
  }
}

/** Undefined where it does not come before then. */
async function before<T>(coming: Promise<T>, ends: number): Promise<T | undefined> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    clock = setTimeout(() => resolve(undefined), Math.max(0, ends - performance.now()));
  });
  return Promise.race([coming, late]).finally(() => clearTimeout(clock));
}
