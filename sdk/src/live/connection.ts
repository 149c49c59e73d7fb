/**
 * One socket for all live queries of a client, and what each of them is owed.
 *
 * Worry: sleep, dead networks, throttled tabs and servers that restart lose messages or repeat them, and nobody may notice.
 * Decision: every subscription knows its place (group, epoch, position) and counts the messages of its group. After a break it
 * asks from its place on; so it does when a number is missing. The server answers with exactly what was missed, or with all.
 * Why it is enough: a message is applied only where it is the next, so what is shown is always the view at some position, and
 * what is asked from a position is complete.
 */
import { io, type Socket } from 'socket.io-client';
import { ApiError } from '../error.ts';
import type { LiveMessages, LiveOp, LivePlace, LiveRequests, LiveRow, SubscribeAnswer } from '../wire.ts';
import type { Connection, LiveStatus, Subscriber } from './live.ts';
import { LiveRows } from './rows.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly cookies: boolean;
  /** null: nobody is signed in. */
  readonly token: () => Promise<string | null>;
  /** After a refusal for want of a valid token: whether there is another by now. */
  readonly renew: () => Promise<boolean>;
  /** Calls when the token was renewed (`false`), or somebody else is signed in (`true`). */
  readonly onAuth: (listener: (isOther: boolean) => void) => void;
}

interface Held {
  readonly id: string;
  readonly subscriber: Subscriber;
  rows: LiveRows;
  place: LivePlace | undefined;
  seq: number;
  /** Counts what was asked: an answer to an older question is not taken. */
  asked: number;
  state: 'out' | 'asking' | 'loading' | 'in';
  /** While a snapshot comes in parts: its rows, and the messages that follow it. */
  parts: LiveRow[];
  later: (() => void)[];
  retry: ReturnType<typeof setTimeout> | undefined;
  tries: number;
}

type Snapshot = Extract<SubscribeAnswer, { mode: 'snapshot' }>;

