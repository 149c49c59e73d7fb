/** A connected client, as the files of this door see it. */
import type { Server, Socket } from 'socket.io';
import type { LiveMessages, LiveRequests } from '@underpin/sdk/wire';
import type { CookieOf } from '../auth/cookies.ts';
import type { Actor } from '../kit/actor.ts';
import type { LiveGroup } from './live-group.ts';

export interface ClientData {
  token: string | undefined;
  /** Whose cookie says who asks, where no token does. */
  readonly session: CookieOf | undefined;
  readonly address: string;
  actor: Actor;
  /** Its subscriptions by the id that the client gave them. */
  readonly held: Map<string, { readonly one: LiveGroup; readonly request: object }>;
  /** What was asked last under each id: what was asked before it, and comes later, is not wanted any more. */
  readonly wanted: Map<string, object>;
  /** When it could not keep up, in ms. */
  lags: readonly number[];
  isBehind: boolean;
  /** Counts changes of its rights; `judging` while it is not known yet what they are now. */
  generation: number;
  judging: Promise<void> | undefined;
}
type NoEvents = Record<string, never>;
export type Client = Socket<LiveRequests, LiveMessages, NoEvents, ClientData>;
export type Clients = Server<LiveRequests, LiveMessages, NoEvents, ClientData>;
