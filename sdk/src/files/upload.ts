/**
 * One upload: under way, paused or over. It is under way as a run, and each pause ends a run; what a run that was ended still has
 * to say counts for nothing, so that no answer that comes late can fail or finish what goes on without it.
 */
import { ApiError, abortError } from '../error.ts';
import type { FileValue } from '../wire.ts';
import { inOne } from './one.ts';
import type { Access, Uploading, Wanted, Way } from './wanted.ts';

interface Settle {
  readonly resolve: (file: FileValue) => void;
  readonly reject: (error: unknown) => void;
}

/** The most that goes in one request: 8 MB. More is too much to begin again with after a break. */
const mostInOne = 8_000_000;

export class Sending implements Uploading {
  readonly done: Promise<FileValue>;
  readonly #way: Promise<Way>;
  readonly #tell: (sent: number) => void;
  #run: AbortController | undefined;
  #isOver = false;
  #settle: Settle | undefined;

  constructor(access: Access, blob: Blob, wanted: Wanted) {
    const { onProgress, signal } = wanted;
    this.#way = blob.size <= mostInOne ? Promise.resolve(inOne(access, blob, wanted)) : load(access, blob, wanted);
    // Outside of what sends, which no error of a listener's shall end.
    this.#tell = (sent) => onProgress && queueMicrotask(() => onProgress({ sent, total: blob.size }));
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const abort = (): void => void this.abort();
    signal?.addEventListener('abort', abort);
    this.done.finally(() => signal?.removeEventListener('abort', abort)).catch(() => undefined);
    if (signal?.aborted) abort();
    else this.resume();
  }

  resume(): void {
    if (this.#isOver || this.#run) return;
    const run = new AbortController();
    this.#run = run;
    const isCurrent = (): boolean => this.#run === run;
    void this.#way
      .then((way) => way.run(run.signal, (sent) => isCurrent() && this.#tell(sent)))
      .then(
        (file) => isCurrent() && this.#finish()?.resolve(file),
        (error: unknown) => isCurrent() && this.#finish()?.reject(error),
      );
  }

  pause(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.abort();
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#finish()?.reject(abortError());
    // What the server is not told now, it sweeps.
    await this.#way.then((way) => way.end()).catch(() => undefined);
  }

  #finish(): Settle | undefined {
    this.#isOver = true;
    this.pause();
    return this.#settle;
  }
}

async function load(access: Access, blob: Blob, wanted: Wanted): Promise<Way> {
  try {
    return await (await import('./parts.ts')).inParts(access, blob, wanted);
  } catch (cause) {
    throw new ApiError(0, { code: 'network', detail: String(cause) });
  }
}
