/**
 * /records: HTTP around the line, ahead of Express, whose way to a route costs more than the route here. It is the only
 * door to records: what is below /records is answered by this file or by nobody, but for changes of API keys (keys.ts). A body is read once, before anything else
 * may look at it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { countWrites } from '../auth/admit.ts';
import type { Base, Ctx } from '../ctx.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { aggregateRecords } from '../records/aggregate.ts';
import { runBatch, writeUnits } from '../records/batch.ts';
import { removeMany, updateMany } from '../records/change-many.ts';
import { createRecord } from '../records/create.ts';
import { exportRecords, exportTypes } from '../records/export.ts';
import { listHistory } from '../records/history/list.ts';
import { beforeRestore, restoreRecord } from '../records/history/restore.ts';
import { listRecords } from '../records/list.ts';
import { inputOfBody, inputOfUrl } from '../records/parse/input.ts';
import { readRecord } from '../records/read.ts';
import { removeRecord } from '../records/remove.ts';
import type { Written } from '../records/reading/serialize.ts';
import { upsertRecord } from '../records/upsert.ts';
import { updateRecord } from '../records/update.ts';
import { readJson } from './body.ts';
import { noParameters, param, queryOf, queryText, type Incoming } from './incoming.ts';
import { keysCollection } from './keys.ts';
import { streamLive, type Live } from './live.ts';
import { once } from './middleware/idempotency.ts';
import { json, noContent, text, type Reply } from './reply.ts';
import { answer, route, type RouteOptions, type Work } from './route.ts';

interface RecordRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v1/records`: a collection, and behind it nothing, a word, or an id and perhaps a word. */
  readonly path: string;
  /** `live`: a part of the app, made beside the routes (realtime/doors/streams.ts). */
  readonly work: Work<Incoming> | 'live';
  readonly options?: RouteOptions;
}

export const recordRoutes: readonly RecordRoute[] = [
  {
    method: 'GET',
    path: '/:collection',
    work: async (ctx, request) => {
      const query = { text: queryText(request), read: () => inputOfUrl(queryOf(request), 'list') };
      return text(await listRecords(ctx, param(request, 'collection'), query));
    },
  },
  {
    method: 'POST',
    path: '/:collection/query',
    work: async (ctx, request) => {
      const body = await bodyOf(request);
      return text(await listRecords(ctx, param(request, 'collection'), { read: () => inputOfBody(body) }));
    },
    options: { write: false },
  },
  {
    method: 'POST',
    path: '/:collection/aggregate',
    work: async (ctx, request) => text(await aggregateRecords(ctx, param(request, 'collection'), await bodyOf(request))),
    options: { write: false },
  },
  {
    method: 'GET',
    path: '/:collection/export',
    work: async (ctx, request) => {
      const collection = param(request, 'collection');
      const { format, chunks } = await exportRecords(ctx, collection, inputOfUrl(queryOf(request), 'export'));
      const name = { 'Content-Disposition': `attachment; filename="${collection}.${format}"` };
      return { status: 200, chunks, headers: { 'Content-Type': exportTypes[format], ...name } };
    },
  },
  { method: 'GET', path: '/:collection/live', work: 'live' },
  {
    method: 'POST',
    path: '/:collection/update',
    work: async (ctx, request) => changeMany(ctx, request, updateMany),
  },
  {
    method: 'POST',
    path: '/:collection/delete',
    work: async (ctx, request) => changeMany(ctx, request, removeMany),
  },
  {
    method: 'GET',
    path: '/:collection/:id',
    work: async (ctx, request) =>
      record(await readRecord(ctx, param(request, 'collection'), param(request, 'id'), inputOfUrl(queryOf(request), 'shape'))),
  },
  {
    method: 'POST',
    path: '/:collection',
    work: async (ctx, request) => {
      const onConflict = onConflictOf(request);
      const collection = param(request, 'collection');
      const body = await bodyOf(request);
      return once(ctx, { request, collection, body }, async (inside) => {
        const written =
          onConflict === undefined
            ? { ...(await createRecord(inside, collection, body)), created: true }
            : await upsertRecord(inside, collection, body, onConflict);
        const location = { Location: `/api/v1/records/${collection}/${written.id}` };
        return { ...record(written, written.created ? 201 : 200, written.created ? location : {}), id: written.id };
      });
    },
  },
  {
    method: 'PATCH',
    path: '/:collection/:id',
    work: async (ctx, request) => {
      noParameters(request);
      const collection = param(request, 'collection');
      const body = await bodyOf(request);
      const version = ifMatch(request);
      return once(ctx, { request, collection, body }, async (inside) => {
        const written = await updateRecord(inside, collection, param(request, 'id'), body, version);
        return { ...record(written), id: written.id };
      });
    },
  },
  {
    method: 'DELETE',
    path: '/:collection/:id',
    work: async (ctx, request) => {
      const erase = eraseOf(request);
      const collection = param(request, 'collection');
      const version = ifMatch(request);
      return once(ctx, { request, collection, body: undefined }, async (inside) => {
        await removeRecord(inside, collection, param(request, 'id'), version, erase);
        return noContent;
      });
    },
  },
  {
    method: 'GET',
    path: '/:collection/:id/history',
    work: async (ctx, request) =>
      text(await listHistory(ctx, param(request, 'collection'), param(request, 'id'), inputOfUrl(queryOf(request), 'history'))),
  },
  {
    method: 'POST',
    path: '/:collection/:id/restore',
    work: async (ctx, request) => {
      noParameters(request);
      const collection = param(request, 'collection');
      const body = await bodyOf(request);
      const version = ifMatch(request);
      await beforeRestore(ctx, collection);
      return once(ctx, { request, collection, body }, async (inside) => {
        const written = await restoreRecord(inside, collection, param(request, 'id'), body, version);
        return { ...record(written, written.created ? 201 : 200), id: written.id };
      });
    },
  },
];

