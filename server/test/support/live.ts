/**
 * A client of the protocol that forgives nothing: numbers must follow each other, places must not go back, nothing may be told
 * twice, and what leaves must have been there. It asks again from its place after a break or a reset, as the protocol says.
 */
import { io, type Socket } from 'socket.io-client';
import type { LiveMessages, LiveOp, LivePlace, LiveRequests, LiveRow, OrderKey, Problem, SubscribeAnswer } from '@underpin/sdk/wire';

export interface Query {
  readonly collection: string;
  readonly filter?: string;
  readonly where?: unknown;
  readonly sort?: readonly string[];
  readonly limit?: number;
  readonly fields?: readonly string[];
  readonly expand?: unknown;
}

export class Followed {
  readonly query: Query;
  readonly id: string;
  rows = new Map<string, LiveRow>();
  place: LivePlace | undefined;
  /** That it is in, or whose snapshot is coming. */
  group = '';
  seq = 0;
  order: readonly OrderKey[] = [];
  state: 'out' | 'asking' | 'loading' | 'in' | 'refused' = 'out';
  problem: Problem | undefined;
  asked = 0;
  parts: LiveRow[] = [];
  later: (() => void)[] = [];
  /** How it came in, and what it was told: for counts. */
  readonly modes = { snapshot: 0, delta: 0, current: 0 };
  readonly told = { enter: 0, update: 0, leave: 0, truncate: 0, messages: 0, resets: 0, lags: 0 };

  constructor(id: string, query: Query) {
    this.id = id;
    this.query = query;
  }
}

export interface LiveClient {
  readonly socket: Socket<LiveMessages, LiveRequests>;
  readonly errors: readonly string[];
  follow(query: Query): Followed;
  forget(one: Followed): void;
  /** Takes nothing more from its connection, until `read`; false where it has none. */
  pause(): boolean;
  read(): void;
  close(): void;
}

export interface LiveClientOptions {
  readonly token?: () => string | undefined;
  /** After each change of a view: its place, and whether it was told whole. */
  readonly seen?: (one: Followed) => void;
  readonly localAddress?: string;
}

