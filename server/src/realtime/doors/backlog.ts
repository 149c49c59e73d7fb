/**
 * Who reads a socket slowly.
 *
 * Worry: what is sent to a client that does not read is queued without bound. Decision: where too much waits, the client leaves
 * all its groups; nothing more is queued. When all that waited is gone, it is told to ask again from where it was, and gets what
 * it missed in one piece. Why it is enough: what waits is at most the bound and one message.
 */
import type { Socket } from './socket.ts';

/** What may wait for one client: packets, and their bytes. */
export type Backlog = { readonly [Name in 'packets' | 'queued']: number };

export function keepUp(socket: Socket | undefined, most: Backlog): void {
  const client = socket?.data.client;
  if (socket === undefined || client === undefined || client.isBehind) return;
  const queue = waiting(socket);
  // Not the newest: one message is let be, however long it is.
  let bytes = 0;
  for (const { data } of queue.slice(0, -1)) bytes += typeof data === 'string' ? data.length : 0;
  if (queue.length <= most.packets && bytes <= most.queued) return;
  const recover = client.fallBehind();
  const drained = (): void => {
    if (waiting(socket).length > 0) return;
    socket.conn.off('drain', drained);
    recover();
  };
  socket.conn.on('drain', drained);
}

// cast: Engine.IO says nowhere else what waits; the field is as old as the library, and a test of slow readers would miss it
const waiting = ({ conn }: Socket): readonly { readonly data?: unknown }[] =>
  (conn as unknown as { readonly writeBuffer: readonly { readonly data?: unknown }[] }).writeBuffer;
