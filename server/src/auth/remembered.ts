/**
 * What a process remembers of those who ask, until Postgres says that it has changed. What was being read while something was
 * heard is not remembered: it may have been read before the change, and then nothing more would be heard of it.
 *
 * Many who come back at once with nothing remembered of them would each ask the database the same. So one thing is read once at a
 * time, and whoever comes meanwhile waits for the next reading with all the others: what he is told was read after he had asked.
 */
import { Recent } from '../kit/recent.ts';

const most = 10_000;

/** One reading, and the one after it. */
interface Reading<T> {
  readonly now: Promise<unknown>;
  next: Promise<T | undefined> | undefined;
}

export class Remembered<T> {
  readonly #known = new Recent<string, T>(most);
  #heard = 0;
  readonly #reading = new Map<string, Reading<T>>();

  get(key: string): T | undefined {
    return this.#known.get(key);
  }

  /** `version`: of the schema by which it is read. */
  read(key: string, version: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const name = `${key} ${version}`;
    const reading = this.#reading.get(name);
    if (reading !== undefined) return (reading.next ??= reading.now.then(() => this.#read(key, name, look)));
    return this.#read(key, name, look);
  }

  #read(key: string, name: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const heard = this.#heard;
    const found = look().then((one) => {
      if (one !== undefined && this.#heard === heard) this.#known.set(key, one);
      return one;
    });
    const reading: Reading<T> = { now: found.catch(() => undefined), next: undefined };
    this.#reading.set(name, reading);
    void reading.now.then(() => {
      if (reading.next === undefined) this.#reading.delete(name);
    });
    return found;
  }

  forget(key: string): void {
    this.#heard++;
    this.#known.delete(key);
  }

  forgetWhere(isMeant: (one: T) => boolean): void {
    this.#heard++;
    for (const [key, one] of this.#known.entries()) if (isMeant(one)) this.#known.delete(key);
  }

  forgetAll(): void {
    this.forgetWhere(() => true);
  }
}
