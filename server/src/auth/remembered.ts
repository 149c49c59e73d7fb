/**
 * What a process remembers of those who ask, until Postgres says that it has changed. What was being read while something was
 * heard is not remembered: it may have been read before the change, and then nothing more would be heard of it.
 */
import { Recent } from '../kit/recent.ts';

const most = 10_000;

export class Remembered<T> {
  readonly #known = new Recent<string, T>(most);
  #heard = 0;

  get(key: string): T | undefined {
    return this.#known.get(key);
  }

  async read(key: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const heard = this.#heard;
    const found = await look();
    if (found !== undefined && this.#heard === heard) this.#known.set(key, found);
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
