/**
 * Where the log meets the subscriptions of this process: which groups a transaction touches, and when that is told.
 *
 * Worry: a group with a thousand members and hundreds of changes a second would keep the process from everything else; and what
 * is told later than it happened must not arrive in another order. Decision: what transactions did to groups is kept, and told for
 * all groups at one moment, as many times a second as leaves two thirds of the time free. Why it is enough: an idle process
 * tells at once; a busy one tells less often, but then all that belongs together, in the order of commits.
 */
import type { ResetReason } from '@underpin/sdk/wire';
import type { Position, Txn } from '../changes/change.ts';
import type { ChangeLog } from '../changes/log.ts';
import { fail } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { limits } from '../kit/limits.ts';
import { Turns } from '../kit/turns.ts';
import type { Group } from './groups/group.ts';
import type { LiveGroup } from './groups/live-group.ts';
import { Matcher } from './matching/match.ts';
import type { RowChange } from './matching/row.ts';
import { isBulkOf } from './groups/since.ts';
import type { Op } from './groups/effects.ts';
import { Seen } from './snapshot.ts';

/** Who follows the log together with the groups, and before them. */
export interface Follower {
  txn(txn: Txn): void;
  /** It was not told of all. */
  gap(): void;
}

/** A way out to those who subscribed. */
export interface Door {
  changes(group: string, seq: number, position: Position, ops: readonly Op[]): void;
  reset(group: string, reason: ResetReason): void;
  /** For one turn of its clients: groups of which `isTold` holds have been told of everything up to the position. */
  watermark(position: Position, isTold: (group: string) => boolean, turn: number): void;
  /** Everybody is to go: another process has what they follow. */
  part(): void;
}

export class Hub {
  readonly log: ChangeLog;
  readonly seen = new Seen();
  /** Snapshots in flight. */
  readonly reads = new Turns(limits.live.snapshots);
  /** Counts changes of the schema. */
  generation = 0;
  readonly #out: Log;
  readonly #schemaOf: (txn: Txn) => Promise<void>;
  #renewing: Promise<void> | undefined;
  readonly #doors: Door[] = [];
  readonly #groups = new Map<string, LiveGroup>();
  readonly #matcher = new Matcher();
  readonly #dirty = new Set<LiveGroup>();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #earliest = 0;
  readonly #told: Position[] = [];
  #turn = 0;
  /** The history that the groups stand in, and the last transaction that they were told of. */
  #epoch = '';
  #place: Position = '';
  readonly #followers: Follower[] = [];
  readonly #waiting: { resolve(): void; reject(error: Error): void }[] = [];
  #stop: (() => void) | undefined;
  #beat: NodeJS.Timeout | undefined;
  #parting: NodeJS.Timeout | undefined;

  /** `schemaOf`: makes sure that the schema is known as a transaction left it. */
  constructor(log: ChangeLog, out: Log, schemaOf: (txn: Txn) => Promise<void>) {
    this.log = log;
    this.#out = out;
    this.#schemaOf = schemaOf;
  }

