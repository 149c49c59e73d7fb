/** /records: HTTP around the line. A body is read once, before anything else may look at it. */
import { Router, type Request } from 'express';
import type { Base } from '../ctx.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { createRecord } from '../records/create.ts';
import { listRecords } from '../records/list.ts';
import { inputOfBody, inputOfUrl } from '../records/parse.ts';
import { readRecord } from '../records/read.ts';
import { removeRecord } from '../records/remove.ts';
import type { Written } from '../records/serialize.ts';
import { upsertRecord } from '../records/upsert.ts';
import { updateRecord } from '../records/update.ts';
import { readJson } from './body.ts';
import { once } from './middleware/idempotency.ts';
import { noContent, text, type Reply } from './reply.ts';
import { route } from './route.ts';

export function recordRoutes(base: Base): Router {
  const router = Router();
  router.get(
    '/:collection',
    route(base, async (ctx, request) => text(await listRecords(ctx, param(request, 'collection'), inputOfUrl(queryOf(request), 'list')))),
  );
  router.post(
    '/:collection/query',
    route(base, async (ctx, request) => text(await listRecords(ctx, param(request, 'collection'), inputOfBody(await bodyOf(request)))), {
      write: false,
    }),
  );
  router.get(
    '/:collection/:id',
    route(base, async (ctx, request) =>
      record(await readRecord(ctx, param(request, 'collection'), param(request, 'id'), inputOfUrl(queryOf(request), 'shape'))),
    ),
  );
  router.post(
    '/:collection',
    route(base, async (ctx, request) => {
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
    }),
  );
  router.patch(
    '/:collection/:id',
    route(base, async (ctx, request) => {
      noParameters(request);
      const collection = param(request, 'collection');
      const body = await bodyOf(request);
      const version = ifMatch(request);
      return once(ctx, { request, collection, body }, async (inside) => {
        const written = await updateRecord(inside, collection, param(request, 'id'), body, version);
        return { ...record(written), id: written.id };
      });
    }),
  );
  router.delete(
    '/:collection/:id',
    route(base, async (ctx, request) => {
      noParameters(request);
      const collection = param(request, 'collection');
      const version = ifMatch(request);
      return once(ctx, { request, collection, body: undefined }, async (inside) => {
        await removeRecord(inside, collection, param(request, 'id'), version);
        return noContent;
      });
    }),
  );
  return router;
}

export function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}
export const queryOf = (request: Request): URLSearchParams => new URLSearchParams(request.url.split('?').slice(1).join('?'));

export function noParameters(request: Request): void {
  for (const [name] of queryOf(request)) throw failAt('invalid_request', `/${name}`, `There is no parameter "${name}"`);
}

/** The only parameter that a create takes. */
function onConflictOf(request: Request): string | undefined {
  const query = queryOf(request);
  for (const [name] of query) if (name !== 'onConflict') throw failAt('invalid_request', `/${name}`, `There is no parameter "${name}"`);
  return query.get('onConflict') ?? undefined;
}

const bodyOf = (request: Request): Promise<unknown> => readJson(request, limits.body.json);

const record = ({ json, version }: Written, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  text(json, status, { ...headers, ...(version === undefined ? {} : { ETag: `"${version}"` }) });

/** `If-Match: "3"` → 3. Absent or `*`: any version. */
function ifMatch(request: Request): number | undefined {
  const sent = request.headers['if-match'];
  if (sent === undefined || sent === '*') return undefined;
  const version = /^"(\d{1,15})"$/.exec(sent)?.[1];
  if (version === undefined) throw failAt('invalid_request', '/If-Match', 'If-Match must be a version as it stands in ETag, like "3"');
  return Number(version);
}
