/**
 * One socket for all live queries of a client: opened with the first, closed with the last, and opened again after each break.
 *
 * Worry: a machine that slept holds a socket that nobody answers, and a page in the background is woken once a minute. Decision:
 * whoever looks at the page or comes back online wakes it at once: a socket of which nothing was heard for longer than the
 * server's beat is given up, and no pause is waited for. Worry: a token ends while nobody calls the API. Decision: it is renewed
 * in time and told, so that the socket stays; where that comes too late, the server ends the socket, and it is opened anew.
 */
import { io, type Socket } from 'socket.io-client';
import { ApiError } from '../error.ts';
import type { LiveMessages, LiveRequests, Problem } from '../wire.ts';
import { Feed, backoff, type Line } from './feed.ts';
import type { Connection, Subscriber } from './live.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose cookie of this origin says who asks, where no token does. */
  readonly session?: 'account' | 'admin';
  /** null: nobody is signed in. */
  readonly token: () => Promise<string | null>;
  /** When the token is to be renewed, in ms since 1970. */
  readonly renewAt: () => number | undefined;
  /** After a refusal for want of a valid token: whether there is another by now. */
  readonly renew: () => Promise<boolean>;
  /** Calls when the token was renewed (`false`), or somebody else is signed in (`true`). */
  readonly onAuth: (listener: (isOther: boolean) => void) => void;
}

/** The server says something every 25 s at least. */
const longestSilence = 30_000;

