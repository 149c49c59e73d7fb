/**
 * The records of every collection, as react-admin asks for them:
 *
 * getList            GET    /records/:c?sort&page&limit&count=1000&filter&expand
 * getOne             GET    /records/:c/:id
 * getMany            GET    /records/:c?filter=id in [...]
 * create             POST   /records/:c
 * update             PATCH  /records/:c/:id        only what changed, If-Match: the version that was read
 * delete, deleteMany DELETE /records/:c/:id
 */
import type { Page } from '@underpin/sdk/wire';
import type { DataProvider, RaRecord } from 'react-admin';
import { request } from './client.ts';
import { collectionNow } from './schema-store.ts';
import { allFields, expandable } from './collection.ts';

const COUNT_CAP = 1000;
const DELETES_AT_ONCE = 5;
/** The server expands at most so many relations at once; the others show ids. */
const EXPANDED = 10;

const path = (collection: string, id?: unknown): string =>
  `/records/${encodeURIComponent(collection)}${id === undefined ? '' : `/${encodeURIComponent(String(id))}`}`;

const expandOf = (collection: string): string | undefined => {
  const info = collectionNow(collection);
  const names = info ? expandable(info).slice(0, EXPANDED) : [];
  return names.length > 0 ? names.join(',') : undefined;
};

/** `{ a: 1, b: 2 }` against `{ a: 1, b: 3 }` → `{ b: 2 }`; values are JSON, so their texts can be compared. */
export const changedKeys = (before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(after).filter(([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(before[key] ?? null)),
  );

const NOT_SENT = new Set(['id', 'created', 'updated', 'version', 'expand', '_can', '_rank', '_more']);
const sendable = (collection: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const computed = new Set(
    collectionNow(collection)
      ?.fields.filter((field) => field.type === 'computed')
      .map((field) => field.name),
  );
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => !NOT_SENT.has(key) && !computed.has(key) && value !== undefined),
  );
};

const inTurns = async (ids: readonly unknown[], each: (id: unknown) => Promise<unknown>): Promise<void> => {
  for (let start = 0; start < ids.length; start += DELETES_AT_ONCE) await Promise.all(ids.slice(start, start + DELETES_AT_ONCE).map(each));
};

const listOf = async (collection: string, query: Readonly<Record<string, string | number | undefined>>, signal?: AbortSignal) =>
  request<Page<RaRecord>>('GET', path(collection), signal ? { query, signal } : { query });

/** A sort that was remembered may name a field that is gone by now: the server's own order holds then. */
const sortOf = (collection: string, sort: { field: string; order: string } | undefined): string | undefined => {
  const info = collectionNow(collection);
  if (!sort || (info && !allFields(info).some((field) => field.name === sort.field))) return undefined;
  return `${sort.order === 'DESC' ? '-' : ''}${sort.field}`;
};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const provider = {
  supportAbortSignal: true,

  async getList(
    resource: string,
    params: {
      pagination?: { page: number; perPage: number };
      sort?: { field: string; order: string };
      filter?: Record<string, unknown>;
      signal?: AbortSignal;
    },
  ) {
    const { page = 1, perPage = 25 } = params.pagination ?? {};
    const sort = sortOf(resource, params.sort);
    const answer = await listOf(
      resource,
      { sort, page, limit: perPage, count: COUNT_CAP, filter: text(params.filter?.['filter']), expand: expandOf(resource) },
      params.signal,
    );
    const { total, totalIsExact } = answer.page;
    const data = [...answer.data];
    // Beyond the cap the total is not known: react-admin then writes "of more than".
    if (total !== undefined && totalIsExact !== false) return { data, total };
    return { data, pageInfo: { hasNextPage: data.length === perPage, hasPreviousPage: page > 1 } };
  },

  async getOne(resource: string, params: { id: unknown; signal?: AbortSignal }) {
    const data = await request<RaRecord>('GET', path(resource, params.id), params.signal ? { signal: params.signal } : {});
    return { data };
  },

  async getMany(resource: string, params: { ids: readonly unknown[]; signal?: AbortSignal }) {
    const filter = `id in [${params.ids.map((id) => JSON.stringify(String(id))).join(', ')}]`;
    const answer = await listOf(resource, { filter, limit: Math.max(params.ids.length, 1) }, params.signal);
    return { data: [...answer.data] };
  },

  async getManyReference(
    resource: string,
    params: {
      target: string;
      id: unknown;
      pagination: { page: number; perPage: number };
      sort: { field: string; order: string };
      filter: Record<string, unknown>;
    },
  ) {
    return provider.getList(resource, { ...params, filter: { filter: `${params.target} == ${JSON.stringify(String(params.id))}` } });
  },

  async create(resource: string, params: { data: Readonly<Record<string, unknown>> }) {
    return { data: await request<RaRecord>('POST', path(resource), { body: sendable(resource, params.data) }) };
  },

  async update(
    resource: string,
    params: {
      id: unknown;
      data: Readonly<Record<string, unknown>>;
      previousData?: Readonly<Record<string, unknown>>;
      meta?: { overwrite?: boolean };
    },
  ) {
    const before = params.previousData ?? {};
    const body = sendable(resource, changedKeys(before, params.data));
    if (Object.keys(body).length === 0) return provider.getOne(resource, params);
    const version = before['version'];
    const headers: Record<string, string> =
      typeof version === 'number' && params.meta?.overwrite !== true ? { 'If-Match': `"${version}"` } : {};
    return { data: await request<RaRecord>('PATCH', path(resource, params.id), { body, headers }) };
  },

  async updateMany(resource: string, params: { ids: readonly unknown[]; data: Readonly<Record<string, unknown>> }) {
    await inTurns(params.ids, (id) => request('PATCH', path(resource, id), { body: sendable(resource, params.data) }));
    return { data: [...params.ids] };
  },

  async delete(resource: string, params: { id: unknown; previousData?: RaRecord }) {
    await request('DELETE', path(resource, params.id));
    return { data: params.previousData ?? { id: String(params.id) } };
  },

  async deleteMany(resource: string, params: { ids: readonly unknown[] }) {
    await inTurns(params.ids, (id) => request('DELETE', path(resource, id)));
    return { data: [...params.ids] };
  },
};

// cast: react-admin lets each caller name its own record type, which no implementation can promise; the records are the server's JSON.
export const dataProvider = provider as unknown as DataProvider;

/** After a change of the schema: lists show the new columns; an open record is left alone, because a draft may stand in it. */
export const LIST_QUERIES = ['getList', 'getMany', 'rows'] as const;
