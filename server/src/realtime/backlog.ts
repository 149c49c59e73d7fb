/**
 * Who reads slowly.
 *
 * Worry: what is sent to a client that does not read is queued without bound. Decision: where too much waits, the client leaves
 * all its groups; nothing more is queued. When all that waited is gone, it is told to ask again from where it was, and gets what
 * it missed in one piece. Why it is enough: what waits is at most the bound and one message.
 */
import { limits } from '../kit/limits.ts';
import type { Client } from './socket.ts';

export function keepUp(socket: Client | undefined): void {
  if (socket === undefined || socket.data.isBehind) return;
  const writeBuffer = waiting(socket);
  if (writeBuffer.length <= 8) return;
  let bytes = 0;
  for (const { data } of writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
  if (writeBuffer.length <= limits.live.packets && bytes <= limits.live.queued) return;
  const { data } = socket;
  data.isBehind = true;
  const groups = [...socket.rooms].filter((room) => room !== socket.id);
  for (const group of groups) void socket.leave(group);
  const now = performance.now();
  data.lags = [...data.lags.filter((at) => now - at < limits.live.lagWindow), now];
  if (data.lags.length > limits.live.lags) return void socket.disconnect(true);
  const given = setTimeout(() => socket.disconnect(true), limits.live.patience);
  socket.conn.once('close', () => clearTimeout(given));
  const drained = (): void => {
    if (waiting(socket).length > 0) return;
    socket.conn.off('drain', drained);
    clearTimeout(given);
    data.isBehind = false;
    for (const group of groups) socket.emit('reset', [group, 'lag']);
  };
  socket.conn.on('drain', drained);
}

// cast: Engine.IO says nowhere else what waits; the field is as old as the library, and a test of slow readers would miss it
const waiting = ({ conn }: Client): readonly { readonly data?: unknown }[] =>
  (conn as unknown as { readonly writeBuffer: readonly { readonly data?: unknown }[] }).writeBuffer;
