/** Bytes on their way into a file: some are gathered while those before them are written. */
import type { FileHandle } from 'node:fs/promises';
import { limits } from '../kit/limits.ts';

export class Writing {
  /** Behind the last byte that was given. */
  offset: number;
  readonly #file: FileHandle;
  #written: number;
  #gathered: Uint8Array[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, offset: number) {
    this.#file = file;
    this.offset = offset;
    this.#written = offset;
  }

  async take(chunk: Uint8Array): Promise<void> {
    this.#gathered.push(chunk);
    this.offset += chunk.length;
    if (this.offset - this.#written >= limits.uploads.gathered) await this.#flush();
  }

  /** Throws where something could not be written. */
  async end(): Promise<void> {
    if (this.#gathered.length > 0) await this.#flush();
    await this.#running;
  }

  async #flush(): Promise<void> {
    await this.#running;
    const [chunks, at] = [this.#gathered, this.#written];
    this.#gathered = [];
    this.#written = this.offset;
    this.#running = writeAll(this.#file, chunks, at);
    // Met where it is waited for.
    this.#running.catch(() => undefined);
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], offset: number): Promise<void> {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(chunks, offset);
  if (bytesWritten === size) return;
  // A disk that is full takes a part, and says why when it is given the rest.
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  for (let done = 0; done < rest.length;)
    done += (await file.write(rest, done, rest.length - done, offset + bytesWritten + done)).bytesWritten;
}
