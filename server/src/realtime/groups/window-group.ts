/**
 * A group with a limit: the first rows in its order, and some behind them that come in where others leave.
 *
 * Worry: where those behind are used up, the next row is known to the database alone, and the log goes on while it is asked.
 * Decision: the window is read anew by the hand-off; until then nothing is told, and what the members were told last is
 * remembered, so that they are told the difference. Why it is enough: at the end of the hand-off the window is exact at the head
 * of the log, and the difference of two exact windows leads from one to the other.
 */
import type { Txn } from '../../changes/change.ts';
import { limits } from '../../kit/limits.ts';
import { planImages } from '../../records/reading/images.ts';
import { effectsOf, type Op } from './effects.ts';
import type { Group } from './group.ts';
import type { Hub } from '../hub.ts';
import { tooBusy, type Comer, type Entered, type LiveGroup } from './live-group.ts';
import type { Local } from '../matching/local.ts';
import { queried, Row, type RowChange } from '../matching/row.ts';
import { changesOf, isBulkOf } from './since.ts';
import { missed, readAt } from '../snapshot.ts';
import { Window } from './window.ts';

export class WindowGroup implements LiveGroup {
  readonly group: Group;
  members = 0;
  seq = 0;
  readonly #hub: Hub;
  readonly #local: Local;
  readonly #window: Window;
  /** In whose name the window is read: any member's will do, since all see the same. */
  #reader: Comer | undefined;
  #reading: Promise<void> | undefined;

  constructor(hub: Hub, group: Group, local: Local, limit: number) {
    this.#hub = hub;
    this.group = group;
    this.#local = local;
    this.#window = new Window(local, limit);
  }

  get isExact(): boolean {
    return this.#reading === undefined && !this.#window.isShort;
  }
  get position(): string {
    return this.#hub.place;
  }

  touch(txn: Txn, changes: readonly RowChange[]): boolean {
    if (!this.isExact) return false;
    if (!isBulkOf(this.group, txn) && this.#window.apply(changes) === 'ok') return true;
    this.#read().catch((error: unknown) => this.#hub.lose(this, error));
    return false;
  }

  take(): readonly Op[] {
    return this.isExact ? this.#window.take() : [];
  }

  #read(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    // When it is done another may have begun.
    const reading = this.#readAnew().finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    return (this.#reading = reading);
  }

  async #readAnew(): Promise<void> {
    const source = queried(this.group.collection);
    const { capacity } = this.#window;
    for (let tries = 0; tries < limits.live.tries; tries++) {
      const { ctx, caller, asked } = this.#named();
      const plan = planImages(caller, this.group.collection, asked, { columns: source.columns, limit: capacity });
      const read = await this.#hub.reads.take(() => readAt(ctx, plan));
      const late = await missed(this.#hub.log, this.#hub.seen, read);
      const changes = late && changesOf(this.group, late);
      if (changes === undefined) continue;
      this.#window.load(
        read.rows.map((image) => new Row(this.group.collection, source.relation, image)),
        read.rows.length < capacity,
      );
      if (this.#window.apply(changes) === 'refill') continue;
      // From here on it follows the log again: nothing waits in between.
      this.#reading = undefined;
      return this.#hub.dirty(this);
    }
    throw tooBusy();
  }

  #named(): Comer {
    if (this.#reader === undefined) throw new Error('a window is read in somebody’s name');
    return this.#reader;
  }

  async enter(comer: Comer, join: (entered: Entered) => void): Promise<void> {
    const { log } = this.#hub;
    const { at } = comer;
    this.#reader = comer;
    for (let tries = 0; !this.isExact; tries++) {
      if (tries > limits.live.tries) throw tooBusy();
      await this.#read();
    }
    this.#hub.flush();
    const isSame = at !== undefined && at.position >= log.tail && at.position <= log.head && this.#isUntouched([...log.after(at.position)]);
    join(isSame ? { mode: 'delta', ops: [] } : { mode: 'snapshot', rows: this.#window.rows.map(({ json }) => json) });
  }

  /** Whether they leave all rows that match as they are. */
  #isUntouched(txns: readonly Txn[]): boolean {
    const changes = changesOf(this.group, txns);
    const ops = changes && effectsOf(this.#local, changes);
    return ops !== undefined && ops !== 'unknown' && ops.length === 0;
  }
}
