/** The rows of a live query in their order, which is the server's own: a row stands here where a list would show it. */
import type { ConstValue } from '../expr/ir.ts';
import { createOrder } from '../expr/order.ts';
import type { LiveOp, LiveRow, OrderKey } from '../wire.ts';

export class LiveRows {
  #compare = createOrder<LiveRow>([]);
  readonly #byId = new Map<string, LiveRow>();
  /** Made anew by each change: who holds it holds a moment. */
  #sorted: readonly LiveRow[] = [];

  get all(): readonly LiveRow[] {
    return this.#sorted;
  }

  /** A row that is told again as it was stays the same object. */
  replace(rows: readonly LiveRow[], order: readonly OrderKey[]): void {
    // cast: sort keys are plain values
    this.#compare = createOrder(order.map((key) => ({ ...key, of: (row: LiveRow) => (row[key.field] ?? null) as ConstValue })));
    const before = new Map(this.#byId);
    this.#byId.clear();
    for (const row of rows) this.#byId.set(row.id, sameOf(before.get(row.id), row));
    this.#sorted = [...this.#byId.values()].sort(this.#compare);
  }

  /** Whether anything changed. */
  apply(ops: readonly LiveOp[]): boolean {
    const gone = new Set<LiveRow>();
    const come = new Map<string, LiveRow>();
    const drop = (id: string): LiveRow | undefined => {
      const before = this.#byId.get(id);
      if (before !== undefined && !come.delete(id)) gone.add(before);
      this.#byId.delete(id);
      return before;
    };
    for (const op of ops) {
      if (op[0] === 'truncate') [...this.#byId.keys()].forEach(drop);
      else if (op[0] === 'leave') drop(op[1]);
      else {
        const before = this.#byId.get(op[1]);
        // cast: a patch is told only of a row that the client has, so the whole is a row again
        const row = op[0] === 'put' ? sameOf(before, op[2]) : ({ ...before, ...op[2] } as LiveRow);
        // What is told twice, as after a break, changes nothing.
        if (row === before) continue;
        drop(op[1]);
        come.set(op[1], row);
        this.#byId.set(op[1], row);
      }
    }
    if (gone.size + come.size === 0) return false;
    const kept = this.#sorted.filter((row) => !gone.has(row));
    this.#sorted = merge(kept, [...come.values()].sort(this.#compare), this.#compare);
    return true;
  }
}

const sameOf = (before: LiveRow | undefined, row: LiveRow): LiveRow =>
  before !== undefined && JSON.stringify(before) === JSON.stringify(row) ? before : row;

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
