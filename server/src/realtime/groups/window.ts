/**
 * The first rows of a group in its order, kept up to date from the log.
 *
 * Worry: where a row leaves the first twenty, the next one is known to Postgres alone, and asking for it at each change is what was
 * to be avoided; and one row too many or too few is a wrong answer for as long as the window lives. Decision: half as many more
 * are held as are shown. `#bound` is the place up to which everything is held: whatever matches and is not held stands behind it.
 * A row that comes before it is put in; one that comes behind it is not known to be next, and is left out. Only when fewer
 * are held than are shown, and there are more, is Postgres asked again (`refill`).
 * Why it is enough: no step breaks that sentence about the bound. A row that goes takes nothing past it, a row too many goes
 * from the end and draws it in, and an emptied table has no more (no bound). A test sorts all rows anew after every transaction.
 *
 * Only ids of old images are looked at, so that a log that tells keys only is enough, but where a long value was not told again.
 */
import { limits } from '../../kit/limits.ts';
import type { Op } from './effects.ts';
import type { Local } from '../matching/local.ts';
import type { Keys } from '../matching/order.ts';
import type { Row, RowChange } from '../matching/row.ts';

interface Held {
  readonly id: string;
  readonly keys: Keys;
  readonly json: string;
}

/** How many rows are held for so many that are shown. */
export const capacityOf = (limit: number): number => limit + Math.max(limits.realtime.slack, Math.ceil(limit / 2));

export class Window {
  readonly #local: Local;
  readonly #limit: number;
  #held: Held[] = [];
  readonly #ids = new Set<string>();
  /** Absent: everything is held. */
  #bound: Keys | undefined;
  /** A row came of which too little was told. */
  #isUnsure = true;
  /** What was taken last. */
  #shown: ReadonlyMap<string, string> = new Map();

  constructor(local: Local, limit: number) {
    this.#local = local;
    this.#limit = limit;
  }

  get capacity(): number {
    return capacityOf(this.#limit);
  }
  /** Whether everything that matches is held. */
  get isComplete(): boolean {
    return this.#bound === undefined;
  }
  /** Whether Postgres has to be asked for the first `capacity` rows. */
  get isShort(): boolean {
    return this.#isUnsure || (this.#bound !== undefined && this.#held.length < this.#limit);
  }
  /** The rows that are shown, in order. */
  get rows(): readonly { readonly id: string; readonly json: string }[] {
    return this.#held.slice(0, this.#limit).map(({ id, json }) => ({ id, json }));
  }

  /** Takes what Postgres answered: the first rows of the order, all of them where it is complete. */
  load(rows: readonly Row[], isComplete: boolean): void {
    this.#held = rows.map((row) => this.#hold(row.id ?? '', row)).sort((a, b) => this.#local.compare(a.keys, b.keys));
    this.#ids.clear();
    for (const { id } of this.#held) this.#ids.add(id);
    this.#bound = isComplete ? undefined : this.#held.at(-1)?.keys;
    // Of a list that is said to go on, and of which nothing was given, nothing is known.
    this.#isUnsure = !isComplete && this.#held.length === 0;
  }

  /** The changes of one transaction or of several. `refill`: nothing is to be taken before `load`. */
  apply(changes: readonly RowChange[]): 'ok' | 'refill' {
    for (const change of changes) {
      if (change === 'truncate') this.load([], true);
      else this.#change(change);
    }
    return this.isShort ? 'refill' : 'ok';
  }

  /** What has to be told to who has what was taken before. Where the window is short, nothing. */
  take(): readonly Op[] {
    if (this.isShort) return [];
    const now = new Map(this.#held.slice(0, this.#limit).map(({ id, json }) => [id, json]));
    const gone = [...this.#shown.keys()].filter((id) => !now.has(id)).map((id): Op => ['leave', id]);
    const put = [...now].filter(([id, json]) => this.#shown.get(id) !== json).map(([id, json]): Op => ['put', id, json]);
    this.#shown = now;
    return [...gone, ...put];
  }

  #change({ old, row }: Exclude<RowChange, 'truncate'>): void {
    for (const one of [old, row]) {
      if (one === undefined) continue;
      if (one.id === undefined) this.#isUnsure = true;
      else this.#drop(one.id);
    }
    if (row?.id === undefined) return;
    if (!row.tells(this.#local.reads)) this.#isUnsure = true;
    else if (this.#local.matches(row)) this.#insert(this.#hold(row.id, row));
  }

  #hold = (id: string, row: Row): Held => ({ id, keys: this.#local.keys(row), json: this.#local.write(row) });

  #drop(id: string): void {
    if (!this.#ids.delete(id)) return;
    this.#held.splice(
      this.#held.findIndex((held) => held.id === id),
      1,
    );
  }

  #insert(held: Held): void {
    const { compare } = this.#local;
    if (this.#bound !== undefined && compare(held.keys, this.#bound) > 0) return;
    let [from, to] = [0, this.#held.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = this.#held[middle];
      if (other !== undefined && compare(other.keys, held.keys) < 0) from = middle + 1;
      else to = middle;
    }
    this.#held.splice(from, 0, held);
    this.#ids.add(held.id);
    if (this.#held.length <= this.capacity) return;
    const last = this.#held.pop();
    if (last !== undefined) this.#ids.delete(last.id);
    this.#bound = this.#held.at(-1)?.keys;
  }
}
