/**
 * The door for sockets: Socket.IO at `/realtime`. A handshake is a request like any other: who is asking, from where, how many
 * there are of him; then its events are requests for subscriptions.
 *
 * Worry: a token outlives its session in a socket that stays open. Decision:
 * who is asking is asked again at each subscription, when the log tells of a change of his rights (rights.ts), and when his
 * token ends.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import type { LiveOp, LiveRow, Problem, SubscribeAnswer } from '@underpin/sdk/wire';
import { verifyToken } from '../auth/tokens.ts';
import type { Base, Ctx } from '../ctx.ts';
import { problemOf } from '../db/problem.ts';
import { limitKey, networkOf } from '../kit/actor.ts';
import { fail, failAt } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { addressOf } from '../kit/peer.ts';
import { keepUp } from './backlog.ts';
import type { Op } from './effects.ts';
import { actorOf, readHandshake } from './handshake.ts';
import type { Hub } from './hub.ts';
import { inParts } from './parts.ts';
import { followRights } from './rights.ts';
import type { Client, Clients } from './socket.ts';
import { enter, leave, parseSubscription } from './subscribe.ts';
import { tooBusy } from './live-group.ts';

export interface Realtime {
  close(): void;
}

export function attachRealtime(base: Base, server: HttpServer, hub: Hub): Realtime {
  const io: Clients = new Server(server, {
    path: '/realtime',
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.live.message,
    allowRequest: (request, give) => {
      const { origin } = request.headers;
      // What a browser of another origin may not read over HTTP it may not follow either.
      give(null, origin === undefined || isOwn(origin, request) || base.config.CORS_ORIGINS.includes(origin));
    },
  });
  io.use((socket, next) => {
    void begin(base, io, socket).then(
      () => next(),
      (error: unknown) => next(Object.assign(new Error('refused'), { data: refusal(base, error) })),
    );
  });
  io.on('connection', (socket) => serve(base, hub, socket));
  hub.through({
    changes: (group, seq, position, ops) => {
      io.to(group).emit('changes', [group, seq, position, ops.map(toWire)]);
      for (const id of io.sockets.adapter.rooms.get(group) ?? []) keepUp(io.sockets.sockets.get(id));
    },
    reset: (group, reason) => {
      io.to(group).emit('reset', [group, reason]);
      for (const id of io.sockets.adapter.rooms.get(group) ?? []) release(hub, io.sockets.sockets.get(id), group);
    },
    watermark: (position, isTold) => {
      for (const socket of io.sockets.sockets.values()) {
        // Who was made to leave his groups has not been told of all.
        if (socket.data.isBehind || socket.data.judging !== undefined) continue;
        if ([...socket.rooms].every((room) => room === socket.id || isTold(room))) socket.emit('watermark', [position]);
      }
    },
  });
  followRights(base, hub, io, (socket, group) => release(hub, socket, group));
  return {
    close: () => {
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}

const isOwn = (origin: string, request: IncomingMessage): boolean => origin.endsWith(`://${request.headers.host ?? ''}`);

function refusal(base: Base, error: unknown): Problem {
  return problemOf(error, newId(base.clock()), base.log).problem;
}

async function begin(base: Base, io: Clients, socket: Client): Promise<void> {
  const { token, session, v } = readHandshake(socket.handshake.auth);
  if (v !== 1) throw failAt('invalid_request', '/v', 'This server speaks version 1 of the protocol.');
  const address = addressOf(socket.request, base.config);
  socket.data = {
    token,
    session,
    address,
    actor: await actorOf(base, socket.request, { token, session, address }),
    held: new Map(),
    wanted: new Map(),
    lags: [],
    isBehind: false,
    generation: 0,
    judging: undefined,
  };
  const others = [...io.sockets.sockets.values()].filter((other) => other !== socket);
  const same = (key: (one: Client) => string): number => others.filter((other) => key(other) === key(socket)).length;
  if (base.config.RATE_LIMITS) {
    const isPerson = socket.data.actor.kind !== 'anonymous';
    if (isPerson && same(({ data }) => limitKey(data.actor)) >= limits.live.perAccount) throw tooMany();
    if (same(({ data }) => networkOf(data.address)) >= limits.live.perAddress) throw tooMany();
  }
}

const tooMany = () => fail('rate_limited', { detail: 'Too many connections.', retryAfter: 5 });

const contextOf = (base: Base, socket: Client): Ctx => ({
  ...base,
  db: base.database.app,
  actor: socket.data.actor,
  requestId: newId(base.clock()),
  now: base.clock(),
  request: { ip: socket.data.address, method: 'GET' },
});

function serve(base: Base, hub: Hub, socket: Client): void {
  const { data } = socket;
  let ending: NodeJS.Timeout | undefined;
  const untilTokenEnds = async (): Promise<void> => {
    clearTimeout(ending);
    const claims = data.token === undefined ? undefined : await verifyToken(base, data.token);
    if (claims !== undefined) ending = setTimeout(() => socket.disconnect(true), claims.expires + limits.live.grace - base.clock());
  };
  void untilTokenEnds();

  const answer = (asked: object, given: unknown, work: (id: string, give: Give) => Promise<void>): void => {
    if (typeof given !== 'function') return void socket.disconnect(true);
    const give: Give = (told) => void given(told);
    Promise.resolve()
      .then(() => work(idOf(asked), give))
      .catch((error: unknown) => give({ ok: false, problem: refusal(base, error) }));
  };
  socket.on('subscribe', (asked, give) => answer(asked, give, (id, tell) => subscribe(base, hub, socket, { id, asked }, tell)));
  socket.on('widen', (asked, give) =>
    answer(asked, give, (id, tell) => {
      const held = data.held.get(id);
      if (held === undefined) throw fail('not_found', 'There is no such subscription.');
      return subscribe(base, hub, socket, { id, asked: { ...held.request, limit: asked.limit, at: undefined } }, tell);
    }),
  );
  socket.on('unsubscribe', (asked) => {
    data.wanted.delete(idOf(asked));
    drop(hub, socket, idOf(asked));
  });
  socket.on('auth', (asked, give) => {
    const { token } = readHandshake({ ...asked });
    actorOf(base, socket.request, { ...data, token }).then(
      (actor) => {
        const isSame = limitKey(actor) === limitKey(data.actor);
        if (!isSame) return socket.disconnect(true);
        Object.assign(data, { token, actor });
        void untilTokenEnds();
        give({ ok: true });
      },
      (error: unknown) => give({ ok: false, problem: refusal(base, error) }),
    );
  });
  socket.on('disconnect', () => {
    clearTimeout(ending);
    data.wanted.clear();
    for (const id of [...data.held.keys()]) drop(hub, socket, id);
  });
}

const idOf = (asked: unknown): string => {
  const id = typeof asked === 'object' && asked !== null && 'id' in asked ? asked.id : undefined;
  if (typeof id !== 'string' || id === '' || id.length > 64) throw failAt('invalid_request', '/id', 'A subscription needs an id');
  return id;
};

type Give = (told: SubscribeAnswer) => void;
interface Wanted {
  readonly id: string;
  readonly asked: object;
}

/** Asks as often as rights or the schema change while it is asked: what was judged by those of before is not told. */
async function subscribe(base: Base, hub: Hub, socket: Client, wanted: Wanted, give: Give): Promise<void> {
  const { data } = socket;
  const most = data.actor.kind === 'admin' ? limits.live.adminSubscriptions : limits.live.subscriptions;
  if (!data.held.has(wanted.id) && data.held.size >= most) throw fail('limit_exceeded', `At most ${most} subscriptions at once.`);
  data.wanted.set(wanted.id, wanted);
  for (let tries = 0; tries < limits.live.tries && data.wanted.get(wanted.id) === wanted; tries++) {
    await hub.settled();
    await data.judging;
    if (await subscribeOnce(base, hub, socket, wanted, give)) return;
  }
  throw tooBusy();
}

