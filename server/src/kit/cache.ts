/**
 * What one running app remembers, by typed slot: the loaded schema, sessions that ended, counters. It hangs on the
 * ctx instead of on modules, so that two apps in one process (as in tests) share nothing.
 */
export interface Slot<T> {
  readonly name: string;
  readonly make: () => T;
}
export const slot = <T>(name: string, make: () => T): Slot<T> => ({ name, make });

export class Cache {
  readonly #values = new Map<Slot<unknown>, unknown>();
  get<T>(key: Slot<T>): T {
    if (!this.#values.has(key)) this.#values.set(key, key.make());
    // cast: a slot's value is only ever made by that slot's own `make`.
    return this.#values.get(key) as T;
  }
}
