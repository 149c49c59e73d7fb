/**
 * What the pages follow: live queries by the cookie of the dashboard's session, over one socket. What speaks to the server is loaded
 * when something is first followed. A query that the server refuses, or cannot serve now, leaves its page as it was read.
 */
import { LiveQuery, type Connection, type Following } from '@underpin/sdk/live/live';
import type { SubscribeRequest } from '@underpin/sdk/wire';
import type { RaRecord } from 'react-admin';
import { sessionStore } from './session.ts';

type Listener = (rows: readonly RaRecord[]) => void;

let connected: Promise<Connection> | undefined;
const following: Following = { open: 0, written: undefined, connect: () => (connected ??= connect()) };

const connect = async (): Promise<Connection> => {
  const { openConnection } = await import('@underpin/sdk/live/connection');
  return openConnection({
    url: window.location.origin,
    session: 'admin',
    token: async () => null,
    renewAt: () => undefined,
    renew: async () => false,
    onAuth: (listener) => {
      let before = sessionStore.get().status;
      sessionStore.subscribe(() => {
        const { status } = sessionStore.get();
        if (status !== before && (status === 'in' || status === 'out')) listener(true);
        before = status;
      });
    },
  });
};

/** Calls with the rows whenever they are true as of now. Gives back what ends it. */
export const follow = (request: Omit<SubscribeRequest, 'id' | 'at'>, listener: Listener): (() => void) => {
  const query = new LiveQuery<RaRecord>(request, following);
  query.subscribe((rows, status) => {
    if (status === 'live') listener(rows);
  });
  return () => query.close();
};