async function subscribeOnce(base: Base, hub: Hub, socket: Client, wanted: Wanted, give: Give): Promise<boolean> {
  const { data } = socket;
  const { id, asked } = wanted;
  const { generation } = data;
  const schema = hub.generation;
  data.actor = await actorOf(base, socket.request, data);
  const subscription = await parseSubscription(contextOf(base, socket), hub, asked);
  const { group, order } = subscription;
  let isTold = false;
  await enter(hub, subscription, (one, entered) => {
    const isOld = generation !== data.generation || schema !== hub.generation || !hub.has(one);
    if (isOld || data.wanted.get(id) !== wanted) return leave(hub, one);
    const place = { group: group.id, epoch: hub.log.epoch, position: one.position, seq: one.seq, order };
    const parts = entered.mode === 'snapshot' ? inParts(socket, id, entered.rows) : undefined;
    drop(hub, socket, id);
    data.held.set(id, { one, request: { ...asked } });
    void socket.join(group.id);
    isTold = true;
    // Told at once: what the group is told next comes behind it.
    if (entered.mode === 'delta') {
      const ops = entered.ops.map(toWire);
      give({ ok: true, ...place, ...(ops.length === 0 ? { mode: 'current' } : { mode: 'delta', ops }) });
    } else if (parts !== undefined) {
      give({ ok: true, ...place, mode: 'snapshot', rows: parts.first, more: parts.more });
      if (parts.more > 0) parts.send();
    }
  });
  return isTold;
}

/** A subscription ends. */
function drop(hub: Hub, socket: Client, id: string): void {
  const held = socket.data.held.get(id);
  if (held === undefined) return;
  socket.data.held.delete(id);
  if (![...socket.data.held.values()].some(({ one }) => one === held.one)) void socket.leave(held.one.group.id);
  leave(hub, held.one);
}

/** A group ends for a socket: it is told nothing more of it. */
function release(hub: Hub, socket: Client | undefined, group: string): void {
  if (socket === undefined) return;
  for (const [id, { one }] of socket.data.held) if (one.group.id === group) drop(hub, socket, id);
  void socket.leave(group);
}

export const toWire = (op: Op): LiveOp => (op[0] === 'put' ? ['put', op[1], toRow(op[2])] : op);
// cast: the writer of rows wrote it
export const toRow = (json: string): LiveRow => JSON.parse(json) as LiveRow;
