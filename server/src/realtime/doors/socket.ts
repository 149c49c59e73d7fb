/** A socket, as the files of its door see it. */
import type { Server, Socket as IoSocket } from 'socket.io';
import type { LiveMessages, LiveRequests } from '@underpin/sdk/wire';
import type { Client } from '../client.ts';
import { print } from './wire.ts';

interface Data {
  readonly client: Client;
}
type NoEvents = Record<string, never>;
export type Socket = IoSocket<LiveRequests, LiveMessages, NoEvents, Data>;
export type Io = Server<LiveRequests, LiveMessages, NoEvents, Data>;

interface Packet {
  readonly type: number;
  readonly nsp: string;
  readonly id?: number | null;
  readonly data?: unknown;
}
/** Of Socket.IO's protocol. */
const [event, ack] = [2, 3];

/** Lets Socket.IO print its messages so, which would look through each for bytes and write it out for each of whom it is told. */
export function printBy(io: Io): void {
  // cast: its types leave out what writes its packets
  const { encoder } = io as unknown as { readonly encoder: { encode(packet: Packet): unknown[] } };
  const others = encoder.encode.bind(encoder);
  encoder.encode = (packet) => {
    const { type, nsp, id, data } = packet;
    return (type === event || type === ack) && nsp === '/' ? [`${type}${id ?? ''}${print(data)}`] : others(packet);
  };
}

const nothing = {};
/** Forgets the request with which it came: Engine.IO keeps it for as long as the socket is open, and nobody asks for it any more. */
export function letGo({ handshake, request }: Socket): void {
  Object.assign(handshake, { headers: nothing, query: nothing, auth: nothing });
  Object.assign(request, { headers: nothing, rawHeaders: [] });
}