const prefix = '/api/v1/records';
const routes: ReadonlyMap<string, RecordRoute> = new Map(recordRoutes.map((one) => [`${one.method} ${one.path}`, one]));
/** Words that stand where an id does. */
const words = new Set(recordRoutes.flatMap(({ path }) => path.split('/').filter((part, index) => index === 2 && part !== ':id')));

/** Answers what is a request for records; false where it is none. */
export const recordsDoor =
  (base: Base, live: Live) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    const { url = '' } = request;
    if (!url.startsWith(`${prefix}/`)) return false;
    const mark = url.indexOf('?');
    const [collection = '', id, word, more] = url.slice(prefix.length + 1, mark < 0 ? undefined : mark).split('/');
    if (collection === '' || id === '' || more !== undefined) return false;
    const path =
      id === undefined
        ? '/:collection'
        : word !== undefined
          ? `/:collection/:id/${word}`
          : words.has(id)
            ? `/:collection/${id}`
            : '/:collection/:id';
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const found = routes.get(`${method} ${path}`);
    if (found === undefined || (collection === keysCollection && method !== 'GET' && !words.has(id ?? ''))) return false;
    const work: Work<Incoming> = found.work === 'live' ? (ctx, asked) => streamLive(live, ctx, asked) : found.work;
    void answer(base, work, found.options ?? {}, Object.assign(request, { params: { collection, id: id ?? '' } }), response);
    return true;
  };

async function changeMany(ctx: Ctx, request: Incoming, change: typeof updateMany): Promise<Reply> {
  noParameters(request);
  const collection = param(request, 'collection');
  const body = await bodyOf(request);
  return once(ctx, { request, collection, body }, async (inside) => json(await change(inside, collection, body)));
}

/** POST /batch: writes to any collections, as one. */
export const batchRoute = (base: Base): RequestHandler =>
  route(base, async (ctx, request) => {
    noParameters(request);
    const body = await bodyOf(request);
    countWrites(base, ctx.actor, writeUnits(body) - 1);
    return once(ctx, { request, collection: '', body }, async (inside) => text(await runBatch(inside, body)));
  });

/** The only parameter that a deletion takes. */
function eraseOf(request: Incoming): boolean {
  const erase = noParameters(request, 'erase').get('erase') ?? 'false';
  if (erase !== 'true' && erase !== 'false') throw failAt('invalid_request', '/erase', 'erase must be true or false');
  return erase === 'true';
}

/** The only parameter that a create takes. */
const onConflictOf = (request: Incoming): string | undefined => noParameters(request, 'onConflict').get('onConflict') ?? undefined;

const bodyOf = (request: Incoming): Promise<unknown> => readJson(request, limits.body.json);

const record = ({ json: shown, version }: Written, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  text(shown, status, { ...headers, ...(version === undefined ? {} : { ETag: `"${version}"` }) });

/** `If-Match: "3"` → 3. Absent or `*`: any version. */
function ifMatch(request: Incoming): number | undefined {
  const sent = request.headers['if-match'];
  if (sent === undefined || sent === '*') return undefined;
  const version = /^"(\d{1,15})"$/.exec(sent)?.[1];
  if (version === undefined) throw failAt('invalid_request', '/If-Match', 'If-Match must be a version as it stands in ETag, like "3"');
  return Number(version);
}
