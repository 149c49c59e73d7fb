/** What is held of the log: the last transactions, within bounds, in order; and up to where it may be forgotten. */
import type { Position, Txn } from './change.ts';
import { before, start } from './position.ts';

export interface RingBounds {
  readonly bytes: number;
  readonly changes: number;
}

interface Entry {
  readonly txn: Txn;
  readonly bytes: number;
}

/** What came last pushes out what came first. */
export class Ring {
  /** A reader at or after it can be told everything that followed. */
  tail: Position = start;
  /** All that ended at or before it is known. */
  head: Position = start;
  bytes = 0;
  changes = 0;
  readonly #bounds: RingBounds;
  #entries: Entry[] = [];
  /** Entries before it are gone: taken out of the list now and then, not one by one. */
  #first = 0;

  constructor(bounds: RingBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  reset(at: Position): void {
    this.tail = this.head = at;
    this.#entries = [];
    this.#first = this.bytes = this.changes = 0;
  }

  push(txn: Txn, bytes: number): void {
    this.#entries.push({ txn, bytes });
    this.head = txn.position;
    this.bytes += bytes;
    this.changes += txn.changes.length;
    while (this.bytes > this.#bounds.bytes || this.changes > this.#bounds.changes) this.#shift();
  }

  /** Forgets what ended at or before the position. */
  cut(position: Position): void {
    while (this.size > 0 && (this.#entries[this.#first]?.txn.position ?? '') <= position) this.#shift();
    if (position > this.tail) this.tail = position;
  }

  /** What ended after the position, in order, as it is now. */
  after(position: Position): readonly Txn[] {
    let [low, high] = [this.#first, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.txn.position ?? '') <= position) low = middle + 1;
      else high = middle;
    }
    return this.#entries.slice(low).map(({ txn }) => txn);
  }

  #shift(): void {
    const gone = this.#entries[this.#first++];
    if (gone === undefined) return;
    this.tail = gone.txn.position;
    this.bytes -= gone.bytes;
    this.changes -= gone.txn.changes.length;
    if (this.#first > 1_000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}

export interface RetentionBounds {
  readonly retain: number;
  readonly wal: number;
}

/** Up to where nothing is needed again: where the head was `retain` ago, but never more than `wal` bytes behind it. */
export class Retention {
  readonly #bounds: RetentionBounds;
  #until: Position = start;
  /** Where the head was, at each beat. */
  #seen: { readonly at: number; readonly head: Position }[] = [];

  constructor(bounds: RetentionBounds) {
    this.#bounds = bounds;
  }

  reset(until: Position): void {
    this.#until = until;
    this.#seen = [];
  }

  /** Another process has confirmed more meanwhile. */
  atLeast(until: Position): void {
    if (until > this.#until) this.#until = until;
  }

  /** Asked at each beat; `now` in ms. Never moves back. */
  at(now: number, head: Position): Position {
    this.#seen.push({ at: now, head });
    const old = this.#seen.findLastIndex(({ at }) => at <= now - this.#bounds.retain);
    const floor = before(head, this.#bounds.wal);
    for (const candidate of [this.#seen[old]?.head ?? '', floor]) this.atLeast(candidate);
    this.#seen.splice(0, old + 1);
    return this.#until;
  }
}
