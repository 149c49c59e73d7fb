/** The client of Underpin: `createClient<Schema>({ url })`. */
import { createAuth } from './auth.ts';
import type { Auth } from './auth.ts';
import { sendBatch } from './batch.ts';
import type { Batch, Settled } from './batch.ts';
import { createTransport } from './client.ts';
import type { Credentials } from './client.ts';
import { createCollections } from './collections.ts';
import type { Collections } from './collections.ts';
import { createFiles } from './files.ts';
import type { Files } from './files.ts';
import { createKeys } from './keys.ts';
import type { Keys } from './keys.ts';
import { LiveQuery } from './live/live.ts';
import type { Connection, Following } from './live/live.ts';
import { createRecords } from './records.ts';
import type { Follow, Records } from './records.ts';
import type { CallOptions, TransportOptions } from './request.ts';
import { Sessions } from './sessions.ts';
import type { SessionStorage } from './sessions.ts';
import type { SchemaTypes, Untyped } from './types.ts';

export { ApiError, attempt } from './error.ts';
export { filter } from './filter.ts';
export type { Filter, ParamValue } from './filter.ts';
export type { AggregateQuery, AggregateRow, Group, Interval, Measure } from './aggregate.ts';
export type { Batch, BatchRecords, Pending, Settled } from './batch.ts';
export type { Auth, MailRequest, Onward } from './auth.ts';
export type { CallOptions } from './request.ts';
export type { ChangeOptions, Collections } from './collections.ts';
export type { FileFields, FilePurpose, Files, Upload, UploadOptions } from './files.ts';
export type { FileRef, FileView, Progress } from './files/wanted.ts';
export type { ApiKeyChange, Keys, NewApiKey, ShownApiKey } from './keys.ts';
export type { Listing } from './listing.ts';
export type { Live, LiveStatus } from './live/live.ts';
export type { ExportQuery, Records } from './records.ts';
export type { AuthEvent, Session, SessionStorage } from './sessions.ts';
export type { CollectionTypes, Expand, GeoValue, Json, RecordOf, RowOf, Sort, Where } from './types.ts';
export type {
  ApiKeyInfo,
  AuthMethods,
  OwnData,
  AuthOptions,
  CollectionDef,
  CollectionInfo,
  FieldDef,
  FileLink,
  FileValue,
  IndexAdvice,
  KeyScope,
  Page,
  PageInfo,
  Problem,
  ProblemField,
  SchemaInfo,
  SessionInfo,
} from './wire.ts';

export interface ClientOptions extends Omit<TransportOptions, 'cookies' | 'following'> {
  /** An API key or access token to use as it is, instead of signing in. */
  readonly token?: string;
  /** `cookie`: the session lives in an HttpOnly cookie of this origin, and no token ever reaches the page. */
  readonly session?: 'token' | 'cookie';
  /** Where tokens are kept; in memory if left out. `'local'`: the browser's localStorage, which all tabs share. */
  readonly storage?: 'local' | SessionStorage;
}

export interface Client<S> {
  collection<C extends keyof S & string>(name: C): Records<S, C>;
  /**
   * Several writes of which all are done or none: `up.batch((tx) => ({ order: tx.collection('orders').create({ … }) }))`. The
   * function only says them; what it gives back comes with the written records. At most 200.
   */
  batch<T>(say: (tx: Batch<S>) => T, options?: CallOptions): Promise<Settled<T>>;
  readonly auth: Auth<S, 'users'>;
  readonly files: Files<S>;
  readonly collections: Collections;
  /** API keys: for owners and admins who signed in within ten minutes. */
  readonly keys: Keys;
}

export function createClient<S extends SchemaTypes<S> = Untyped>(options: ClientOptions): Client<S> {
  const cookies = options.session === 'cookie';
  const { token } = options;
  const fixed: Credentials | undefined =
    token === undefined
      ? undefined
      : { token: () => Promise.resolve(token), renew: () => Promise.resolve(false), epoch: () => 0, account: () => undefined };
  let connected: Promise<Connection> | undefined;
  const following: Following = {
    open: 0,
    written: undefined,
    connect: () => (connected ??= open().catch((error: unknown) => ((connected = undefined), Promise.reject(error)))),
  };
  const transport = createTransport({ ...options, cookies, following }, () => fixed ?? sessions);
  const sessions = new Sessions(transport, toStorage(options.storage, options.url), { cookies, timeoutMs: options.timeoutMs });
  const open = async (): Promise<Connection> =>
    (await import('./live/connection.ts')).openConnection({
      url: options.url,
      ...(options.headers && { headers: options.headers }),
      ...(cookies && { session: 'account' }),
      token: async () => (await (fixed ?? sessions).token()) ?? null,
      renewAt: () => (fixed ? undefined : sessions.renewAt()),
      renew: async () => (fixed ? false : sessions.renew(await sessions.token())),
      onAuth: (listener) => void sessions.listen((_session, event) => listener(event !== 'refreshed')),
    });
  const follow: Follow = (collection, query) => new LiveQuery({ ...query, collection }, following);
  // In cookie mode a page does not know after a reload who is signed in; the server does.
  const account = (): string | undefined => (cookies ? undefined : (fixed ?? sessions).account());
  const { files, give } = createFiles<S>({ transport, url: options.url, account });
  return {
    collection: (name) => createRecords(transport, name, follow, give),
    batch: (say, options) => sendBatch(transport, give, say, options),
    auth: createAuth(transport, sessions, 'users'),
    files,
    collections: createCollections(transport),
    keys: createKeys(transport),
  };
}

function toStorage(storage: ClientOptions['storage'], url: string): SessionStorage {
  if (typeof storage === 'object') return storage;
  if (storage === 'local') {
    const key = `underpin:${url}`;
    return {
      get: () => localStorage.getItem(key),
      set: (value) => (value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value)),
      onChange: (listener) =>
        // A key of null: all was cleared. Outside of browsers there are no other tabs.
        globalThis.addEventListener?.('storage', ({ key: changed }) => {
          if (changed === key || changed === null) listener();
        }),
    };
  }
  let kept: string | null = null;
  return {
    get: () => kept,
    set: (value) => {
      kept = value;
    },
  };
}