export function openConnection({ url, cookies, token, renew, onAuth }: ConnectionOptions): Connection {
  const held = new Map<string, Held>();
  const bySubscriber = new Map<Subscriber, Held>();
  let serial = 0;
  const socket: Socket<LiveMessages, LiveRequests> = io(url, {
    path: '/realtime',
    transports: ['websocket'],
    autoConnect: false,
    withCredentials: cookies,
    reconnectionDelay: 500,
    reconnectionDelayMax: 30_000,
    auth: (give) =>
      void token().then(
        (text) => give({ v: 1, ...(text === null ? {} : { token: text }) }),
        () => give({ v: 1 }),
      ),
  });

  const show = (one: Held, status: LiveStatus, error?: ApiError): void => one.subscriber.show(one.place && one.rows.all, status, error);
  const out = (one: Held): void => {
    one.state = 'out';
    one.asked += 1;
    clearTimeout(one.retry);
    show(one, one.place ? (socket.connected ? 'resyncing' : 'offline') : socket.connected ? 'connecting' : 'offline');
  };
  const enter = (one: Held): void => {
    out(one);
    if (!socket.connected) return;
    one.state = 'asking';
    const asked = one.asked;
    const at = one.place && { at: one.place };
    socket.emit('subscribe', { ...one.subscriber.request, id: one.id, ...at }, (answer) => {
      if (asked === one.asked) take(one, answer);
    });
  };
  const refused = (one: Held, error: ApiError): void => {
    if (error.status === 401 && one.tries === 0) {
      out(one);
      one.tries = 1;
      void renew().then(
        (isRenewed) => (isRenewed ? socket.disconnect().connect() : refused(one, error)),
        () => refused(one, error),
      );
      return;
    }
    if (!error.retryable) {
      drop(one);
      one.subscriber.show(undefined, 'closed', error);
      return;
    }
    out(one);
    one.tries += 1;
    one.retry = setTimeout(() => enter(one), error.retryAfterMs ?? Math.random() * Math.min(30_000, 500 * 2 ** one.tries));
  };
  const take = (one: Held, answer: SubscribeAnswer): void => {
    if (!answer.ok) return refused(one, new ApiError(answer.problem.status, answer.problem));
    one.seq = answer.seq;
    const place = { group: answer.group, epoch: answer.epoch, position: answer.position };
    if (answer.mode === 'snapshot') return load(one, answer, place);
    const isChanged = answer.mode === 'delta' && one.rows.apply(answer.ops);
    arrived(one, place, isChanged, false);
  };
  const load = (one: Held, answer: Snapshot, place: LivePlace): void => {
    one.state = 'loading';
    one.parts = [...answer.rows];
    one.later = [];
    const done = (): void => {
      one.rows.replace(one.parts, answer.order);
      one.parts = [];
      arrived(one, place, true, true);
      for (const next of one.later.splice(0)) next();
    };
    if (answer.more === 0) done();
    else one.later.unshift(done);
  };
  const arrived = (one: Held, place: LivePlace, _isChanged: boolean, isWhole: boolean): void => {
    one.state = 'in';
    one.tries = 0;
    one.place = place;
    show(one, 'live');
    one.subscriber.reached(place.epoch, place.position, isWhole);
  };
  const change = (one: Held, seq: number, position: string, ops: readonly LiveOp[]): void => {
    if (seq !== one.seq + 1) return enter(one);
    one.seq = seq;
    if (one.place) one.place = { ...one.place, position };
    if (one.rows.apply(ops)) show(one, 'live');
    if (one.place) one.subscriber.reached(one.place.epoch, position, false);
  };
  const of = (group: string): Held[] => [...held.values()].filter((one) => one.place?.group === group && one.state === 'in');
  const drop = (one: Held): void => {
    out(one);
    held.delete(one.id);
    bySubscriber.delete(one.subscriber);
    if (held.size === 0) socket.disconnect();
  };

  const closeAll = (error: ApiError): void => {
    for (const one of [...held.values()]) {
      drop(one);
      one.subscriber.show(undefined, 'closed', error);
    }
  };

  socket.on('connect', () => held.forEach(enter));
  socket.on('disconnect', (reason) => {
    held.forEach(out);
    // Socket.IO comes back by itself from everything but this: the token has ended, or too much was waiting.
    if (reason === 'io server disconnect') setTimeout(wake, 500 + Math.random() * 500);
  });
  socket.on('connect_error', (cause) => {
    const problem = 'data' in cause && typeof cause.data === 'object' && cause.data !== null ? cause.data : undefined;
    // Refused by the server, and not by the way to it: it is said to all, and tried again where that may help.
    if (problem && 'status' in problem) {
      const error = new ApiError(Number(problem.status), problem);
      if (error.status === 401)
        void renew().then(
          (isRenewed) => (isRenewed ? socket.connect() : closeAll(error)),
          () => closeAll(error),
        );
      else if (!error.retryable) closeAll(error);
      else setTimeout(() => held.size > 0 && socket.connect(), error.retryAfterMs ?? 1_000 + Math.random() * 4_000);
    }
  });
  socket.on('changes', ([group, seq, position, ops]) => {
    for (const one of held.values()) {
      if (one.state === 'loading') one.later.push(() => one.place?.group === group && change(one, seq, position, ops));
      else if (one.state === 'in' && one.place?.group === group) change(one, seq, position, ops);
    }
  });
  socket.on('watermark', ([position]) => {
    for (const one of held.values()) {
      if (one.state !== 'in' || !one.place || position <= one.place.position) continue;
      one.place = { ...one.place, position };
      one.subscriber.reached(one.place.epoch, position, false);
    }
  });
  socket.on('snapshot', ([id, , rows, last], done) => {
    done();
    const one = held.get(id);
    if (one?.state !== 'loading') return;
    one.parts.push(...rows);
    if (last) one.later.shift()?.();
  });
  socket.on('reset', ([group]) => of(group).forEach(enter));
  socket.on('problem', ([id, problem]) => {
    const one = held.get(id);
    if (one) refused(one, new ApiError(problem.status, problem));
  });
  onAuth((isOther) => {
    if (!socket.connected) return;
    // Somebody else sees other rows: nothing of what was shown is kept.
    if (isOther) {
      for (const one of held.values()) {
        one.place = undefined;
        one.rows = new LiveRows();
      }
      socket.disconnect().connect();
    } else void token().then((text) => socket.emit('auth', { token: text }, (answer) => answer.ok || socket.disconnect().connect()));
  });
  const wake = (): void => {
    if (held.size > 0 && !socket.connected) socket.connect();
  };
  globalThis.addEventListener?.('online', wake);
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden || wake());

  return {
    add: (subscriber) => {
      serial += 1;
      const one: Held = {
        id: String(serial),
        subscriber,
        rows: new LiveRows(),
        place: undefined,
        seq: 0,
        asked: 0,
        state: 'out',
        parts: [],
        later: [],
        retry: undefined,
        tries: 0,
      };
      held.set(one.id, one);
      bySubscriber.set(subscriber, one);
      if (socket.connected) enter(one);
      else socket.connect();
    },
    remove: (subscriber) => {
      const one = bySubscriber.get(subscriber);
      if (!one) return;
      if (socket.connected) socket.emit('unsubscribe', { id: one.id });
      drop(one);
    },
    widen: async (subscriber, limit) => {
      const one = bySubscriber.get(subscriber);
      if (!one || one.state !== 'in' || !socket.connected) return;
      one.asked += 1;
      const asked = one.asked;
      one.state = 'asking';
      const answer = await new Promise<SubscribeAnswer>((resolve) => socket.emit('widen', { id: one.id, limit }, resolve));
      if (asked === one.asked) take(one, answer);
    },
  };
}
