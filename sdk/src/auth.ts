/**
 * Signing in and all else that an account does for itself. One session, whoever's it is: what is asked of `/auth/:collection`
 * is asked of the collection that the caller named, and a session of another is refused there.
 */
import type { Transport } from './client.ts';
import { authCall } from './sessions.ts';
import type { AnySession, AuthEvent, Session, Sessions } from './sessions.ts';
import type { RowOf } from './types.ts';
import type { AuthMethods, OwnData, SessionAnswer, SessionInfo } from './wire.ts';

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
  /**
   * Ends the session, whichever collection's it is: here at once, then on the server; it fails where that could not be told. In
   * cookie mode after a reload nobody knows whose it is, and it is one of this collection that ends.
   */
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
  /**
   * Called after each change, one of another tab too, outside of whatever caused it; it may call the SDK. Gives back what ends it.
   */
  onChange(listener: (session: Session<UserOf<S, C>> | null, event: AuthEvent) => void): () => void;
  /** The same for another auth collection than `users`. A session of one is none to the others: there `session` and `user` are null. */
  collection<D extends keyof S & string>(name: D): Auth<S, D>;
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
    signOut: () => sessions.end(collection),
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
