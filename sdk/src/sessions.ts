/**
 * The session: kept, renewed, ended. The access token lives minutes, so it is renewed when it has less than half a minute left
 * or was refused; all who need it wait for the same refresh.
 *
 * Worry: tabs share a storage. A refresh token that was used is good for seconds more, and later its use ends the session for
 * all tabs. And a refresh under way must not bring back who signed out meanwhile, here or in another tab.
 * Decision: what is kept is what holds. It is read again before a refresh, after one was refused, and when the storage says that
 * it changed; and the answer to a refresh is kept only while the storage still has the token that it was asked with. No tab
 * waits for another.
 * Why it is enough: tabs that refresh at the same moment get the same successor from the server, whichever of them keeps it.
 *
 * Worry: where the clock here is wrong, every token seems to end soon, and every call would renew it. Decision: a token that
 * seems to when it comes is used until the server refuses it.
 */
import type { Credentials, Transport } from './client.ts';
import { ApiError } from './error.ts';
import type { Call } from './request.ts';
import type { SessionAnswer } from './wire.ts';

/** What is kept between loads of a page. In memory by default; `'local'` is the browser's localStorage. */
export interface SessionStorage {
  get(): string | null;
  set(value: string | null): void;
  /** Calls when somebody else changed what is kept, as another tab does. */
  onChange?(listener: () => void): void;
}
export interface Session<U> extends SessionAnswer<U> {
  readonly collection: string;
}
export type AuthEvent = 'signedIn' | 'refreshed' | 'signedOut' | 'expired';

export type AnySession = Session<unknown>;
type Listener = (session: AnySession | null, event: AuthEvent) => void;

/** Renewed when less than this is left, so that a token does not expire on its way. */
const leastLeftMs = 30_000;
/** An answer that was lost can be asked for again while the server still gives the same successor: ten seconds. */
const longestRefreshMs = 8_000;

export class Sessions implements Credentials {
  readonly #storage: SessionStorage;
  readonly #transport: Transport;
  readonly #cookies: boolean;
  readonly #timeoutMs: number;
  readonly #listeners = new Set<Listener>();
  #session: AnySession | null;
  #refreshing: Promise<void> | undefined;
  #isClockWrong = false;
  #epoch = 0;

