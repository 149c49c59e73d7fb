/**
 * Who is signed in. The access token lives minutes, so it is renewed when it has less than half a minute left or was refused
 * once; all who need it wait for the same refresh. Whether another tab refreshes at the same time is the server's business: it
 * gives the same successor for the same refresh token for a while.
 */
import type { Call, Credentials, Transport } from './client.ts';
import { ApiError } from './error.ts';
import type { RowOf } from './types.ts';
import type { AuthMethods, OwnData, SessionAnswer, SessionInfo } from './wire.ts';

/** What is kept between loads of a page. In memory by default; `'local'` is the browser's localStorage. */
export interface SessionStorage {
  get(): string | null;
  set(value: string | null): void;
}
export interface Session<U> extends SessionAnswer<U> {
  readonly collection: string;
}
export type AuthEvent = 'signedIn' | 'refreshed' | 'signedOut' | 'expired';
type UserOf<S, C> = C extends keyof S ? RowOf<S, C> : Readonly<Record<string, unknown>>;

export interface MailRequest {
  readonly email: string;
  /** Where our page leads on to afterwards: one of the collection's `auth.redirects`. */
  readonly redirect?: string;
}
export interface Onward {
  readonly redirect: string | null;
}

export interface Auth<S, C> {
  readonly session: Session<UserOf<S, C>> | null;
  readonly user: UserOf<S, C> | null;
  signIn(credentials: { readonly email: string; readonly password: string }): Promise<Session<UserOf<S, C>>>;
  /** null where the address must be verified first. */
  signUp(
    account: { readonly email: string; readonly password: string } & Readonly<Record<string, unknown>>,
  ): Promise<Session<UserOf<S, C>> | null>;
  signOut(): Promise<void>;
  /** Asks the server; after a reload in cookie mode, the way to know who is signed in. */
  me(): Promise<UserOf<S, C>>;
  readonly sessions: {
    list(): Promise<readonly SessionInfo[]>;
    revoke(id: string): Promise<void>;
    /** Ends all sessions but this one; how many there were. */
    revokeOthers(): Promise<number>;
  };
  /** How people get in here. */
  methods(): Promise<AuthMethods>;
  /** Sends the link that proves an address; told or not, the answer is the same. */
  requestVerification(asked: MailRequest): Promise<void>;
  confirmVerification(token: string): Promise<Onward>;
  forgotPassword(asked: MailRequest): Promise<void>;
  resetPassword(proof: { readonly token: string; readonly password: string }): Promise<Onward>;
  /** Ends all other sessions. */
  changePassword(change: { readonly current?: string; readonly password: string }): Promise<void>;
  requestCode(asked: MailRequest): Promise<void>;
  /** Signs in by the code of a mail, or by the token of its link. */
  signInWithCode(proof: { readonly email: string; readonly code: string } | { readonly token: string }): Promise<Session<UserOf<S, C>>>;
  /** A new account without address and password, and signed in. */
  signInAsGuest(fields?: Readonly<Record<string, unknown>>): Promise<Session<UserOf<S, C>>>;
  /** Gives a guest an address and a password; where addresses are proven first, when that is done. */
  upgrade(account: { readonly email: string; readonly password: string }): Promise<void>;
  changeEmail(change: MailRequest & { readonly current?: string }): Promise<void>;
  confirmEmail(token: string): Promise<Onward>;
  /** All that is kept of the account: its record, its sessions, what it did, and by collection the records that refer to it. */
  ownData(): Promise<OwnData>;
  /** Ends the account of the session, and with it the session. */
  deleteAccount(proof?: { readonly current?: string }): Promise<void>;
  /** Called after each change, outside of whatever caused it; it may call the SDK. Gives back what ends it. */
  onChange(listener: (session: Session<UserOf<S, C>> | null, event: AuthEvent) => void): () => void;
  /** The same for another auth collection than `users`; there is one session, whoever's it is. */
  collection<D extends keyof S & string>(name: D): Auth<S, D>;
}

type AnySession = Session<unknown>;
type Listener = (session: AnySession | null, event: AuthEvent) => void;

/** Renewed when less than this is left, so that a token does not expire on its way. */
const leastLeftMs = 30_000;

export class Sessions implements Credentials {
  readonly #storage: SessionStorage;
  readonly #transport: Transport;
  readonly #cookies: boolean;
  readonly #listeners = new Set<Listener>();
  #session: AnySession | null;
  #refreshing: Promise<boolean> | undefined;
  #epoch = 0;

  constructor(transport: Transport, storage: SessionStorage, cookies: boolean) {
    this.#transport = transport;
    this.#storage = storage;
    this.#cookies = cookies;
    this.#session = cookies ? null : readSession(storage.get());
  }

