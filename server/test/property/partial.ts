/** A world that knows only what it was told of another. */
import type { Stored } from '@underpin/sdk/expr/findings';
import type { Missing, World } from '@underpin/sdk/expr/world';

export class PartialWorld implements World {
  readonly #whole: World;
  readonly #records = new Map<string, Stored | null>();
  readonly #lists = new Map<string, readonly string[]>();
  constructor(whole: World) {
    this.#whole = whole;
  }

  learn(missing: readonly Missing[]): void {
    for (const one of missing) {
      const whole = this.#whole;
      if (one.kind === 'all') this.#lists.set(one.collection, whole.all(one.collection) ?? []);
      else if (one.kind === 'record') this.#records.set(`${one.collection}/${one.id}`, bareRecord(whole.record(one.collection, one.id)));
      else this.#lists.set(`${one.collection}/${one.id}/${one.field}`, listOf(whole, one.collection, one.field, one.id));
    }
  }

  record(collection: string, id: string): Stored | null | undefined {
    return this.#records.get(`${collection}/${id}`);
  }
  list(collection: string, field: string, id: string): readonly string[] | undefined {
    return this.#lists.get(`${collection}/${id}/${field}`);
  }
  all(collection: string): readonly string[] | undefined {
    return this.#lists.get(collection);
  }
}

const bareRecord = (record: Stored | null | undefined): Stored | null => (record ? withoutLists(record) : null);

const lists: ReadonlySet<string> = new Set(['members', 'follows']);
/** A row as it lies in its own table. */
export const withoutLists = (row: Stored): Stored => Object.fromEntries(Object.entries(row).filter(([name]) => !lists.has(name)));

function listOf(whole: World, collection: string, field: string, id: string): readonly string[] {
  const carried = whole.record(collection, id)?.[field];
  return Array.isArray(carried) ? carried.map(String) : (whole.list(collection, field, id) ?? []);
}
