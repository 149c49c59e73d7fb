/**
 * One subscription as the server knows it, and all live queries of this client that ask for the same.
 *
 * Worry: messages are lost or repeated by sleep, dead networks and servers that restart, and nobody may notice. Decision: a feed
 * knows its place (group, epoch, position) and counts the messages of its group; after a break, a reset or a number that is
 * missing it asks again from its place on. The server answers with exactly what was missed, or with all. Why it is enough: a
 * message is applied only where it is the next, so what is shown is always the view at some position, and what is asked from a
 * position is complete.
 *
 * A snapshot in parts is acknowledged part by part, and only while it is the one that is wanted: one that was overtaken ends at
 * the server, and none of its parts is taken for a part of the next.
 */
import { ApiError } from '../error.ts';
import type { LiveMessages, LiveOp, LivePlace, LiveRow, OrderKey, SubscribeAnswer, SubscribeRequest } from '../wire.ts';
import type { LiveStatus, Subscriber } from './live.ts';
import { LiveRows } from './rows.ts';

/** What a feed needs of the connection. */
export interface Line {
  isOpen(): boolean;
  ask(request: SubscribeRequest, answer: (answer: SubscribeAnswer) => void): void;
  /** A token was refused: resolves to false where there is no other. With another one the connection is opened anew. */
  renew(): Promise<boolean>;
  /** The server refused it, and will again. */
  lose(feed: Feed): void;
}

type Snapshot = Extract<SubscribeAnswer, { mode: 'snapshot' }>;
interface Loading {
  readonly place: LivePlace;
  readonly order: readonly OrderKey[];
  readonly rows: LiveRow[];
  /** What the group was told meanwhile. */
  readonly later: (() => void)[];
}

export class Feed {
  readonly id: string;
  readonly request: Subscriber['request'];
  readonly members = new Set<Subscriber>();
  readonly #line: Line;
  #rows = new LiveRows();
  #place: LivePlace | undefined;
  #seq = 0;
  /** Counts what was asked: an answer to an older question is not taken. */
  #asked = 0;
  #isIn = false;
  #loading: Loading | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;

  constructor(id: string, request: Subscriber['request'], line: Line) {
    this.id = id;
    this.request = request;
    this.#line = line;
  }

  join(one: Subscriber): void {
    this.members.add(one);
    if (!this.#place) return;
    if (this.#isIn) one.reached(this.#place.epoch, this.#place.position, true);
    one.show(this.#rows.all, this.#status());
  }

  #status(): LiveStatus {
    if (this.#isIn) return 'live';
    if (!this.#line.isOpen()) return 'offline';
    return this.#place ? 'resyncing' : 'connecting';
  }
  #show(): void {
    for (const one of this.members) one.show(this.#rows.all, this.#status());
  }
  #reached(isWhole: boolean): void {
    if (this.#place) for (const one of this.members) one.reached(this.#place.epoch, this.#place.position, isWhole);
  }

  /** The connection is there: asks, from where it stands. */
  open(): void {
    this.stop();
    if (!this.#line.isOpen()) return;
    const asked = this.#asked;
    this.#line.ask({ ...this.request, id: this.id, ...(this.#place && { at: this.#place }) }, (answer) => {
      if (asked === this.#asked) this.#take(answer);
    });
  }

  /** Nothing of what is under way is taken any more. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#asked += 1;
    this.#loading = undefined;
    this.#isIn = false;
    this.#show();
  }

  /** Somebody else sees other rows: nothing of what was shown is kept. */
  forget(): void {
    this.#place = undefined;
    this.#rows = new LiveRows();
    this.stop();
  }

  #take(answer: SubscribeAnswer): void {
    if (!answer.ok) return this.refuse(new ApiError(answer.problem.status, answer.problem));
    this.#seq = answer.seq;
    const place = { group: answer.group, epoch: answer.epoch, position: answer.position };
    if (answer.mode === 'snapshot') return this.#load(answer, place);
    if (answer.mode === 'delta') this.#rows.apply(answer.ops);
    this.#arrive(place, false);
  }

  #load({ rows, order, more }: Snapshot, place: LivePlace): void {
    this.#loading = { place, order, rows: [...rows], later: [] };
    if (more === 0) this.#loaded();
  }
  /** A part of the snapshot; whether it is one of that which is wanted. */
  part(rows: readonly LiveRow[], isLast: boolean): boolean {
    this.#loading?.rows.push(...rows);
    const isWanted = this.#loading !== undefined;
    if (isLast) this.#loaded();
    return isWanted;
  }
  #loaded(): void {
    if (!this.#loading) return;
    const { rows, order, place, later } = this.#loading;
    this.#loading = undefined;
    this.#rows.replace(rows, order);
    this.#arrive(place, true);
    for (const next of later) next();
  }

  #arrive(place: LivePlace, isWhole: boolean): void {
    this.#isIn = true;
    this.#tries = 0;
    this.#place = place;
    this.#reached(isWhole);
    this.#show();
  }

  change(...[[group, seq, position, ops]]: Parameters<LiveMessages['changes']>): void {
    if (this.#loading?.place.group === group) this.#loading.later.push(() => this.change([group, seq, position, ops]));
    else if (this.#isIn && this.#place?.group === group) this.#apply(seq, { ...this.#place, position }, ops);
  }
  #apply(seq: number, place: LivePlace, ops: readonly LiveOp[]): void {
    if (seq !== this.#seq + 1) return this.open();
    this.#seq = seq;
    this.#place = place;
    const isChanged = this.#rows.apply(ops);
    this.#reached(false);
    if (isChanged) this.#show();
  }

  watermark(position: string): void {
    if (!this.#isIn || !this.#place || position <= this.#place.position) return;
    this.#place = { ...this.#place, position };
    this.#reached(false);
  }

  reset(group: string): void {
    if ((this.#loading?.place ?? (this.#isIn ? this.#place : undefined))?.group === group) this.open();
  }

  refuse(error: ApiError): void {
    this.stop();
    this.#tries += 1;
    if (error.status === 401 && this.#tries === 1) return void this.#renew(error);
    if (error.retryable) this.#again(error.retryAfterMs);
    else this.close(error);
  }
  async #renew(error: ApiError): Promise<void> {
    const asked = this.#asked;
    try {
      const isRenewed = await this.#line.renew();
      // Where the session ended with that, it was asked again meanwhile, as nobody.
      if (!isRenewed && asked === this.#asked) this.close(error);
    } catch {
      this.#tries = 0;
      if (asked === this.#asked) this.#again();
    }
  }
  #again(ms = backoff(this.#tries)): void {
    this.#retry = setTimeout(() => this.open(), ms);
  }

  close(error: ApiError): void {
    this.#line.lose(this);
    for (const one of this.members) one.show([], 'closed', error);
  }
}

/** 0.5 s, twice as long after each try, 30 s at most; some of it by chance, so that not all come back at once. */
export const backoff = (tries: number): number => Math.min(30_000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random() / 2);
