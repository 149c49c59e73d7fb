/**
 * The second way: Server-Sent Events, one subscription in an answer that does not end. What sockets are told under a name is an
 * event of that name here; the answer to `subscribe` is the event `subscribed`. The id of each event is the place behind it, so
 * that a browser that comes back with `Last-Event-ID` is told what it missed.
 *
 * A stream cannot ask again. So where a socket is told to, the stream is told it too, and then asked for here: a second
 * `subscribed` follows with what was missed. It ends with its token, and when it is refused.
 * What waits for who reads slowly is bounded as it is for sockets (backlog.ts): beyond it he leaves, and comes back when he has read.
 */
import type { LivePlace, SubscribeAnswer } from '@underpin/sdk/wire';
import type { Base, Ctx } from '../../ctx.ts';
import { problemOf } from '../../db/problem.ts';
import type { Actor } from '../../kit/actor.ts';
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Input } from '../../records/parse/input.ts';
import type { Backlog } from './backlog.ts';
import { Client, type Way } from '../client.ts';
import type { Live } from '../clients.ts';
import { print, toWireOps } from './wire.ts';

/** Who opens a stream. */
export interface Opening {
  readonly collection: string;
  readonly input: Input;
  readonly lastEventId: string | undefined;
  /** Who is asking by now; refuses as a request does. */
  who(): Promise<Actor>;
  /** When what he came with ends, in ms since 1970. */
  readonly ends: number | undefined;
}

export interface Opened {
  readonly events: AsyncIterable<string>;
  /** Aborted where it is over, although not all was taken. */
  readonly until: AbortSignal;
}

export interface Streams {
  /** Resolves when the subscription is there; refuses as a list does. */
  open(ctx: Ctx, opening: Opening): Promise<Opened>;
  close(): void;
}

/** The one subscription of a stream. */
const only = 'live';

export function openStreams(base: Base, live: Live): Streams {
  const { hub, clients } = live;
  const all = new Set<Stream>();
  const rooms = new Map<string, Set<Stream>>();
  hub.through({
    changes: (group, seq, position, ops) => {
      const members = rooms.get(group);
      if (members === undefined) return;
      const data = print([group, seq, position, toWireOps(ops)]);
      for (const stream of [...members]) stream.tell('changes', data, position);
    },
    reset: (group, reason) => {
      for (const stream of [...(rooms.get(group) ?? [])]) {
        stream.client.release(group);
        stream.reset(group, reason);
      }
    },
    watermark: (position, isTold, turn) => {
      for (const stream of all) if (stream.client.turn === turn) stream.mark(position, isTold);
    },
    part: () => {
      for (const stream of all) stream.end();
    },
  });
  return {
    open: async (ctx, opening) => {
      const stream = new Stream(base, live, ctx, opening, rooms);
      clients.add(base, stream.client);
      all.add(stream);
      stream.ended = () => {
        all.delete(stream);
        clients.remove(stream.client);
      };
      try {
        await stream.subscribe(placeOf(opening.lastEventId));
      } catch (error) {
        stream.end();
        throw error;
      }
      return { events: stream.events(), until: stream.until };
    },
    close: () => {
      for (const stream of all) stream.end();
    },
  };
}

/** `<group>.<epoch>.<position>`. */
function placeOf(id: string | undefined): LivePlace | undefined {
  if (id === undefined || id === '') return undefined;
  const [, group, epoch, position] = /^([\w-]{1,100})\.([\w-]{1,100})\.([0-9a-f]{16})$/.exec(id) ?? [];
  if (group === undefined || epoch === undefined || position === undefined)
    throw failAt('invalid_request', '/Last-Event-ID', 'Last-Event-ID must be the id of an event of this stream');
  return { group, epoch, position };
}

