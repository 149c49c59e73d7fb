/** GET /records/:collection/live: a live query as an answer that does not end. What opens it is a part of the app (realtime/doors/streams.ts). */
import { endOf } from '../auth/authenticate.ts';
import type { Ctx } from '../ctx.ts';
import type { Actor } from '../kit/actor.ts';
import { inputOfUrl, type Input } from '../records/parse/input.ts';
import { param, queryOf, type Incoming } from './incoming.ts';
import type { Reply } from './reply.ts';
import { askedBy } from './route.ts';

/** Opens a live query as a stream of events. */
export interface Live {
  open(ctx: Ctx, opening: Opening): Promise<{ readonly events: AsyncIterable<string>; readonly until: AbortSignal }>;
}
interface Opening {
  readonly collection: string;
  readonly input: Input;
  readonly lastEventId: string | undefined;
  who(): Promise<Actor>;
  readonly ends: number | undefined;
}

export async function streamLive(live: Live, ctx: Ctx, request: Incoming): Promise<Reply> {
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' };
  if (request.method === 'HEAD') return { status: 200, headers };
  const { 'last-event-id': lastEventId, authorization } = request.headers;
  const { events, until } = await live.open(ctx, {
    collection: param(request, 'collection'),
    input: inputOfUrl(queryOf(request), 'live'),
    lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
    who: () => askedBy(ctx, request),
    ends: await endOf(ctx, authorization),
  });
  return { status: 200, chunks: events, until, headers };
}
