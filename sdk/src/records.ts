/** The records of one collection. */
import type { CallOptions, Transport } from './client.ts';
import { refuseUndefined } from './filter.ts';
import type { Filter, ParamValue } from './filter.ts';
import type { Condition, CreateOf, Expand, Fields, FirstQuery, ListQuery, RecordOf, RowOf, Selection, UpdateOf } from './types.ts';
import type { Page } from './wire.ts';

export interface Records<S, C extends keyof S> {
  list<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined>(
    query?: ListQuery<S, C, F, E>,
    options?: CallOptions,
  ): Listing<RecordOf<S, C, F, E>>;
  first<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined>(
    query?: FirstQuery<S, C, F, E>,
    options?: CallOptions,
  ): Promise<RecordOf<S, C, F, E> | null>;
  get<const F extends Fields<S, C> = undefined, const E extends Expand<S, C> | undefined = undefined>(
    id: string,
    query?: Selection<S, C, F, E>,
    options?: CallOptions,
  ): Promise<RecordOf<S, C, F, E>>;
  count(query?: Condition<S, C>, options?: CallOptions): Promise<number>;
  create(data: CreateOf<S, C>, options?: CallOptions): Promise<RowOf<S, C>>;
  /** Changes the fields sent. `ifVersion`: refused with `version_mismatch` if the record has another version by now. */
  update(id: string, data: UpdateOf<S, C>, options?: CallOptions & { readonly ifVersion?: number }): Promise<RowOf<S, C>>;
  /** Creates, or changes the record that has the same values in `onConflict` (the fields of a unique index, or `id`). */
  upsert(
    data: CreateOf<S, C>,
    options: CallOptions & { readonly onConflict: readonly (keyof RowOf<S, C> & string)[] },
  ): Promise<RowOf<S, C>>;
  delete(id: string, options?: CallOptions & { readonly ifVersion?: number }): Promise<void>;
}

/** A page when awaited; every record of every page by `for await (const r of list.all())`. Sent when first used. */
export class Listing<T> implements PromiseLike<Page<T>> {
  readonly #load: (cursor: string | undefined) => Promise<Page<T>>;
  #first: Promise<Page<T>> | undefined;

  constructor(load: (cursor: string | undefined) => Promise<Page<T>>) {
    this.#load = load;
  }

  then<A = Page<T>, B = never>(
    done?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#first ??= this.#load(undefined);
    return this.#first.then(done, failed);
  }

  async *all(): AsyncGenerator<T, void, undefined> {
    for (let page = await this.then(); ;) {
      yield* page.data;
      if (page.page.next === null) return;
      page = await this.#load(page.page.next);
    }
  }
}

/** What a query is once its types have done their work. */
interface PlainQuery {
  readonly where?: unknown;
  readonly filter?: Filter | string;
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly sort?: readonly string[];
  readonly fields?: readonly string[] | undefined;
  readonly expand?: object | undefined;
  readonly limit?: number;
  readonly cursor?: string;
  readonly page?: number;
  readonly count?: string | number;
}

/** Longest query string sent as GET, in characters; proxies cut longer ones off. */
const longestUrl = 2000;

