/** A socket, as the files of its door see it. */
import type { Server, Socket as IoSocket } from 'socket.io';
import type { LiveMessages, LiveRequests } from '@underpin/sdk/wire';
import type { Client } from './client.ts';

interface Data {
  token: string | undefined;
  client: Client;
}
type NoEvents = Record<string, never>;
export type Socket = IoSocket<LiveRequests, LiveMessages, NoEvents, Data>;
export type Io = Server<LiveRequests, LiveMessages, NoEvents, Data>;
