/**
 * One who came by a socket: what he came with, the way to him, and what he asks.
 *
 * Ten thousand of them are there at once and mostly quiet: what each keeps is one object of this class, and nothing of the
 * request with which he came.
 */
import { countMessage } from '../../auth/admit.ts';
import { endOf } from '../../auth/authenticate.ts';
import type { ResetReason, LiveRequests } from '@underpin/sdk/wire';
import type { Base } from '../../ctx.ts';
import { problemOf } from '../../db/problem.ts';
import { limitKey, type Actor } from '../../kit/actor.ts';
import { failAt } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { Client, type Way } from '../client.ts';
import type { Live } from '../clients.ts';
import { actorOf, bearer, readHandshake, type Came } from './handshake.ts';
import type { Part } from './parts.ts';
import { letGo, type Socket } from './socket.ts';
import { parseRequest } from '../subscribe.ts';

type Give = (told: unknown) => void;

export class Visitor implements Way {
  readonly client: Client;
  readonly #base: Base;
  readonly #live: Live;
  readonly #socket: Socket;
  #came: Came;
  #ending: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(base: Base, live: Live, socket: Socket, came: Came, actor: Actor) {
    this.#base = base;
    this.#live = live;
    this.#socket = socket;
    this.#came = came;
    this.client = new Client(base, live, this, actor);
  }

  get address(): string {
    return this.#came.address;
  }
  who(): Promise<Actor> {
    return actorOf(this.#base, this.#came);
  }
  join(group: string): void {
    void this.#socket.join(group);
  }
  leave(group: string): void {
    void this.#socket.leave(group);
  }
  part(part: Part, taken: () => void): void {
    if (this.#socket.connected) this.#socket.emit('snapshot', part, taken);
  }
  reset(group: string, reason: ResetReason): void {
    this.#socket.emit('reset', [group, reason]);
  }
  close(): void {
    this.#socket.disconnect(true);
  }

  /** Hears what he asks, until he or his token ends. */
  listen(): void {
    const { conn } = this.#socket;
    conn.on('packet', () => this.#count());
    conn.once('close', () => this.gone());
    this.#socket.onAny((name: string, asked: unknown, given: unknown) => this.#hear(name, asked, given));
    letGo(this.#socket);
    void this.#untilTokenEnds();
  }

  gone(): void {
    this.#isGone = true;
    clearTimeout(this.#ending);
    this.#live.clients.remove(this.client);
  }

  async #untilTokenEnds(): Promise<void> {
    clearTimeout(this.#ending);
    const ends = await endOf(this.#base, bearer(this.#came.token));
    if (ends === undefined || this.#isGone) return;
    clearTimeout(this.#ending);
    this.#ending = setTimeout(() => this.close(), ends + limits.live.grace - this.#base.clock());
  }

  #count(): void {
    try {
      countMessage(this.#base, this.client.actor);
    } catch {
      this.close();
    }
  }

  /** Answers a request with what its work gives, or with why not; who sends what is no request is cut off. */
  #hear(name: string, asked: unknown, given: unknown): void {
    if (!requests.has(name)) return;
    if (typeof asked !== 'object' || asked === null) return this.close();
    const give: Give = (told) => void (typeof given === 'function' && given(told));
    this.#answer(name, asked, give).catch((error: unknown) => {
      const { problem } = problemOf(error, newId(this.#base.clock()), this.#base.log);
      give({ ok: false, problem });
    });
  }

  async #answer(name: string, asked: object, give: Give): Promise<void> {
    if (name === 'auth') return this.#identify(readHandshake({ ...asked }).token, give);
    const id = idOf(asked);
    if (name === 'subscribe') return this.client.subscribe(id, parseRequest(asked), give);
    if (name === 'widen') return this.client.widen(id, 'limit' in asked ? asked.limit : undefined, give);
    this.client.unsubscribe(id);
  }

  async #identify(token: string | undefined, give: Give): Promise<void> {
    const before = limitKey(this.client.actor);
    this.#came = { ...this.#came, token };
    await this.client.ask();
    // Another person is another connection.
    if (limitKey(this.client.actor) !== before) return this.close();
    this.#live.clients.name(this.client);
    void this.#untilTokenEnds();
    give({ ok: true });
  }
}

const requests: ReadonlySet<string> = new Set<keyof LiveRequests>(['subscribe', 'widen', 'unsubscribe', 'auth']);

const idOf = (asked: object): string => {
  const id = 'id' in asked ? asked.id : undefined;
  if (typeof id !== 'string' || id === '' || id.length > 64) throw failAt('invalid_request', '/id', 'A subscription needs an id');
  return id;
};