export function openConnection({ url, headers = {}, session, ...auth }: ConnectionOptions): Connection {
  const feeds = new Map<string, Feed>();
  const bySubscriber = new Map<Subscriber, Feed>();
  const all = (): Feed[] => [...new Set(bySubscriber.values())];
  const { origin, pathname } = new URL(url, globalThis.location?.href);
  let serial = 0;
  let tries = 0;
  let attempt = 0;
  let heardAt = 0;
  let hasRenewed = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  let ending: ReturnType<typeof setTimeout> | undefined;
  let renewing: Promise<boolean> | undefined;
  const socket: Socket<LiveMessages, LiveRequests> = io(origin, {
    path: `${pathname.replace(/\/+$/, '')}/realtime`,
    transports: ['websocket'],
    autoConnect: false,
    reconnection: false,
    forceNew: true,
    withCredentials: session !== undefined,
    extraHeaders: headers,
    auth: (give) => {
      attempt += 1;
      const mine = attempt;
      const say = (text: string | null): void => {
        if (mine === attempt) give({ v: 1, ...(text !== null && { token: text }), ...(session && { session }) });
      };
      // Where it cannot be renewed just now, nobody is asked in somebody else's name: the way is tried again.
      void auth.token().then(say, () => mine === attempt && reconnect());
    },
  });

  const connect = (): void => {
    clearTimeout(again);
    if (bySubscriber.size > 0) socket.connect();
  };
  /** After a pause, which is the longer the more often it failed. */
  const reconnect = (): void => {
    attempt += 1;
    socket.disconnect();
    clearTimeout(again);
    if (bySubscriber.size > 0) again = setTimeout(connect, backoff(tries));
    tries += 1;
  };
  const restart = (): void => {
    attempt += 1;
    socket.disconnect();
    connect();
  };
  const wake = (): void => {
    if (socket.connected && Date.now() - heardAt > longestSilence) socket.disconnect();
    if (socket.connected) return;
    tries = 0;
    connect();
  };

  /** Once for all who were refused at the same moment. */
  const renew = (): Promise<boolean> => {
    renewing ??= auth.renew().finally(() => (renewing = undefined));
    return renewing;
  };
  const keepToken = (): void => {
    clearTimeout(ending);
    const at = auth.renewAt();
    if (at !== undefined) ending = setTimeout(() => void auth.token().catch(() => undefined), Math.max(1_000, at - Date.now()));
  };
  const tellToken = async (): Promise<void> => {
    const token = await auth.token();
    if (token === null || !socket.connected) return;
    keepToken();
    socket.emit('auth', { token }, (answer) => answer.ok || restart());
  };

  const line: Line = {
    isOpen: () => socket.connected,
    ask: (request, answer) => void socket.emit('subscribe', request, answer),
    renew: async () => {
      const isRenewed = await renew();
      // The first who hears of it restarts it for all.
      if (isRenewed && socket.connected) restart();
      return isRenewed;
    },
    lose: (feed) => {
      for (const one of feed.members) bySubscriber.delete(one);
      end(feed);
    },
  };
  const end = (feed: Feed): void => {
    feed.stop();
    if (feeds.get(keyOf(feed.request)) === feed) feeds.delete(keyOf(feed.request));
    // A page that gives way to the next closes its queries a moment before that opens its own.
    setTimeout(() => bySubscriber.size === 0 && socket.disconnect(), 0);
  };

  socket.io.on('open', () => socket.io.engine.on('packet', () => (heardAt = Date.now())));
  socket.on('connect', () => {
    tries = 0;
    hasRenewed = false;
    heardAt = Date.now();
    keepToken();
    all().forEach((feed) => feed.open());
  });
  socket.on('disconnect', (reason) => {
    clearTimeout(ending);
    all().forEach((feed) => feed.stop());
    if (reason !== 'io client disconnect') reconnect();
  });
  socket.on('connect_error', (cause) => {
    const problem = problemIn(cause);
    const error = problem && new ApiError(problem.status, problem);
    all().forEach((feed) => feed.stop());
    if (error?.status === 401 && !hasRenewed) void renewAndRestart(error);
    else if (error && !error.retryable) closeAll(error);
    else reconnect();
  });
  const renewAndRestart = async (error: ApiError): Promise<void> => {
    const mine = attempt;
    hasRenewed = true;
    try {
      if (await renew()) restart();
      // Where the session ended with that, it was opened anew meanwhile, for nobody.
      else if (mine === attempt) closeAll(error);
    } catch {
      hasRenewed = false;
      reconnect();
    }
  };
  const closeAll = (error: ApiError): void => all().forEach((feed) => feed.close(error));

  socket.on('changes', (message) => all().forEach((feed) => feed.change(message)));
  socket.on('watermark', ([position]) => all().forEach((feed) => feed.watermark(position)));
  socket.on('reset', ([group]) => all().forEach((feed) => feed.reset(group)));
  socket.on('snapshot', ([id, , rows, isLast], done) => {
    if (all().some((feed) => feed.id === id && feed.part(rows, isLast))) done();
  });
  socket.on('problem', ([id, problem]) => {
    for (const feed of all()) if (feed.id === id) feed.refuse(new ApiError(problem.status, problem));
  });
  auth.onAuth((isOther) => {
    if (bySubscriber.size === 0) return;
    if (!isOther) return void tellToken().catch(() => undefined);
    all().forEach((feed) => feed.forget());
    restart();
  });
  globalThis.addEventListener?.('online', wake);
  globalThis.document?.addEventListener('visibilitychange', () => document.hidden || wake());

  const feedOf = (request: Subscriber['request']): Feed => {
    const key = keyOf(request);
    const known = feeds.get(key);
    if (known) return known;
    if (request.limit === undefined && isHere(url))
      console.warn(`live() of "${request.collection}" has no limit: it follows every record that matches. Say how many are shown.`);
    serial += 1;
    const feed = new Feed(String(serial), request, line);
    feeds.set(key, feed);
    return feed;
  };
  return {
    add: (subscriber) => {
      const feed = feedOf(subscriber.request);
      const isNew = feed.members.size === 0;
      bySubscriber.set(subscriber, feed);
      feed.join(subscriber);
      if (!socket.connected) connect();
      else if (isNew) feed.open();
    },
    remove: (subscriber) => {
      const feed = bySubscriber.get(subscriber);
      bySubscriber.delete(subscriber);
      if (!feed?.members.delete(subscriber) || feed.members.size > 0) return;
      if (socket.connected) socket.emit('unsubscribe', { id: feed.id });
      end(feed);
    },
  };
}

/** Who asks the same follows the same, in whichever order he says it. */
const keyOf = (request: Subscriber['request']): string =>
  JSON.stringify(request, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

/** On the machine of who writes the app. */
const isHere = (url: string): boolean => /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(url, globalThis.location?.href).hostname);

/** A refusal by the server, and not by the way to it. */
function problemIn(cause: Error): Problem | undefined {
  const data = 'data' in cause ? cause.data : undefined;
  // cast: the server sends a problem document along with each of its refusals
  return typeof data === 'object' && data !== null && 'status' in data ? (data as Problem) : undefined;
}
