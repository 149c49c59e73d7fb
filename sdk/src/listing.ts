/** The answer to a list: one page, or all of them one after the other. */
import type { Page } from './wire.ts';

/** A page when awaited; every record of every page by `for await (const r of list.all())`. Sent when first used. */
export class Listing<T> implements PromiseLike<Page<T>> {
  readonly #load: (cursor: string | undefined) => Promise<Page<T>>;
  #first: Promise<Page<T>> | undefined;

  constructor(load: (cursor: string | undefined) => Promise<Page<T>>) {
    this.#load = load;
  }

  then<A = Page<T>, B = never>(
    done?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#first ??= this.#load(undefined);
    return this.#first.then(done, failed);
  }

  async *all(): AsyncGenerator<T, void, undefined> {
    for (let page = await this.then(); ;) {
      yield* page.data;
      if (page.page.next === null) return;
      page = await this.#load(page.page.next);
    }
  }
}