  current(): AnySession | null {
    return this.#session;
  }
  epoch(): number {
    return this.#epoch;
  }
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(session: AnySession | null, event: AuthEvent): void {
    this.#session = session;
    if (event !== 'refreshed') this.#epoch += 1;
    if (!this.#cookies) this.#storage.set(session ? JSON.stringify(session) : null);
    for (const listener of this.#listeners) queueMicrotask(() => listener(session, event));
  }

  async token(): Promise<string | undefined> {
    const session = this.#session;
    if (session?.refreshToken !== undefined && Date.parse(session.expiresAt) - Date.now() < leastLeftMs) await this.#refresh();
    return this.#session?.accessToken;
  }

  async renew(refused: string | undefined): Promise<boolean> {
    const session = this.#session;
    if (!session?.refreshToken || refused === undefined) return false;
    return session.accessToken !== refused || this.#refresh();
  }

  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#renewSession().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #renewSession(): Promise<boolean> {
    const before = this.#session;
    if (!before) return false;
    try {
      const body = { refreshToken: before.refreshToken };
      const answer = await this.#transport.send<SessionAnswer<unknown>>(
        authCall(before.collection, 'POST', 'refresh', { body, anonymous: true }),
      );
      // Somebody signed out or in meanwhile: theirs holds.
      if (this.#session === before) this.set({ ...answer, collection: before.collection }, 'refreshed');
      return this.#session !== null;
    } catch (error) {
      const isOver = error instanceof ApiError && (error.status === 401 || error.status === 403);
      if (isOver && this.#session === before) this.set(null, 'expired');
      return false;
    }
  }
}

export function createAuth<S, C extends string>(transport: Transport, sessions: Sessions, collection: C): Auth<S, C> {
  type User = UserOf<S, C>;
  const start = (answer: SessionAnswer<User>): Session<User> => {
    const session = { ...answer, collection };
    sessions.set(session, 'signedIn');
    return session;
  };
  const anonymous = async <T>(path: string, body: unknown): Promise<T> =>
    transport.send(authCall(collection, 'POST', path, { body, anonymous: true }));
  const silent = async (path: string, body: unknown): Promise<void> => void (await anonymous(path, body));
  // cast: sessions of this collection hold what the server answered for it
  const own = (session: AnySession | null): Session<User> | null =>
    session?.collection === collection ? (session as Session<User>) : null;
  return {
    get session() {
      return own(sessions.current());
    },
    get user() {
      return own(sessions.current())?.record ?? null;
    },
    signIn: async (body) => start(await transport.send(authCall(collection, 'POST', 'sign-in', { body, anonymous: true }))),
    signUp: async (body) => {
      const answer = await transport.send<SessionAnswer<User> | undefined>(
        authCall(collection, 'POST', 'sign-up', { body, anonymous: true }),
      );
      return answer?.record ? start(answer) : null;
    },
    signOut: async () => {
      const refreshToken = sessions.current()?.refreshToken;
      try {
        await transport.send(authCall(collection, 'POST', 'sign-out', { body: { refreshToken } }));
      } finally {
        sessions.set(null, 'signedOut');
      }
    },
    me: async () => (await transport.send<{ readonly record: User }>(authCall(collection, 'GET', 'me'))).record,
    sessions: {
      list: async () => (await transport.send<{ data: readonly SessionInfo[] }>(authCall(collection, 'GET', 'sessions'))).data,
      revokeOthers: async () => (await transport.send<{ readonly count: number }>(authCall(collection, 'DELETE', 'sessions'))).count,
      revoke: (id) => transport.send(authCall(collection, 'DELETE', `sessions/${encodeURIComponent(id)}`)),
    },
    methods: () => transport.send(authCall(collection, 'GET', 'methods')),
    requestVerification: (body) => silent('verify/request', body),
    confirmVerification: (token) => anonymous('verify/confirm', { token }),
    forgotPassword: (body) => silent('password/forgot', body),
    resetPassword: (body) => anonymous('password/reset', body),
    changePassword: async (body) => void (await transport.send(authCall(collection, 'POST', 'password/change', { body }))),
    requestCode: (body) => silent('code/request', body),
    signInWithCode: async (body) => start(await anonymous('code/confirm', body)),
    signInAsGuest: async (fields = {}) => start(await anonymous('guest', fields)),
    upgrade: async (body) => void (await transport.send(authCall(collection, 'POST', 'upgrade', { body }))),
    changeEmail: async (body) => void (await transport.send(authCall(collection, 'POST', 'email/change', { body }))),
    confirmEmail: (token) => anonymous('email/confirm', { token }),
    ownData: () => transport.send(authCall(collection, 'GET', 'me/data')),
    deleteAccount: async (body = {}) => {
      await transport.send(authCall(collection, 'DELETE', 'me', { body }));
      sessions.set(null, 'signedOut');
    },
    onChange: (listener) => sessions.listen((session, event) => listener(own(session), event)),
    collection: (name) => createAuth(transport, sessions, name),
  };
}

function authCall(collection: string, method: Call['method'], path: string, more: Partial<Call> = {}): Call {
  return { method, path: `/auth/${encodeURIComponent(collection)}/${path}`, unkeyed: true, ...more };
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