class Stream {
  readonly client: Client;
  ended: () => void = () => undefined;
  readonly #base: Base;
  readonly #ctx: Ctx;
  readonly #opening: Opening;
  readonly #backlog: Backlog;
  readonly #cut = new AbortController();
  #place: { group: string; epoch: string; position: string } | undefined;
  /** Whether all of the snapshot was sent. */
  #isWhole = false;
  /** What was not taken yet; `then` once it is. */
  readonly #queue: { readonly text: string; readonly then?: () => void }[] = [];
  #bytes = 0;
  #recover: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(base: Base, live: Live, ctx: Ctx, opening: Opening, rooms: Map<string, Set<Stream>>) {
    this.#backlog = live.backlog;
    this.#base = base;
    this.#ctx = ctx;
    this.#opening = opening;
    const way: Way = {
      address: ctx.request.ip,
      who: opening.who,
      join: (group) => void rooms.set(group, (rooms.get(group) ?? new Set()).add(this)),
      leave: (group) => {
        const members = rooms.get(group);
        members?.delete(this);
        if (members?.size === 0) rooms.delete(group);
      },
      part: (part, taken) => {
        const [, , , isLast] = part;
        this.#isWhole = isLast;
        this.#push('snapshot', print(part), taken);
      },
      reset: (group, reason) => this.reset(group, reason),
      close: () => {
        this.end();
        this.#cut.abort();
      },
    };
    this.client = new Client(base, live, way, ctx.actor);
  }

  get until(): AbortSignal {
    return this.#cut.signal;
  }

  async subscribe(at: LivePlace | undefined): Promise<void> {
    const { collection, input } = this.#opening;
    await this.client.subscribe(only, { collection, input, at }, (told) => this.#begin(told));
  }

  #begin(told: SubscribeAnswer): void {
    if (!told.ok) return;
    this.#place = { group: told.group, epoch: told.epoch, position: told.position };
    this.#isWhole = told.mode !== 'snapshot' || told.more === 0;
    this.#push('subscribed', print(told));
  }

  tell(event: string, data: string, position: string): void {
    if (this.#place !== undefined) this.#place.position = position;
    this.#push(event, data);
    if (this.#queue.length <= this.#backlog.packets && this.#bytes <= this.#backlog.queued) return;
    this.#recover = this.client.fallBehind();
  }

  mark(position: string, isTold: (group: string) => boolean): void {
    const [group] = this.client.groups();
    const isBusy = this.client.isBehind || this.client.judging !== undefined || this.#queue.length > 0;
    if (group === undefined || isBusy || !isTold(group)) return;
    this.tell('watermark', print([position]), position);
  }

  reset(group: string, reason: string): void {
    this.#push('reset', print([group, reason]));
    this.subscribe(this.#place).catch((error: unknown) => {
      const { problem } = problemOf(error, this.#ctx.requestId, this.#base.log);
      this.#push('problem', print([only, problem]));
      this.end();
    });
  }

  /** Every event says in its id how far it leads; while half of a snapshot is told there is no place to go on from. */
  #push(event: string, data: string, then?: () => void): void {
    if (this.#isOver) return;
    const at = this.#isWhole && this.#place !== undefined ? Object.values(this.#place).join('.') : '';
    const id = event === 'reset' ? '' : `id: ${at}\n`;
    const text = `event: ${event}\n${id}data: ${data}\n\n`;
    this.#queue.push({ text, ...(then && { then }) });
    this.#bytes += text.length;
    this.#wake?.();
  }

  /** Ends when all that was told is taken. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.ended();
    this.#wake?.();
  }

  async *events(): AsyncGenerator<string> {
    const { ends } = this.#opening;
    const clock = ends === undefined ? undefined : setTimeout(() => this.end(), ends + limits.live.grace - this.#base.clock());
    try {
      while (this.#queue.length > 0 || !this.#isOver) {
        const next = this.#queue.shift();
        if (next === undefined) {
          this.#caughtUp();
          if (!(await this.#more())) yield ':\n\n';
          continue;
        }
        this.#bytes -= next.text.length;
        yield next.text;
        next.then?.();
      }
    } finally {
      clearTimeout(clock);
      this.end();
    }
  }

  #caughtUp(): void {
    const recover = this.#recover;
    this.#recover = undefined;
    recover?.();
  }

  /** Resolves when there is more to send; false where nothing was for a while. */
  #more(): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#queue.length > 0 || this.#isOver) return resolve(true);
      const quiet = setTimeout(() => resolve(false), limits.live.quiet);
      this.#wake = () => {
        clearTimeout(quiet);
        this.#wake = undefined;
        resolve(true);
      };
    });
  }
}
