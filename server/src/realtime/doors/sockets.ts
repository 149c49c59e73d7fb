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
import type { Problem } from '@underpin/sdk/wire';
import { admit, countAddress } from '../../auth/admit.ts';
import type { Base } from '../../ctx.ts';
import { problemOf } from '../../db/problem.ts';
import { networkOf } from '../../kit/actor.ts';
import { failAt } from '../../kit/errors.ts';
import { newId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { addressOf } from '../../kit/peer.ts';
import { keepUp } from './backlog.ts';
import type { Live } from '../clients.ts';
import { actorOf, cameWith, readHandshake } from './handshake.ts';
import { printBy, type Io, type Socket } from './socket.ts';
import { Visitor } from './visitor.ts';
import { toWireOps } from './wire.ts';

/** Gives back what closes it. */
export function openSockets(base: Base, server: HttpServer, live: Live): () => void {
  const { hub, backlog } = live;
  const io: Io = new Server(server, {
    path: '/realtime',
    transports: ['websocket'],
    serveClient: false,
    // What is not for us is answered by others.
    destroyUpgrade: false,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.live.message,
    connectTimeout: limits.live.handshake,
    allowRequest: (request, give) => {
      if (hub.isElsewhere) {
        turnAway(request);
        return give(null, false);
      }
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
    part: () => io.disconnectSockets(true),
  });
  return () => {
    io.disconnectSockets(true);
    io.engine.close();
  };
}

/** With the status by which a proxy in front knows that it is to ask another node; Engine.IO has but one of its own, which is 400. */
const turnAway = ({ socket }: IncomingMessage): unknown =>
  socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

const isOwn = (origin: string, request: IncomingMessage): boolean => origin.endsWith(`://${request.headers.host ?? ''}`);

async function begin(base: Base, live: Live, socket: Socket): Promise<void> {
  const said = readHandshake(socket.handshake.auth);
  if (said.v !== 1) throw failAt('invalid_request', '/v', 'This server speaks version 1 of the protocol.');
  const came = cameWith(socket.request, base.config, said);
  const actor = await actorOf(base, came).catch((error: unknown) => {
    countAddress(base, came.address);
    throw error;
  });
  admit(base, actor, false, {}).release();
  const visitor = new Visitor(base, live, socket, came, actor);
  const { client } = visitor;
  live.clients.add(base, client);
  socket.data = { client };
  visitor.listen();
  // It may have ended while it was asked who he is.
  if (socket.conn.readyState !== 'open') visitor.gone();
}