export function createRecords<S, C extends keyof S & string>(transport: Transport, collection: C): Records<S, C> {
  const path = `/records/${encodeURIComponent(collection)}`;
  const one = (id: string): string => `${path}/${encodeURIComponent(id)}`;
  const ifMatch = (version: number | undefined): Record<string, string> => (version === undefined ? {} : { 'If-Match': `"${version}"` });

  function load<T>(query: PlainQuery, options: CallOptions): Promise<Page<T>> {
    const { filter, params, ...rest } = query;
    const given = typeof filter === 'object' ? { filter: filter.text, params: { ...params, ...filter.params } } : { filter, params };
    if (query.where !== undefined) refuseUndefined(query.where, 'where');
    refuseUndefined(Object.values(given.params ?? {}), 'params');
    const search = toSearch({ ...rest, ...given });
    if (search && search.toString().length <= longestUrl) return transport.send({ ...options, method: 'GET', path, query: search });
    return transport.send({ ...options, method: 'POST', path: `${path}/query`, body: { ...rest, ...given }, reads: true });
  }

  return {
    list: (query = {}, options = {}) => new Listing((cursor) => load(cursor === undefined ? query : { ...query, cursor }, options)),
    first: async (query = {}, options = {}) => (await load<never>({ ...query, limit: 1 }, options)).data[0] ?? null,
    get: (id, query = {}, options) => transport.send({ ...options, method: 'GET', path: one(id), query: selection(query) }),
    count: async (query = {}, options = {}) =>
      (await load({ ...query, limit: 1, count: 'exact', fields: ['id'] }, options)).page.total ?? 0,
    create: (data, options) => transport.send({ ...options, method: 'POST', path, body: withoutRead(data, false) }),
    update: (id, data, { ifVersion, ...options } = {}) =>
      transport.send({
        ...options,
        method: 'PATCH',
        path: one(id),
        body: withoutRead(data, true),
        headers: { ...options.headers, ...ifMatch(ifVersion) },
      }),
    upsert: (data, { onConflict, ...options }) =>
      transport.send({
        ...options,
        method: 'POST',
        path,
        query: new URLSearchParams({ onConflict: onConflict.join() }),
        body: withoutRead(data, false),
      }),
    delete: (id, { ifVersion, ...options } = {}) =>
      transport.send({ ...options, method: 'DELETE', path: one(id), headers: { ...options.headers, ...ifMatch(ifVersion) } }),
  };
}

/** The query as parameters of a URL; undefined if it says what only a body can: objects, lists, null. */
function toSearch({ where, params, expand, ...plain }: PlainQuery): URLSearchParams | undefined {
  const values = Object.entries(params ?? {});
  const isPlain = values.every(([, value]) => value !== null && (typeof value !== 'object' || value instanceof Date));
  if (where !== undefined || !isPlain || (expand && Object.values(expand).some((part) => part !== true))) return undefined;
  const search = selection({ fields: plain.fields, expand });
  for (const [name, value] of Object.entries({ ...plain, fields: undefined })) if (value !== undefined) search.set(name, String(value));
  for (const [name, value] of values) search.set(`p.${name}`, value instanceof Date ? value.toISOString() : String(value));
  return search;
}

function selection({ fields, expand }: Pick<PlainQuery, 'fields' | 'expand'>): URLSearchParams {
  const search = new URLSearchParams(fields ? { fields: fields.join() } : {});
  const paths = expand ? addExpand(search, expand, '') : [];
  if (paths.length > 0) search.set('expand', paths.join());
  return search;
}

/** `expand=author,author.team&expand.author.fields=name` */
function addExpand(search: URLSearchParams, expand: object, prefix: string): string[] {
  return Object.entries(expand).flatMap(([name, part]: [string, unknown]) => {
    if (part === undefined) return [];
    const path = `${prefix}${name}`;
    if (typeof part !== 'object' || part === null) return [path];
    const inner: string[] = [];
    // cast: Object.entries gives any for what is of no known type; nothing is presumed of it.
    for (const [setting, value] of Object.entries(part) as [string, unknown][]) {
      if (setting === 'expand' && typeof value === 'object' && value !== null) inner.push(...addExpand(search, value, `${path}.`));
      else if (value !== undefined) search.set(`expand.${path}.${setting}`, String(value));
    }
    return [path, ...inner];
  });
}

/** A body without what only the server says, so that a record that was read can be sent back. */
function withoutRead(data: unknown, isUpdate: boolean): object {
  const body: Record<string, unknown> = { ...(typeof data === 'object' ? data : {}) };
  for (const name of ['created', 'updated', 'version', 'expand', '_can', '_rank', ...(isUpdate ? ['id'] : [])]) delete body[name];
  return body;
}