  constructor(transport: Transport, storage: SessionStorage, { cookies, timeoutMs = longestRefreshMs }: SessionOptions) {
    this.#transport = transport;
    this.#storage = storage;
    this.#cookies = cookies;
    this.#timeoutMs = Math.min(timeoutMs, longestRefreshMs);
    this.#session = cookies ? null : readSession(storage.get());
    if (!cookies) storage.onChange?.(() => this.#takeKept());
  }

  current(): AnySession | null {
    return this.#session;
  }
  epoch(): number {
    return this.#epoch;
  }
  account(): string | undefined {
    return accountOf(this.#session);
  }
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(session: AnySession | null, event: AuthEvent): void {
    if (!this.#cookies) this.#storage.set(session ? JSON.stringify(session) : null);
    this.#take(session, event);
  }

  async token(): Promise<string | undefined> {
    const session = this.#session;
    if (session?.refreshToken !== undefined && !this.#isClockWrong && endsSoon(session))
      await this.#refresh().catch((error: unknown) => {
        // It is still good for this call.
        if (leftMs(session) <= 0) throw error;
      });
    return this.#session?.accessToken;
  }

  /** When its token wants to be renewed, in ms since 1970; where that cannot be told by the clock here, when it is refused. */
  renewAt(): number | undefined {
    const session = this.#session;
    return session?.refreshToken === undefined || this.#isClockWrong ? undefined : Date.parse(session.expiresAt) - leastLeftMs + 1_000;
  }

  async renew(refused: string | undefined): Promise<boolean> {
    const session = this.#session;
    if (!session?.refreshToken || refused === undefined) return false;
    if (session.accessToken === refused) await this.#refresh();
    return this.#session !== null;
  }

  /** Signs out whoever is signed in, or of the collection named where that is not known: the cookie outlives a reload. */
  async end(collection: string): Promise<void> {
    const session = this.#session;
    if (session?.accessToken !== undefined) {
      // First here: no refresh under way, and no server that does not answer, keeps anybody signed in.
      this.set(null, 'signedOut');
      return this.#tellEnd(session, session.accessToken);
    }
    try {
      await this.#transport.send(authCall(session?.collection ?? collection, 'POST', 'sign-out'));
    } finally {
      this.set(null, 'signedOut');
    }
  }

  /** A session that the server does not know any more has ended, as was wanted. */
  async #tellEnd(session: AnySession, accessToken: string): Promise<void> {
    const tell = (token = ''): Promise<void> =>
      this.#transport.send(
        authCall(session.collection, 'POST', 'sign-out', { anonymous: true, headers: { Authorization: `Bearer ${token}` } }),
      );
    try {
      await tell(accessToken).catch(async (error: unknown) => {
        if (!isRefused(error)) throw error;
        await tell((await this.#exchange(session)).accessToken);
      });
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#renewSession().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #renewSession(): Promise<void> {
    const stale = this.#session;
    this.#takeKept();
    const before = this.#session;
    if (!before || (before !== stale && !endsSoon(before))) return;
    try {
      const answer = await this.#exchange(before);
      if (this.#isStill(before)) this.set({ ...answer, collection: before.collection }, 'refreshed');
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (this.#isStill(before)) this.set(null, 'expired');
    }
  }

  #exchange({ collection, refreshToken }: AnySession): Promise<SessionAnswer<unknown>> {
    const call = { body: { refreshToken }, anonymous: true, unkeyed: false, reads: true, timeoutMs: this.#timeoutMs };
    return this.#transport.send(authCall(collection, 'POST', 'refresh', call));
  }

  /** Whether it is the session here and in the storage. Where another is kept by now, that is taken. */
  #isStill(session: AnySession): boolean {
    if (this.#session === session) this.#takeKept();
    return this.#session === session;
  }

  /** Takes what another tab has kept since. */
  #takeKept(): void {
    const kept = readSession(this.#storage.get());
    if (kept?.refreshToken === this.#session?.refreshToken) return;
    this.#take(kept, kept === null ? 'signedOut' : accountOf(kept) === this.account() ? 'refreshed' : 'signedIn');
  }

  #take(session: AnySession | null, event: AuthEvent): void {
    this.#session = session;
    this.#isClockWrong = session !== null && endsSoon(session);
    if (event !== 'refreshed') this.#epoch += 1;
    for (const listener of this.#listeners) queueMicrotask(() => listener(session, event));
  }
}

export interface SessionOptions {
  readonly cookies: boolean;
  readonly timeoutMs?: number | undefined;
}

export function authCall(collection: string, method: Call['method'], path: string, more: Partial<Call> = {}): Call {
  return { method, path: `/auth/${encodeURIComponent(collection)}/${path}`, unkeyed: true, ...more };
}

const isRefused = (error: unknown): boolean => error instanceof ApiError && (error.status === 401 || error.status === 403);

const leftMs = ({ expiresAt }: AnySession): number => Date.parse(expiresAt) - Date.now();
const endsSoon = (session: AnySession): boolean => leftMs(session) < leastLeftMs;

function accountOf(session: AnySession | null): string | undefined {
  const record = session?.record;
  const id = typeof record === 'object' && record !== null && 'id' in record ? String(record.id) : '';
  return session ? `${session.collection}:${id}` : undefined;
}

/** What was kept; anything that is no session counts as none. */
function readSession(text: string | null): AnySession | null {
  try {
    const kept: unknown = JSON.parse(text ?? 'null');
    const isSession = typeof kept === 'object' && kept !== null && 'record' in kept && 'collection' in kept && 'expiresAt' in kept;
    // cast: written by `set` above; a token that is none is refused by the server
    return isSession ? (kept as AnySession) : null;
  } catch {
    return null;
  }
}
