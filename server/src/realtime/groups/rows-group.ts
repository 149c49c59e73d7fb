/** A group without a limit: what a transaction does to it is seen from the rows that it changed, as they were and as they are. */
import type { Txn } from '../../changes/change.ts';
import { limits } from '../../kit/limits.ts';
import { planImages } from '../../records/reading/images.ts';
import { effectsOf, type Op } from './effects.ts';
import type { Group } from './group.ts';
import type { Hub } from '../hub.ts';
import { tooBusy, tooMany, type Comer, type Entered, type LiveGroup } from './live-group.ts';
import type { Local } from '../matching/local.ts';
import { queried, Row, type RowChange } from '../matching/row.ts';
import { changesOf, concerns, isBulkOf } from './since.ts';
import { missed, readAt } from '../snapshot.ts';

export class RowsGroup implements LiveGroup {
  readonly group: Group;
  members = 0;
  seq = 0;
  readonly isExact = true;
  readonly #hub: Hub;
  readonly #local: Local;
  #pending: RowChange[] = [];
  #isUnknown = false;
  /** What those missed who came back last. */
  #missed: { readonly since: string; readonly ops: readonly Op[] } | undefined;

  constructor(hub: Hub, group: Group, local: Local) {
    this.#hub = hub;
    this.group = group;
    this.#local = local;
  }

  get position(): string {
    return this.#hub.place;
  }

  touch(txn: Txn, changes: readonly RowChange[]): boolean {
    this.#missed = undefined;
    if (isBulkOf(this.group, txn)) this.#isUnknown = true;
    this.#pending.push(...changes);
    return true;
  }

  take(): readonly Op[] | 'unknown' {
    const ops = effectsOf(this.#local, this.#pending.splice(0));
    return this.#isUnknown ? 'unknown' : ops;
  }

  async enter(comer: Comer, join: (entered: Entered) => void): Promise<void> {
    if (comer.at !== undefined && this.#goOn(comer.at.position, join)) return;
    const source = queried(this.group.collection);
    for (let tries = 0; tries < limits.live.tries; tries++) {
      const plan = planImages(comer.caller, this.group.collection, comer.asked, {
        columns: source.columns,
        limit: limits.realtime.rows + 1,
      });
      const read = await this.#hub.reads.take(() => readAt(comer.ctx, plan));
      const late = await missed(this.#hub.log, this.#hub.seen, read);
      const changes = late && changesOf(this.group, late);
      if (changes === undefined) continue;
      const rows = new Map(read.rows.map((image) => [image[0] ?? '', new Row(this.group.collection, source.relation, image)]));
      if (!this.#apply(rows, changes)) continue;
      if (rows.size > limits.realtime.rows) throw tooMany();
      this.#hub.flush();
      return join({ mode: 'snapshot', rows: [...rows.values()].map((row) => this.#local.write(row)) });
    }
    throw tooBusy();
  }

  /** What somebody missed since he was told last, where the log has all of it. */
  #goOn(position: string, join: (entered: Entered) => void): boolean {
    const { log } = this.#hub;
    if (position < log.tail || position > log.head) return false;
    const ops = this.#opsSince(position);
    if (ops === undefined) return false;
    this.#hub.flush();
    join({ mode: 'delta', ops });
    return true;
  }

  /** Many who come back at once have all missed the same: as long as nothing happens to the group, it is made once. */
  #opsSince(position: string): readonly Op[] | undefined {
    const known = this.#missed;
    if (known !== undefined && this.#isSame(known.since, position)) return known.ops;
    const changes = changesOf(this.group, [...this.#hub.log.after(position)]);
    const ops = changes && effectsOf(this.#local, changes);
    if (ops === undefined || ops === 'unknown') return undefined;
    this.#missed = { since: position, ops };
    return ops;
  }

  /** Whether nothing happened to the group's table between two places. */
  #isSame(one: string, other: string): boolean {
    if (one === other) return true;
    const [from, to] = one < other ? [one, other] : [other, one];
    for (const txn of this.#hub.log.after(from)) {
      if (txn.position > to) return true;
      if (concerns(this.group, txn)) return false;
    }
    return true;
  }

  /** False where too little was told. */
  #apply(rows: Map<string, Row>, changes: readonly RowChange[]): boolean {
    for (const change of changes) {
      if (change === 'truncate') {
        rows.clear();
        continue;
      }
      for (const one of [change.old, change.row]) if (one?.id !== undefined) rows.delete(one.id);
      if (change.row === undefined) continue;
      if (change.row.id === undefined || !change.row.tells(this.#local.reads)) return false;
      if (this.#local.matches(change.row)) rows.set(change.row.id, change.row);
    }
    return true;
  }
}
