/** The records of one collection. */
import { toAggregate } from './aggregate.ts';
import type { AggregateQuery, AggregateRow, Group, Measures } from './aggregate.ts';
import { withoutRead } from './body.ts';
import type { Transport } from './client.ts';
import type { Give } from './files/wanted.ts';
import type { Call, CallOptions } from './request.ts';
import { Listing } from './listing.ts';
import type { Live } from './live/live.ts';
import { toCondition, toExport, toSearch, toSelection, withText } from './query.ts';
import type { PlainQuery } from './query.ts';
import type {
  Can,
  Condition,
  CreateOf,
  Expand,
  Fields,
  FirstQuery,
  ListQuery,
  ListedOf,
  RecordOf,
  RowOf,
  Selection,
  SomeCondition,
  Sort,
  UpdateOf,
} from './types.ts';
import type { Page, Version } from './wire.ts';

export interface Records<S, C extends keyof S> {
  list<
    const F extends Fields<S, C> = undefined,
    const E extends Expand<S, C> | undefined = undefined,
    const H extends boolean | undefined = undefined,
    const A extends Can = undefined,
  >(
    query?: ListQuery<S, C, F, E, H, A>,
    options?: CallOptions,
  ): Listing<ListedOf<S, C, F, E, H, A>>;
  /** `list` of what has these words in its searchable fields, the best first. */
  search<
    const F extends Fields<S, C> = undefined,
    const E extends Expand<S, C> | undefined = undefined,
    const H extends boolean | undefined = undefined,
    const A extends Can = undefined,
  >(
    text: string,
    query?: Omit<ListQuery<S, C, F, E, H, A>, 'search'>,
    options?: CallOptions,
  ): Listing<ListedOf<S, C, F, E, H, A>>;
  first<
    const F extends Fields<S, C> = undefined,
    const E extends Expand<S, C> | undefined = undefined,
    const H extends boolean | undefined = undefined,
    const A extends Can = undefined,
  >(
    query?: FirstQuery<S, C, F, E, H, A>,
    options?: CallOptions,
  ): Promise<ListedOf<S, C, F, E, H, A> | null>;
  get<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined, const A extends Can = undefined>(
    id: string,
    query?: Selection<S, C, F, E> & { readonly can?: A },
    options?: CallOptions,
  ): Promise<ListedOf<S, C, F, E, undefined, A>>;
  /** A list that stays true, in its order: the rows as they are now, whoever changes them. Without `limit` all of them. */
  live<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined>(
    query?: LiveQueryOf<S, C, F, E>,
  ): Live<RecordOf<S, C, F, E>>;
  count(query?: Condition<S, C>, options?: CallOptions): Promise<number>;
  aggregate<const M extends Measures<S, C>, const G extends readonly Group<S, C>[] | undefined = undefined>(
    query: AggregateQuery<S, C, G, M>,
    options?: CallOptions,
  ): Promise<{ readonly data: readonly AggregateRow<S, C, G, M>[] }>;
  /** All that a list would give, as a stream of bytes that comes while it is read; it ends when `signal` says so. */
  export<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined>(
    query: ExportQuery<S, C, F, E>,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  create(data: CreateOf<S, C>, options?: CallOptions): Promise<RowOf<S, C>>;
  /** Changes the fields sent. `ifVersion`: refused with `version_mismatch` if the record has another version by now. */
  update(id: string, data: UpdateOf<S, C>, options?: CallOptions & { readonly ifVersion?: number }): Promise<RowOf<S, C>>;
  /** Creates, or changes the record that has the same values in `onConflict` (the fields of a unique index, or `id`). */
  upsert(
    data: CreateOf<S, C>,
    options: CallOptions & { readonly onConflict: readonly (keyof RowOf<S, C> & string)[] },
  ): Promise<RowOf<S, C>>;
  /** `erase`: leaves no version of it behind; for admins. */
  delete(id: string, options?: CallOptions & { readonly ifVersion?: number; readonly erase?: boolean }): Promise<void>;
  /** Its versions, the newest first, where the collection keeps them. */
  history(id: string, query?: { readonly limit?: number; readonly cursor?: string }, options?: CallOptions): Listing<Version<RowOf<S, C>>>;
  /** Writes a version again, as an update of what differs; a record that is gone is created again. */
  restore(id: string, version: number, options?: CallOptions & { readonly ifVersion?: number }): Promise<RowOf<S, C>>;
  /** Changes the records that match and that the caller may list, view and change; all of them or none. `filter: 'true'` is all. */
  updateWhere(condition: SomeCondition<S, C>, data: UpdateOf<S, C>, options?: CallOptions): Promise<{ readonly count: number }>;
  deleteWhere(condition: SomeCondition<S, C>, options?: CallOptions): Promise<{ readonly count: number }>;
}
/** A list's query that fits into a URL; json is one list, ndjson a record on each line. */
export type ExportQuery<S, C extends keyof S, F, E> = Omit<FirstQuery<S, C, F, E>, 'where'> & {
  readonly format: 'csv' | 'ndjson' | 'json';
  readonly limit?: number;
};

export interface LiveQueryOf<S, C extends keyof S, F, E> extends Selection<S, C, F, E>, Condition<S, C> {
  readonly sort?: readonly Sort<S, C>[];
  readonly limit?: number;
}
/** Opens a live query; the client's, for all of its collections. */
export type Follow = (collection: string, query: object) => Live<never>;

/** Longest query string sent as GET, in characters; proxies cut longer ones off. */
const longestUrl = 2000;

export function createRecords<S, C extends keyof S & string>(
  transport: Transport,
  collection: C,
  follow: Follow,
  give: Give,
): Records<S, C> {
  const path = `/records/${encodeURIComponent(collection)}`;
  const one = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  const ifMatch = (version: number | undefined): Record<string, string> => (version === undefined ? {} : { 'If-Match': `"${version}"` });

  function load<T>(query: PlainQuery, options: CallOptions): Promise<Page<T>> {
    const body = withText(query);
    const isNested = Object.values(query.expand ?? {}).some((part) => part !== true);
    const search = isNested ? undefined : toSearch(body);
    if (search && search.toString().length <= longestUrl) return transport.send({ ...options, method: 'GET', path, query: search });
    return transport.send({ ...options, method: 'POST', path: `${path}/query`, body, reads: true });
  }

  /** Sends a write; blobs in its data are uploaded first. */
  const write = <T>(data: object, options: CallOptions | undefined, call: (data: object | undefined) => Call): Promise<T> =>
    give([{ collection, data }], options, ([body]) => transport.send(call(body)));

  const list = <T>(query: PlainQuery = {}, options: CallOptions = {}): Listing<T> =>
    new Listing((cursor) => load(cursor === undefined ? query : { ...query, cursor }, options));

  return {
    list,
    search: (text, query = {}, options) => list({ sort: ['-_rank'], ...query, search: text }, options),
    first: async (query = {}, options = {}) => (await load<never>({ ...query, limit: 1 }, options)).data[0] ?? null,
    get: (id, query = {}, options) => transport.send({ ...options, method: 'GET', path: one(id), query: toSelection(query) }),
    live: (query = {}) => follow(collection, withText(query)),
    count: async (query = {}, options = {}) =>
      (await load({ ...query, limit: 1, count: 'exact', fields: ['id'] }, options)).page.total ?? 0,
    create: (data, options) => write(withoutRead(data, false), options, (body) => ({ ...options, method: 'POST', path, body })),
    update: (id, data, { ifVersion, ...options } = {}) =>
      write(withoutRead(data, true), options, (body) => ({
        ...options,
        method: 'PATCH',
        path: one(id),
        body,
        headers: { ...options.headers, ...ifMatch(ifVersion) },
      })),
    upsert: (data, { onConflict, ...options }) =>
      write(withoutRead(data, false), options, (body) => ({
        ...options,
        method: 'POST',
        path,
        query: new URLSearchParams({ onConflict: onConflict.join() }),
        body,
      })),
    delete: (id, { ifVersion, erase = false, ...options } = {}) =>
      transport.send({
        ...options,
        method: 'DELETE',
        path: one(id),
        ...(erase ? { query: new URLSearchParams({ erase: 'true' }) } : {}),
        headers: { ...options.headers, ...ifMatch(ifVersion) },
      }),
    history: (id, { limit, cursor: first } = {}, options = {}) =>
      new Listing((cursor = first) => {
        const query = new URLSearchParams({
          ...(limit === undefined ? {} : { limit: String(limit) }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        return transport.send({ ...options, method: 'GET', path: `${one(id)}/history`, query });
      }),
    restore: (id, version, { ifVersion, ...options } = {}) =>
      transport.send({
        ...options,
        method: 'POST',
        path: `${one(id)}/restore`,
        body: { version },
        headers: { ...options.headers, ...ifMatch(ifVersion) },
      }),
    aggregate: async (query, options) =>
      transport.send({ ...options, method: 'POST', path: `${path}/aggregate`, body: toAggregate(query), reads: true }),
    export: async (query, options) => {
      const call = { ...options, method: 'GET', path: `${path}/export`, query: toExport(query), raw: true } as const;
      const response = await transport.send<Response>(call);
      return response.body ?? new Blob([await response.arrayBuffer()]).stream();
    },
    updateWhere: async (condition, data, options) => {
      const which = toCondition(condition);
      return write(withoutRead(data, true), options, (body) => ({
        ...options,
        method: 'POST',
        path: `${path}/update`,
        body: { ...which, data: body },
      }));
    },
    deleteWhere: async (condition, options) =>
      transport.send({ ...options, method: 'POST', path: `${path}/delete`, body: toCondition(condition) }),
  };
}