export function connectLive(
  url: string,
  { token = () => undefined, seen = () => undefined, localAddress }: LiveClientOptions = {},
): LiveClient {
  const errors: string[] = [];
  const all = new Map<string, Followed>();
  let serial = 0;
  const socket: Socket<LiveMessages, LiveRequests> = io(url, {
    path: '/realtime',
    transports: ['websocket'],
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    forceNew: true,
    auth: (give) => give({ v: 1, ...(token() === undefined ? {} : { token: token() }) }),
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const error = (one: Followed, text: string): void => void errors.push(`${JSON.stringify(one.query)}: ${text}`);
  const enter = (one: Followed): void => {
    one.state = 'asking';
    const asked = ++one.asked;
    socket.emit('subscribe', { ...one.query, id: one.id, ...(one.place && { at: one.place }) } as never, (answer: SubscribeAnswer) => {
      if (asked === one.asked && all.has(one.id)) take(one, answer);
    });
  };
  const apply = (one: Followed, ops: readonly LiveOp[], isStrict: boolean): void => {
    for (const op of ops) {
      if (op[0] === 'truncate') {
        one.rows.clear();
        one.told.truncate++;
      } else if (op[0] === 'leave') {
        one.told.leave++;
        if (!one.rows.delete(op[1])) error(one, `${op[1]} leaves, and was not there`);
      } else if (op[0] === 'put') {
        const before = one.rows.get(op[1]);
        if (before === undefined) one.told.enter++;
        else one.told.update++;
        if (op[2].id !== op[1]) error(one, `${op[1]} is put as ${op[2].id}`);
        if (isStrict && before !== undefined && JSON.stringify(before) === JSON.stringify(op[2])) error(one, `${op[1]} is put as it was`);
        one.rows.set(op[1], op[2]);
      } else error(one, `${op[0]} is no operation of this server`);
    }
  };
  const take = (one: Followed, answer: SubscribeAnswer): void => {
    if (!answer.ok) {
      one.problem = answer.problem;
      if (answer.problem.status === 503 || answer.problem.status === 429) {
        one.state = 'out';
        setTimeout(() => all.has(one.id) && one.state === 'out' && socket.connected && enter(one), 50);
      } else one.state = 'refused';
      return;
    }
    one.problem = undefined;
    one.modes[answer.mode]++;
    if (answer.mode !== 'snapshot' && one.place?.group !== answer.group) error(one, 'goes on in another group');
    if (one.place?.epoch === answer.epoch && one.place.group === answer.group && answer.position < one.place.position)
      error(one, `goes back from ${one.place.position} to ${answer.position}`);
    one.seq = answer.seq;
    one.group = answer.group;
    one.order = answer.order;
    const arrived = (): void => {
      one.place = { group: answer.group, epoch: answer.epoch, position: answer.position };
      one.state = 'in';
      seen(one);
      for (const next of one.later.splice(0)) next();
    };
    if (answer.mode === 'delta') apply(one, answer.ops, false);
    if (answer.mode !== 'snapshot') return arrived();
    one.parts = [...answer.rows];
    const whole = (): void => {
      one.rows = new Map(one.parts.map((row) => [row.id, row]));
      if (one.rows.size !== one.parts.length) error(one, 'a snapshot has a row twice');
      arrived();
    };
    one.later = [];
    if (answer.more === 0) return whole();
    one.state = 'loading';
    one.later.unshift(whole);
  };
  const change = (one: Followed, seq: number, position: string, ops: readonly LiveOp[]): void => {
    if (one.state !== 'in' || one.place === undefined) return;
    if (seq !== one.seq + 1) {
      error(one, `message ${seq} follows ${one.seq}`);
      return enter(one);
    }
    if (position < one.place.position) error(one, `${position} follows ${one.place.position}`);
    one.seq = seq;
    one.told.messages++;
    one.place = { ...one.place, position };
    apply(one, ops, true);
    seen(one);
  };
  // cast: a transport's own socket is the package ws's, in Node
  const wire = (): { pause(): void; resume(): void } | undefined => {
    const { transport } = socket.io.engine ?? {};
    const { ws } = (transport ?? {}) as { ws?: { readyState: number; pause(): void; resume(): void } };
    return ws?.readyState === 1 ? ws : undefined;
  };
  socket.on('connect', () => all.forEach(enter));
  socket.on('disconnect', (reason) => {
    all.forEach((one) => {
      one.state = 'out';
      one.asked++;
      one.later = [];
    });
    // Socket.IO comes back by itself from everything but this.
    if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 50);
  });
  // Refused by the server, and not by the way to it.
  socket.on('connect_error', () => socket.active || setTimeout(() => socket.connect(), 100));
  socket.on('changes', ([group, seq, position, ops]) => {
    for (const one of all.values()) {
      if (one.state === 'loading') one.later.push(() => one.place?.group === group && change(one, seq, position, ops));
      else if (one.place?.group === group) change(one, seq, position, ops);
    }
  });
  socket.on('watermark', ([position]) => {
    for (const one of all.values())
      if (one.state === 'in' && one.place !== undefined && position > one.place.position) {
        one.place = { ...one.place, position };
        seen(one);
      }
  });
  socket.on('snapshot', ([id, , rows, last], done) => {
    done();
    const one = all.get(id);
    if (one?.state !== 'loading') return;
    one.parts.push(...rows);
    if (last) one.later.shift()?.();
  });
  socket.on('reset', ([group, reason]) => {
    for (const one of all.values())
      if (one.group === group && (one.state === 'in' || one.state === 'loading')) {
        one.told.resets++;
        if (reason === 'lag') one.told.lags++;
        enter(one);
      }
  });
  return {
    socket,
    errors,
    follow: (query) => {
      const one = new Followed(String(++serial), query);
      all.set(one.id, one);
      if (socket.connected) enter(one);
      return one;
    },
    forget: (one) => {
      all.delete(one.id);
      one.asked++;
      if (socket.connected) socket.emit('unsubscribe', { id: one.id });
    },
    pause: () => {
      const transport = wire();
      transport?.pause();
      return transport !== undefined;
    },
    read: () => void wire()?.resume(),
    close: () => {
      wire()?.resume();
      socket.disconnect();
    },
  };
}
