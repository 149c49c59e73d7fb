/**
 * Blobs in what is written: they are uploaded first, and the write names what they became.
 *
 * Worry: a write that is tried again under its key must say the same, or the server takes it for another. Decision: files are
 * uploaded once and before the first try; under a key of the caller's, who may try again himself, they stay the same files until
 * it is known that the write failed. Worry: files of a write that failed. Decision: they are taken back, and nobody waits for
 * that. Why it is enough: what a record names after all is not taken back by the server, and what was not taken back it sweeps.
 */
import { ApiError } from '../error.ts';
import type { CallOptions } from '../request.ts';
import type { FileValue } from '../wire.ts';
import { Sending } from './upload.ts';
import type { Access, Body } from './wanted.ts';

interface Slot {
  readonly blob: Blob;
  readonly collection: string;
  readonly field: string;
  /** Its place among all that the write brings. */
  readonly index: number;
}
/** How many are uploaded at a time. */
const lanes = 3;

interface Writing<T> {
  readonly bodies: readonly Body[];
  readonly options: CallOptions | undefined;
  readonly write: (bodies: readonly object[]) => Promise<T>;
}

export async function give<T>(access: Access, remove: (id: string) => Promise<void>, { bodies, options, write }: Writing<T>): Promise<T> {
  const slots: Slot[] = [];
  for (const { collection, data } of bodies)
    for (const [field, value] of Object.entries(data)) each(value, (blob) => slots.push({ blob, collection, field, index: slots.length }));
  const uploads = new Uploads(access, options);
  const removeAll = (): void => {
    for (const { id } of uploads.takeBack()) remove(id).catch(() => undefined);
  };
  try {
    const ids = (await uploads.all(slots)).map(({ id }) => id).values();
    const named = bodies.map(({ data }) =>
      Object.fromEntries(Object.entries(data).map(([field, value]) => [field, each(value, () => ids.next().value)])),
    );
    return await write(named);
  } catch (error) {
    const isUnknown = error instanceof ApiError && error.retryable && options?.idempotencyKey !== undefined;
    if (!isUnknown) removeAll();
    throw error;
  }
}

/** The value with something else in place of its blobs. */
function each(value: unknown, of: (blob: Blob) => unknown): unknown {
  const one = (item: unknown): unknown => (item instanceof Blob ? of(item) : item);
  return Array.isArray(value) ? value.map(one) : one(value);
}

/** The uploads of one write. */
class Uploads {
  readonly #access: Access;
  readonly #options: CallOptions | undefined;
  readonly #made: { readonly file: FileValue; readonly slot: Slot }[] = [];

  constructor(access: Access, options: CallOptions | undefined) {
    this.#access = access;
    this.#options = options;
  }

  /** In their order. Where one fails, so do all. */
  async all(slots: readonly Slot[]): Promise<readonly FileValue[]> {
    const waiting = [...slots];
    const running = new Set<Sending>();
    const files: FileValue[] = [];
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) files[next.index] = await this.#one(next, running);
    };
    try {
      await Promise.all(Array.from({ length: lanes }, lane));
      return files;
    } catch (error) {
      waiting.length = 0;
      await Promise.all([...running].map((one) => one.abort().catch(() => undefined)));
      throw error;
    }
  }

  async #one(slot: Slot, running: Set<Sending>): Promise<FileValue> {
    const { blob, collection, field } = slot;
    const known = this.#known(slot);
    if (known) return known;
    const { signal } = this.#options ?? {};
    const sending = new Sending(this.#access, blob, { collection, field, ...(signal && { signal }) });
    running.add(sending);
    try {
      const file = await sending.done;
      this.#made.push({ file, slot });
      this.#keep(slot, file);
      return file;
    } finally {
      running.delete(sending);
    }
  }

  #keyOf({ collection, field, index }: Slot): string | undefined {
    const key = this.#options?.idempotencyKey;
    return key === undefined ? undefined : JSON.stringify([key, collection, field, index]);
  }
  #known(slot: Slot): FileValue | undefined {
    const key = this.#keyOf(slot);
    const file = key === undefined ? undefined : this.#access.given.get(slot.blob)?.get(key);
    if (file) this.#made.push({ file, slot });
    return file;
  }
  #keep(slot: Slot, file: FileValue): void {
    const key = this.#keyOf(slot);
    if (key === undefined) return;
    const files = this.#access.given.get(slot.blob) ?? new Map<string, FileValue>();
    this.#access.given.set(slot.blob, files.set(key, file));
  }
  /** Forgets them; what they were is given back. */
  takeBack(): readonly FileValue[] {
    for (const { slot } of this.#made) this.#access.given.get(slot.blob)?.delete(this.#keyOf(slot) ?? '');
    return this.#made.map(({ file }) => file);
  }
}
