/**
 * A group whose rows hang on more than their own columns: the query is asked again when one of its tables changes.
 *
 * Worry: the answer of a query stands for no place in the log, and while it is asked more happens. Decision: with the answer
 * comes its snapshot; behind a barrier the log says which transactions on these tables it saw and which not. Where those that it
 * saw come before all that it did not see, the answer is the view at the place before the first of the latter. Else it is
 * asked again. Why it is enough: transactions on other tables change nothing in the answer, so only the order of these counts.
 */
import type { Position } from '../../changes/change.ts';
import { limits } from '../../kit/limits.ts';
import { planList } from '../../records/reading/plan.ts';
import { noLists } from '../../records/reading/select.ts';
import type { Op } from './effects.ts';
import type { Group } from './group.ts';
import type { Hub } from '../hub.ts';
import { tooBusy, tooMany, type Comer, type Entered, type LiveGroup } from './live-group.ts';
import { concerns } from './since.ts';
import { missed, readAt, withSnapshot } from '../snapshot.ts';

interface Answer {
  readonly rows: ReadonlyMap<string, string>;
  readonly position: Position;
  /** Whether nothing has happened since. */
  readonly isNow: boolean;
}

export class QueryGroup implements LiveGroup {
  readonly group: Group;
  members = 0;
  seq = 0;
  readonly #hub: Hub;
  #reader: Comer | undefined;
  #asking: Promise<void> | undefined;
  #isStale = true;
  #answer: Answer | undefined;
  /** What the members were told last, and what place that is the view of. */
  #shown: ReadonlyMap<string, string> = new Map();
  #shownAt: Position = '';

  constructor(hub: Hub, group: Group) {
    this.#hub = hub;
    this.group = group;
  }

  get isExact(): boolean {
    return !this.#isStale;
  }
  get position(): Position {
    return this.#isStale ? this.#shownAt : this.#hub.place;
  }

  touch(): boolean {
    // Up to here it was exact, and members were told so.
    if (!this.#isStale) this.#shownAt = this.#hub.place;
    this.#isStale = true;
    this.#askSoon();
    return false;
  }

  take(): readonly Op[] {
    const { rows, position } = this.#answer ?? { rows: this.#shown, position: this.#shownAt };
    const ops: Op[] = [];
    for (const id of this.#shown.keys()) if (!rows.has(id)) ops.push(['leave', id]);
    for (const [id, json] of rows) if (this.#shown.get(id) !== json) ops.push(['put', id, json]);
    this.#shown = rows;
    this.#shownAt = position;
    return ops;
  }

  #askSoon(): void {
    if (this.#reader === undefined || this.#asking !== undefined || !this.#hub.has(this)) return;
    this.#ask().then(
      () => this.#isStale && this.#askSoon(),
      (error: unknown) => this.#hub.lose(this, error),
    );
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askUntil().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askUntil(): Promise<void> {
    for (let tries = 0; tries < limits.live.tries; tries++) {
      const answer = await this.#askOnce();
      if (answer === undefined) continue;
      this.#answer = answer;
      this.#isStale = !answer.isNow;
      return this.#hub.dirty(this);
    }
    throw tooBusy();
  }

  /** Undefined where what it saw and what it did not see are mixed. */
  async #askOnce(): Promise<Answer | undefined> {
    const { log } = this.#hub;
    if (this.#reader === undefined) throw new Error('a query is asked in somebody’s name');
    const { ctx, caller, asked } = this.#reader;
    const most = this.group.limit ?? limits.realtime.rows + 1;
    const plan = planList(caller, this.group.collection, { ...asked, limit: most });
    const read = await this.#hub.reads.take(() => readAt(ctx, withSnapshot(plan.rows)));
    const late = await missed(log, this.#hub.seen, read);
    if (late === undefined) return undefined;
    const rows = new Map(read.rows.slice(0, most).map((row) => [row[0] ?? '', plan.write(row, noLists)]));
    if (this.group.limit === undefined && rows.size > limits.realtime.rows) throw tooMany();
    const unseen = new Set(late.filter((txn) => concerns(this.group, txn)));
    const [first] = unseen;
    if (first === undefined) return { rows, position: log.head, isNow: true };
    let before = log.tail > this.#shownAt ? log.tail : this.#shownAt;
    for (const txn of log.after(log.tail)) {
      if (txn.position < first.position) before = txn.position > before ? txn.position : before;
      else if (!unseen.has(txn) && concerns(this.group, txn)) return undefined;
    }
    return { rows, position: before, isNow: false };
  }

  async enter(comer: Comer, join: (entered: Entered) => void): Promise<void> {
    this.#reader = comer;
    // What the members see may be of a place before that at which he has his rights.
    const { place } = this.#hub;
    this.#hub.flush();
    // Of one that is over nothing is told any more; who would join it sees that.
    for (let tries = 0; this.#hub.has(this) && (this.#answer === undefined || this.position < place); tries++) {
      if (tries > limits.live.tries) throw tooBusy();
      await this.#ask();
      this.#hub.flush();
    }
    if (this.#isStale) this.#askSoon();
    const isSame = comer.at !== undefined && this.isExact && this.#isUntouched(comer.at.position);
    join(isSame ? { mode: 'delta', ops: [] } : { mode: 'snapshot', rows: [...this.#shown.values()] });
  }

  #isUntouched(position: Position): boolean {
    const { log } = this.#hub;
    if (position < log.tail || position > log.head) return false;
    for (const txn of log.after(position)) if (concerns(this.group, txn)) return false;
    return true;
  }
}
