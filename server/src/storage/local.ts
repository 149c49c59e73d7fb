/**
 * Bytes in a folder of this machine. Whole files lie in `whole/`, those that are coming in `begun/`; a file is moved from the one to the
 * other when all of it is on the disk, which happens at once or not at all.
 */
import { createReadStream, open as openWith } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { limits } from '../kit/limits.ts';
import { Writing } from './writing.ts';
import { Gone, isName, named, type Driver, type Keeper, type Progress, type Range, type Stored } from './driver.ts';

export class LocalDriver implements Driver {
  readonly #whole: string;
  readonly #begun: string;

  constructor(folder: string) {
    this.#whole = join(folder, 'whole');
    this.#begun = join(folder, 'begun');
  }

  async get(name: string, range?: Range): Promise<Readable> {
    // Opened here, so that what is not there is said before anything is answered.
    const fd = await openForReading(join(this.#whole, named(name))).catch(gone);
    return createReadStream('', { fd, highWaterMark: limits.uploads.gathered, ...(range && { start: range.first, end: range.last }) });
  }

  async size(name: string): Promise<number | undefined> {
    return (await statOf(join(this.#whole, named(name))))?.size;
  }

  async remove(name: string): Promise<void> {
    for (const folder of [this.#begun, this.#whole]) await rm(join(folder, named(name)), { force: true });
  }

  async *list(): AsyncIterable<Stored> {
    for (const [folder, isWhole] of [
      [this.#whole, true],
      [this.#begun, false],
    ] as const)
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(missing)) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const name = relative(folder, path).split(sep).join('/');
        const found = isName(name) ? await statOf(path) : undefined;
        if (found !== undefined) yield { name, isWhole, changed: found.mtime };
      }
  }

  async put(name: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const begun = join(this.#begun, named(name));
    const file = await this.#open(begun, 0);
    try {
      const writing = new Writing(file, 0);
      const broke = await eachOf(bytes, (chunk) => writing.take(chunk));
      if (broke !== undefined) throw broke.error;
      await writing.end();
      const folders = await this.#move(name);
      // Bytes and names at once, which is one wait for the disk. Nobody is told before, and what a crash leaves of them no row calls whole.
      await Promise.all([file.datasync(), ...folders.map(flushed)]);
      return writing.offset;
    } catch (error) {
      await this.remove(name);
      throw error;
    } finally {
      await file.close();
    }
  }

  async append(name: string, progress: Progress, bytes: AsyncIterable<Uint8Array>, keeper: Keeper): Promise<Progress> {
    const file = await this.#open(join(this.#begun, named(name)), progress.offset);
    const writing = new Writing(file, progress.offset);
    let kept = progress.offset;
    const keep = async (): Promise<void> => {
      await writing.end();
      if (writing.offset === kept) return;
      await file.datasync();
      kept = writing.offset;
      await keeper.kept({ offset: kept });
    };
    try {
      const broke = await eachOf(bytes, async (chunk) => {
        await writing.take(chunk);
        keeper.took(chunk);
        if (writing.offset - kept >= limits.uploads.keep) await keep();
      });
      await keep();
      if (broke !== undefined) throw broke.error;
    } finally {
      await writing.end().catch(() => undefined);
      await file.close();
    }
    return { offset: writing.offset };
  }

  /** Behind what is kept there may be bytes that nobody was told of. */
  async #open(path: string, offset: number): Promise<FileHandle> {
    if (offset === 0) await mkdir(dirname(path), { recursive: true });
    const file = await open(path, offset === 0 ? 'w' : 'r+').catch(gone);
    try {
      if ((await file.stat()).size < offset) throw new Gone('less of the upload is there than was kept');
      await file.truncate(offset);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async finish(name: string, { offset }: Progress): Promise<void> {
    const [from, to] = [join(this.#begun, named(name)), join(this.#whole, name)];
    // Who finishes twice has finished.
    const found = await statOf(from);
    if (found === undefined && (await statOf(to))?.size === offset) return;
    if (found?.size !== offset) throw new Gone('less of the upload is there than was kept');
    for (const folder of await this.#move(name)) await flushed(folder);
  }

  /** Under its name; gives back the folders in which that is to be made safe. */
  async #move(name: string): Promise<readonly string[]> {
    const to = join(this.#whole, name);
    const made = await mkdir(dirname(to), { recursive: true });
    await rename(join(this.#begun, name), to);
    return made === undefined ? [dirname(to)] : [dirname(to), dirname(made)];
  }
}

/** Gives each to `use`. Where they break off, says with what; what `use` throws is thrown. */
async function eachOf(
  bytes: AsyncIterable<Uint8Array>,
  use: (chunk: Uint8Array) => Promise<void>,
): Promise<{ readonly error: unknown } | undefined> {
  const source = bytes[Symbol.asyncIterator]();
  for (;;) {
    const step = await source.next().catch((error: unknown) => ({ error }));
    if ('error' in step) return step;
    if (step.done === true) return undefined;
    try {
      await use(step.value);
    } catch (error) {
      await source.return?.();
      throw error;
    }
  }
}

/** A number, which costs less to read from than a handle. */
const openForReading = promisify((path: string, done: (error: Error | null, fd: number) => void) => openWith(path, done));

/** A new name in a folder is safe when the folder is. */
async function flushed(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

const isMissing = (error: unknown): boolean => typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
function gone(error: unknown): never {
  throw isMissing(error) ? new Gone('there are no such bytes', { cause: error }) : error;
}
function missing(error: unknown): [] {
  if (!isMissing(error)) throw error;
  return [];
}
const statOf = (path: string): Promise<{ readonly size: number; readonly mtime: Date } | undefined> =>
  stat(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    return undefined;
  });
