/**
 * Who follows live queries, whatever way he came: what he follows, and who he is by now.
 *
 * Worry: a subscription is judged while rights or the schema change, and what was judged by those of before is told. Decision: each
 * change counts; what was judged under another count is thrown away and judged again. Why it is enough: joining a group and
 * looking at the counts is one step, in which nothing else happens.
 */
import type { ResetReason, SubscribeAnswer } from '@underpin/sdk/wire';
import type { Base, Ctx } from '../ctx.ts';
import type { Actor } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import type { Hub } from './hub.ts';
import { tooBusy, type LiveGroup } from './groups/live-group.ts';
import type { MemberSet } from './members/member-set.ts';
import type { Memberships } from './members/memberships.ts';
import { Pace } from './pace.ts';
import { inParts, type Part } from './doors/parts.ts';
import type { Rights } from './rights.ts';
import { enter, leave, parseSubscription, type LiveRequest } from './subscribe.ts';
import { toWireOps } from './doors/wire.ts';

/** The way to him: a socket, or an answer that does not end. */
export interface Way {
  readonly address: string;
  /** Who is asking, by what he came with; refuses as a request does. */
  who(): Promise<Actor>;
  join(group: string): void;
  leave(group: string): void;
  /** A part of a snapshot; `taken` when the next may come. */
  part(part: Part, taken: () => void): void;
  /** He is to ask again. */
  reset(group: string, reason: ResetReason): void;
  close(): void;
}

type Give = (told: SubscribeAnswer) => void;
interface Wanted {
  readonly id: string;
  readonly request: LiveRequest;
}

interface Held {
  readonly one: LiveGroup;
  readonly request: Pick<LiveRequest, 'collection' | 'input'>;
  /** What he was judged by that may change. */
  readonly sets: readonly MemberSet[];
}
/** What all clients share. */
interface Shared {
  readonly hub: Hub;
  readonly rights: Rights;
  readonly memberships: Memberships;
}

let serial = 0;

export class Client {
  /** While it is behind it has left all its groups, and what it asks for waits, or it would be told what follows a gap. */
  readonly #pace = new Pace();
  /** While it is not known what its rights are now. */
  judging: Promise<void> | undefined;
  /** When it is told of watermarks. */
  readonly turn = serial++ % limits.live.turns;
  readonly #base: Base;
  readonly #hub: Hub;
  readonly #rights: Rights;
  readonly #memberships: Memberships;
  readonly #way: Way;
  #actor: Actor;
  /** By the id that the client gave them. */
  readonly #held = new Map<string, Held>();
  /** What is being asked under each id: what was asked before it, and comes later, is not wanted any more. */
  readonly #wanted = new Map<string, Wanted>();
  /** Counts changes of its rights. */
  #generation = 0;

  constructor(base: Base, { hub, rights, memberships }: Shared, way: Way, actor: Actor) {
    this.#base = base;
    this.#hub = hub;
    this.#rights = rights;
    this.#memberships = memberships;
    this.#way = way;
    this.#actor = actor;
  }

  get isBehind(): boolean {
    return this.#pace.over !== undefined;
  }

  get actor(): Actor {
    return this.#actor;
  }

  get address(): string {
    return this.#way.address;
  }

  /** Asks who he is by now. */
  async ask(): Promise<void> {
    this.#actor = await this.#way.who();
  }

