/** Live queries as a part of the app: the hub, who follows it, and the two ways to it. */
import type { Server } from 'node:http';
import { systemCtx, type Base } from '../ctx.ts';
import { limits } from '../kit/limits.ts';
import { reloadSchema } from '../schema/load.ts';
import type { Backlog } from './doors/backlog.ts';
import { Clients } from './clients.ts';
import { Hub } from './hub.ts';
import { Memberships } from './members/memberships.ts';
import { Rights } from './rights.ts';
import { Sight } from './snapshot.ts';
import { openSockets } from './doors/sockets.ts';
import { openStreams, type Streams } from './doors/streams.ts';

export interface Realtime {
  readonly hub: Hub;
  readonly streams: Streams;
  /** Takes sockets at a server. */
  attach(server: Server): void;
  close(): void;
}

export function createRealtime(base: Base, backlog: Backlog = limits.live): Realtime {
  const clients = new Clients();
  const rights = new Rights(base);
  const sight = new Sight(base.database.app);
  const hub = new Hub(base.changes, base.log, async (txn) => {
    await sight.of(txn);
    await reloadSchema(systemCtx(base));
  });
  rights.follow(hub, sight, (ids) => clients.concerned(ids));
  const memberships = new Memberships(base, hub);
  const live = { hub, rights, memberships, clients, backlog };
  const streams = openStreams(base, live);
  let closeSockets: (() => void) | undefined;
  return {
    hub,
    streams,
    attach: (server) => {
      closeSockets = openSockets(base, server, live);
    },
    close: () => {
      closeSockets?.();
      streams.close();
      hub.close();
    },
  };
}
