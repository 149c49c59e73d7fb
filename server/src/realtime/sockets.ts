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
import type { LiveRequests, Problem } from '@underpin/sdk/wire';
import { admit, countAddress, countMessage } from '../auth/admit.ts';
import { endOf } from '../auth/authenticate.ts';
import type { Base } from '../ctx.ts';
import { problemOf } from '../db/problem.ts';
import { limitKey, networkOf } from '../kit/actor.ts';
import { failAt } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { addressOf } from '../kit/peer.ts';
import { keepUp } from './backlog.ts';
import { Client, type Way } from './client.ts';
import type { Clients, Live } from './clients.ts';
import { actorOf, bearer, readHandshake } from './handshake.ts';
import { printBy, type Io, type Socket } from './socket.ts';
import { parseRequest } from './subscribe.ts';
import { toWireOps } from './wire.ts';

/** Gives back what closes it. */
export function openSockets(base: Base, server: HttpServer, live: Live): () => void {
  const { hub, clients, backlog } = live;
  const io: Io = new Server(server, {
    path: '/realtime',
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.live.message,
    connectTimeout: limits.live.handshake,
    allowRequest: (request, give) => {
      const { origin } = request.headers;
      // What a browser of another origin may not read over HTTP it may not follow either.
      const isLetIn = origin === undefined || isOwn(origin, request) || base.config.CORS_ORIGINS.includes(origin);
      give(null, isLetIn && !isCrowded(request));
    },
  });
  printBy(io);
  /** Connections by network: those too that have not said yet who they are. */
  const open = new Map<string, number>();
  const networkOfRequest = (request: IncomingMessage): string => networkOf(addressOf(request, base.config));
  const isCrowded = (request: IncomingMessage): boolean =>
    base.config.RATE_LIMITS && (open.get(networkOfRequest(request)) ?? 0) >= limits.live.perAddress;
  io.engine.on('connection', (connection: Socket['conn']) => {
    const network = networkOfRequest(connection.request);
    open.set(network, (open.get(network) ?? 0) + 1);
    connection.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left === 0) open.delete(network);
      else open.set(network, left);
    });
  });
  const refuse = (error: unknown): Problem => problemOf(error, newId(base.clock()), base.log).problem;
  io.use((socket, next) => {
    begin(base, live, socket).then(
      () => next(),
      (error: unknown) => next(Object.assign(new Error('refused'), { data: refuse(error) })),
    );
  });
  io.on('connection', (socket) => serve(base, clients, socket, refuse));
  const { sockets, adapter } = io.of('/');
  hub.through({
    changes: (group, seq, position, ops) => {
      const members = adapter.rooms.get(group);
      if (members === undefined) return;
      io.to(group).emit('changes', [group, seq, position, toWireOps(ops)]);
      for (const id of members) keepUp(sockets.get(id), backlog);
    },
    reset: (group, reason) => {
      io.to(group).emit('reset', [group, reason]);
      for (const id of adapter.rooms.get(group) ?? []) sockets.get(id)?.data.client.release(group);
    },
    watermark: (position, isTold, turn) => {
      for (const socket of sockets.values()) {
        const { client } = socket.data;
        // Who was made to leave his groups has not been told of all.
        if (client.turn !== turn || client.isBehind || client.judging !== undefined) continue;
        if (client.groups().every(isTold)) socket.emit('watermark', [position]);
      }
    },
  });
  return () => {
    io.disconnectSockets(true);
    io.engine.close();
  };
}

const isOwn = (origin: string, request: IncomingMessage): boolean => origin.endsWith(`://${request.headers.host ?? ''}`);

async function begin(base: Base, live: Live, socket: Socket): Promise<void> {
  const { token, session, v } = readHandshake(socket.handshake.auth);
  if (v !== 1) throw failAt('invalid_request', '/v', 'This server speaks version 1 of the protocol.');
  const address = addressOf(socket.request, base.config);
  const actor = await actorOf(base, socket.request, { token, session, address }).catch((error: unknown) => {
    countAddress(base, address);
    throw error;
  });
  admit(base, actor, false, {}).release();
  const way: Way = {
    address,
    who: () => actorOf(base, socket.request, { token: socket.data.token, session, address }),
    join: (group) => void socket.join(group),
    leave: (group) => void socket.leave(group),
    part: (part, taken) => void (socket.connected && socket.emit('snapshot', part, taken)),
    reset: (group, reason) => void socket.emit('reset', [group, reason]),
    close: () => void socket.disconnect(true),
  };
  const client = new Client(base, live, way, actor);
  live.clients.add(base, client);
  socket.data = { token, client };
  socket.conn.once('close', () => live.clients.remove(client));
  // It may have ended while it was asked who he is.
  if (socket.conn.readyState !== 'open') live.clients.remove(client);
}

function serve(base: Base, clients: Clients, socket: Socket, refuse: (error: unknown) => Problem): void {
  const { data } = socket;
  const { client } = data;
  let ending: NodeJS.Timeout | undefined;
  const untilTokenEnds = async (): Promise<void> => {
    clearTimeout(ending);
    const ends = await endOf(base, bearer(data.token));
    if (ends !== undefined) ending = setTimeout(() => socket.disconnect(true), ends + limits.live.grace - base.clock());
  };
  void untilTokenEnds();
  socket.conn.on('packet', () => {
    if (!isWithin(() => countMessage(base, client.actor))) socket.disconnect(true);
  });

  /** Answers a request with what its work gives, or with why not; who sends what is no request is cut off. */
  const on = (name: keyof LiveRequests, work: (asked: object, give: (told: unknown) => void) => unknown): void => {
    const heard = (asked: unknown, given: unknown): void => {
      const give = (told: unknown): void => void (typeof given === 'function' && given(told));
      if (typeof asked !== 'object' || asked === null) return void socket.disconnect(true);
      Promise.resolve()
        .then(() => work(asked, give))
        .catch((error: unknown) => give({ ok: false, problem: refuse(error) }));
    };
    socket.on(name, heard);
  };
  on('subscribe', (asked, give) => client.subscribe(idOf(asked), parseRequest(asked), give));
  on('widen', (asked, give) => client.widen(idOf(asked), 'limit' in asked ? asked.limit : undefined, give));
  on('unsubscribe', (asked) => client.unsubscribe(idOf(asked)));
  on('auth', async (asked, give) => {
    const before = limitKey(client.actor);
    data.token = readHandshake({ ...asked }).token;
    await client.ask();
    // Another person is another connection.
    if (limitKey(client.actor) !== before) return socket.disconnect(true);
    clients.name(client);
    void untilTokenEnds();
    give({ ok: true });
  });
  socket.on('disconnect', () => clearTimeout(ending));
}

const isWithin = (count: () => void): boolean => {
  try {
    count();
    return true;
  } catch {
    return false;
  }
};

const idOf = (asked: object): string => {
  const id = 'id' in asked ? asked.id : undefined;
  if (typeof id !== 'string' || id === '' || id.length > 64) throw failAt('invalid_request', '/id', 'A subscription needs an id');
  return id;
};
