/**
 * The rows of a live query in their order. The comparison is the server's own (the language's, with the classes that the server
 * names), so that a row stands here where a list would show it; the id is the last key, so no two rows are equal.
 */
import { compareValues } from '../expr/scalar.ts';
import type { ConstValue } from '../expr/ir.ts';
import type { LiveOp, LiveRow, OrderKey } from '../wire.ts';

export class LiveRows {
  #order: readonly OrderKey[] = [];
  readonly #byId = new Map<string, LiveRow>();
  /** Made anew by each change: who holds it holds a moment. */
  #sorted: readonly LiveRow[] = [];

  get all(): readonly LiveRow[] {
    return this.#sorted;
  }

  replace(rows: readonly LiveRow[], order: readonly OrderKey[]): void {
    this.#order = order;
    this.#byId.clear();
    for (const row of rows) this.#byId.set(row.id, row);
    this.#sorted = [...this.#byId.values()].sort((a, b) => this.#compare(a, b));
  }

  /** Whether anything changed. What is told twice, as after a break, changes nothing. */
  apply(ops: readonly LiveOp[]): boolean {
    const gone = new Set<LiveRow>();
    const come = new Map<string, LiveRow>();
    const take = (id: string): LiveRow | undefined => {
      const before = this.#byId.get(id);
      if (before !== undefined && come.get(id) !== before) gone.add(before);
      come.delete(id);
      return before;
    };
    for (const op of ops) {
      if (op[0] === 'truncate') for (const id of [...this.#byId.keys()]) this.#drop(id, take);
      else if (op[0] === 'leave') this.#drop(op[1], take);
      else {
        const before = take(op[1]);
        // cast: a patch is told only of a row that the client has, so the whole is a row again
        const row = op[0] === 'put' ? op[2] : ({ ...before, ...op[2] } as LiveRow);
        come.set(op[1], row);
        this.#byId.set(op[1], row);
      }
    }
    if (gone.size + come.size === 0) return false;
    this.#sorted = merge(
      this.#sorted.filter((row) => !gone.has(row)),
      [...come.values()].sort((a, b) => this.#compare(a, b)),
      (a, b) => this.#compare(a, b),
    );
    return true;
  }

  #drop(id: string, take: (id: string) => unknown): void {
    take(id);
    this.#byId.delete(id);
  }

  #compare(a: LiveRow, b: LiveRow): number {
    for (const { field, as, descending, nullsFirst } of this.#order) {
      const [left, right] = [valueOf(a, field), valueOf(b, field)];
      if (left === null || right === null) {
        if (left === right) continue;
        return (left === null) === nullsFirst ? -1 : 1;
      }
      const order = as === 'bool' ? Number(left) - Number(right) : (compareValues(as, left, right) ?? 0);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  }
}

// cast: sort keys are plain values
const valueOf = (row: LiveRow, field: string): ConstValue => (row[field] ?? null) as ConstValue;

/** Two sorted lists as one. */
function merge<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  if (right.length === 0) return left;
  const all: T[] = [];
  let next = 0;
  for (const one of left) {
    for (let other = right[next]; other !== undefined && compare(other, one) < 0; other = right[next]) {
      all.push(other);
      next += 1;
    }
    all.push(one);
  }
  return all.concat(right.slice(next));
}