  before(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Resolves when the log is followed; the first who asks begins it. */
  async ready(): Promise<void> {
    if (this.#stop === undefined) this.#begin();
    if (this.log.state === 'live') return;
    if (this.isElsewhere) this.#part();
    if (isLost(this.log.state)) throw this.#unavailable();
    const live = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const late = setTimeout(() => this.#refuse(), limits.live.start);
    await live.finally(() => clearTimeout(late));
  }

  #begin(): void {
    this.#stop = this.log.follow({
      txn: (txn) => this.#take(txn),
      progress: (head) => void (this.#place = head),
      state: () => this.#hear(),
    });
    this.#beat = setInterval(() => this.#mark(), limits.live.watermark / limits.live.turns);
    if (this.log.state === 'live') this.#epoch = this.log.epoch;
    this.#place = this.log.head;
    for (const follower of this.#followers) follower.gap();
  }

  #hear(): void {
    const { state, epoch, tail } = this.log;
    if (isLost(state)) this.#refuse();
    if (state === 'elsewhere') this.#part();
    if (state !== 'live') return;
    if (this.#epoch !== '' && (this.#epoch !== epoch || this.#place < tail)) this.#lose();
    if (this.#epoch !== epoch || this.#place < tail) this.#place = tail;
    this.#epoch = epoch;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Whoever stayed would hear nothing more. A moment later, so that those who just asked are told why. */
  #part(): void {
    this.#parting ??= setTimeout(() => {
      this.#parting = undefined;
      if (this.isElsewhere) for (const door of this.#doors) door.part();
    }, limits.live.farewell);
  }

  #lose(): void {
    for (const one of [...this.#groups.values()]) this.reset(one, 'epoch');
    for (const follower of this.#followers) follower.gap();
  }

  #refuse(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(this.#unavailable());
  }
  #unavailable = (): Error => fail('unavailable', { detail: this.log.reason ?? 'Live queries are not there yet.', retryAfter: 5 });

  through(door: Door): void {
    this.#doors.push(door);
  }

  /** Up to where all groups know what happened: while a transaction is being taken, that before it. */
  get place(): Position {
    return this.#place;
  }

  /** Another process reads the log, and only there live queries can be had. */
  get isElsewhere(): boolean {
    return this.log.state === 'elsewhere';
  }

  group(key: string): LiveGroup | undefined {
    return this.#groups.get(key);
  }

  get size(): number {
    return this.#groups.size;
  }

  add(one: LiveGroup): void {
    this.#groups.set(one.group.id, one);
    this.#matcher.add(one.group);
  }

  remove(one: LiveGroup): void {
    if (this.#groups.get(one.group.id) !== one) return;
    this.#groups.delete(one.group.id);
    this.#dirty.delete(one);
    this.#matcher.remove(one.group);
  }

  #take(txn: Txn): void {
    this.seen.add(txn);
    for (const follower of this.#followers) follower.txn(txn);
    if (txn.messages.some(({ prefix }) => prefix === 'underpin.schema')) this.#renew(txn);
    const { concerned, stale } = this.#matcher.route(txn.changes);
    for (const { group, changes } of concerned) this.#touch(group, txn, changes);
    for (const group of stale) this.#touch(group, txn, []);
    if (txn.bulk !== undefined) for (const { group } of this.#groups.values()) if (isBulkOf(group, txn)) this.#touch(group, txn, []);
    this.#place = txn.position;
  }

  #touch(group: Group, txn: Txn, rows: readonly RowChange[]): void {
    const one = this.#groups.get(group.id);
    if (one?.touch(txn, rows) === true) this.dirty(one);
  }

  /** A group has something to tell. One that is over while it was read has not: its members may not have heard yet that it is. */
  dirty(one: LiveGroup): void {
    if (!this.has(one)) return;
    this.#dirty.add(one);
    if (this.#timer !== undefined || this.#soon !== undefined) return;
    const wait = this.#earliest - performance.now();
    // A timer waits for a millisecond at least.
    if (wait <= 0) this.#soon = setImmediate(() => this.flush());
    else this.#timer = setTimeout(() => this.flush(), wait);
  }

  /** Tells all that is to be told. Whoever joins a group does it first: what comes then is news to him too. */
  flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = this.#soon = undefined;
    let members = 0;
    for (const one of this.#dirty) {
      members += one.members;
      const ops = one.take();
      if (ops === 'unknown') this.reset(one, 'bulk');
      else if (ops.length > 0) {
        one.seq += 1;
        for (const door of this.#doors) door.changes(one.group.id, one.seq, one.position, ops);
      }
    }
    this.#dirty.clear();
    const busy = members * limits.live.perMember;
    this.#earliest = performance.now() + (busy < limits.live.idle ? 0 : Math.min(busy / limits.live.share, limits.live.longest));
  }

  /**
   * The schema changed here: nothing of what follows is told by the rules of before. Who follows a group asks again when the schema
   * is known, and who was about to join one is turned away (`generation`).
   */
  #renew(txn: Txn): void {
    this.flush();
    this.generation += 1;
    const groups = [...this.#groups.values()];
    for (const one of groups) this.remove(one);
    const known = this.#schemaOf(txn)
      .catch((error: unknown) => this.#out.warn({ err: error }, 'the schema could not be read again'))
      .then(() => {
        if (this.#renewing === known) this.#renewing = undefined;
        for (const one of groups) for (const door of this.#doors) door.reset(one.group.id, 'schema');
      });
    this.#renewing = known;
  }

  /** While the schema of the last change is not known: resolves when it is. */
  get renewing(): Promise<void> | undefined {
    return this.#renewing;
  }

  has(one: LiveGroup): boolean {
    return this.#groups.get(one.group.id) === one;
  }

  /** A group could not be read any more. */
  lose(one: LiveGroup, error: unknown): void {
    if (!this.has(one)) return;
    this.#out.warn({ err: error }, 'a live query could not be read again; its subscribers ask anew');
    this.reset(one, 'lag');
  }

  /** The members of a group are to ask again. */
  reset(one: LiveGroup, reason: ResetReason): void {
    this.remove(one);
    for (const door of this.#doors) door.reset(one.group.id, reason);
  }

  /** Goes to a part of the clients at a time, so that no change waits until all have theirs. */
  #mark(): void {
    this.#turn = (this.#turn + 1) % limits.live.turns;
    if (this.#place === this.#told[this.#turn] || this.#dirty.size > 0) return;
    this.#told[this.#turn] = this.#place;
    // One that is not there any more is to be asked for anew.
    for (const door of this.#doors) door.watermark(this.#place, (group) => this.#groups.get(group)?.isExact === true, this.#turn);
  }

  close(): void {
    this.#stop?.();
    this.#refuse();
    clearInterval(this.#beat);
    clearTimeout(this.#parting);
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
  }
}

const isLost = (state: ChangeLog['state']): boolean => state === 'elsewhere' || state === 'unavailable';