  groups(): readonly string[] {
    return [...new Set([...this.#held.values()].map(({ one }) => one.group.id))];
  }

  async subscribe(id: string, request: LiveRequest, give: Give): Promise<void> {
    const most = this.actor.kind === 'admin' ? limits.live.adminSubscriptions : limits.live.subscriptions;
    const wanted = { id, request };
    this.#wanted.set(id, wanted);
    try {
      if (new Set([...this.#held.keys(), ...this.#wanted.keys()]).size > most)
        throw fail('limit_exceeded', `At most ${most} subscriptions at once.`);
      await this.#hub.ready(); // 503: the log of changes cannot be read
      for (let tries = 0; tries < limits.live.tries && this.#wanted.get(id) === wanted; tries++) {
        // Nothing may happen between the last look and the first step of what follows.
        for (let before = this.#first(); before !== undefined; before = this.#first()) await before;
        if (await this.#subscribeOnce(wanted, give)) return;
      }
      throw tooBusy();
    } finally {
      if (this.#wanted.get(id) === wanted) this.#wanted.delete(id);
    }
  }

  /** What has to be over before he is asked who he is, and what he may. */
  #first(): Promise<void> | undefined {
    return this.#hub.renewing ?? this.judging ?? this.#rights.unseen(this.#actor) ?? this.#pace.over;
  }

  /** The same with another limit. */
  async widen(id: string, limit: unknown, give: Give): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined) throw fail('not_found', 'There is no such subscription.');
    const { collection, input } = held.request;
    await this.subscribe(id, { collection, at: undefined, input: { ...input, limit } }, give);
  }

  async #subscribeOnce(wanted: Wanted, give: Give): Promise<boolean> {
    const { id, request } = wanted;
    const hub = this.#hub;
    const [generation, schema] = [this.#generation, hub.generation];
    await this.ask();
    const subscription = await parseSubscription(this.#context(), { hub, memberships: this.#memberships }, request);
    const { group, order, sets } = subscription;
    const versions = sets.map(({ version }) => version);
    const isOld = (): boolean =>
      generation !== this.#generation ||
      schema !== hub.generation ||
      this.#wanted.get(id) !== wanted ||
      sets.some(({ version }, at) => version !== versions[at]);
    try {
      // What he is judged by, and what another process has told him, may be newer than the log is here: a view has both at one place.
      await hub.log.barrier();
      // A group begun by a schema that is none any more would tell those who followed by it, and do not know yet that it is over.
      if (isOld()) return false;
      let isTold = false;
      await enter(hub, subscription, (one, entered) => {
        if (isOld() || !hub.has(one) || this.isBehind) return leave(hub, one);
        const place = { group: group.id, epoch: hub.log.epoch, position: one.position, seq: one.seq, order };
        const held = { one, request: { collection: request.collection, input: request.input }, sets };
        // Of a snapshot that another overtook nothing more is sent: its rows would be taken for rows of that one.
        const part: Way['part'] = (next, taken) => void (this.#held.get(id) === held && this.#way.part(next, taken));
        const parts = entered.mode === 'snapshot' ? inParts({ part }, id, entered.rows) : undefined;
        this.#drop(id);
        this.#held.set(id, held);
        for (const set of sets) set.join(this);
        this.#way.join(group.id);
        isTold = true;
        // Told at once: what the group is told next comes behind it.
        if (entered.mode === 'delta') {
          const { ops } = entered;
          give({ ok: true, ...place, ...(ops.length === 0 ? { mode: 'current' } : { mode: 'delta', ops: toWireOps(ops) }) });
        } else if (parts !== undefined) {
          give({ ok: true, ...place, mode: 'snapshot', rows: parts.first, more: parts.more });
          if (parts.more > 0) parts.send();
        }
      });
      return isTold;
    } finally {
      for (const set of sets) this.#memberships.release(set);
    }
  }

  #context(): Ctx {
    const { clock, database } = this.#base;
    const request = { ip: this.#way.address, method: 'GET' };
    return { ...this.#base, db: database.app, actor: this.actor, requestId: newId(clock()), now: clock(), request };
  }

  unsubscribe(id: string): void {
    this.#wanted.delete(id);
    this.#drop(id);
  }

  #drop(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    for (const set of held.sets) this.#memberships.leave(set, this);
    if (![...this.#held.values()].some(({ one }) => one === held.one)) this.#way.leave(held.one.group.id);
    leave(this.#hub, held.one);
  }

  /** A group ends for him: he is told nothing more of it. */
  release(group: string): void {
    for (const [id, { one }] of this.#held) if (one.group.id === group) this.#drop(id);
  }

  /** What he is a member of is another set now: he is to ask again for what he follows by it. */
  renew(set: MemberSet): void {
    const groups = new Set([...this.#held.values()].filter(({ sets }) => sets.includes(set)).map(({ one }) => one.group.id));
    for (const group of groups) {
      this.release(group);
      this.#way.reset(group, 'auth');
    }
  }

  /** Nothing is told him until `known` says what his rights are now; then he is to ask again. */
  judge(known: Promise<void>): void {
    const groups = this.groups();
    for (const group of groups) this.release(group);
    this.#generation += 1;
    const judged = known.then(
      () => {
        if (this.judging === judged) this.judging = undefined;
        for (const group of groups) this.#way.reset(group, 'auth');
      },
      () => this.#way.close(),
    );
    this.judging = judged;
  }

  /**
   * He reads too slowly: he leaves all his groups, and nothing more is queued for him. What is given back is to be called when all that
   * waited is gone: then he asks again from where he was, and gets what he missed in one piece.
   */
  fallBehind(): () => void {
    const groups = this.groups();
    for (const group of groups) this.release(group);
    this.#pace.fall(() => this.#way.close());
    return () => {
      this.#pace.catchUp();
      for (const group of groups) this.#way.reset(group, 'lag');
    };
  }

  gone(): void {
    this.#wanted.clear();
    this.#pace.catchUp();
    for (const id of [...this.#held.keys()]) this.#drop(id);
  }
}
