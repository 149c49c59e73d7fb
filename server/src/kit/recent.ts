/** What was used last, up to a number: a map that lets the entry go that was not used for the longest time. */
export class Recent<K, V> {
  readonly #values = new Map<K, V>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    // A map keeps the order of insertion, so that the first is the one to go.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#values.delete(key);
    if (this.#values.size >= this.#most)
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    this.#values.set(key, value);
  }

  delete(key: K): void {
    this.#values.delete(key);
  }
  clear(): void {
    this.#values.clear();
  }
  entries(): IterableIterator<[K, V]> {
    return this.#values.entries();
  }
}
