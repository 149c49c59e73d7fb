/** /files: HTTP around bytes, ahead of Express as records are: what is below /files is answered by this file or by nobody. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import disposition from 'content-disposition';
import { actorBehind } from '../auth/authenticate.ts';
import { actorBehindKey } from '../auth/api-keys.ts';
import type { Base, Ctx } from '../ctx.ts';
import { readableOf, type ReadableFile } from '../files/access.ts';
import { bytesOf } from '../files/bytes.ts';
import { showBytes } from '../files/download.ts';
import { importBody, importFile } from '../files/import.ts';
import { fileOfLink, linkBody, makeLink, openLink, type Claims, type Named } from '../files/link.ts';
import { storedName } from '../files/names.ts';
import { purposeOf } from '../files/purpose.ts';
import { receiveFile } from '../files/receive.ts';
import { removeFile } from '../files/remove.ts';
import { thumbOf, thumbType } from '../files/thumb.ts';
import { tusAbout, tusPath, type Tus } from '../files/tus.ts';
import { wholeUpload } from '../files/uploads.ts';
import type { Actor } from '../kit/actor.ts';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { parsed, readJson } from './body.ts';
import { noParameters, param, urlOf, type Incoming } from './incoming.ts';
import { oneFile } from './multipart.ts';
import { json, noContent, type Reply } from './reply.ts';
import { answer, type RouteOptions, type Work } from './route.ts';

interface FileRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Below `/api/v1/files`. */
  readonly path: string;
  /** `tus`: the library answers, made once for the app. */
  readonly work: Work<Incoming> | 'tus';
  readonly options?: RouteOptions;
}

export const fileRoutes: readonly FileRoute[] = [
  { method: 'POST', path: '', work: upload },
  { method: 'POST', path: '/import', work: fetchFile },
  { method: 'GET', path: '/:id', work: download, options: { shown: true } },
  { method: 'GET', path: '/:id/:name', work: download, options: { shown: true } },
  { method: 'POST', path: '/:id/link', work: link, options: { write: false } },
  { method: 'DELETE', path: '/:id', work: remove },
  { method: 'POST', path: '/tus', work: 'tus', options: { write: true } },
  { method: 'HEAD', path: '/tus/:id', work: 'tus' },
  // The parts of an upload are none of the writes that are counted; the upload itself was one.
  { method: 'PATCH', path: '/tus/:id', work: 'tus', options: { write: false } },
  { method: 'DELETE', path: '/tus/:id', work: 'tus', options: { write: true } },
  { method: 'GET', path: '/tus/:id', work: uploadMade },
];

const prefix = '/api/v1/files';
const routes: ReadonlyMap<string, FileRoute> = new Map(fileRoutes.map((one) => [`${one.method} ${one.path}`, one]));

/** What is said of a path to whoever asks what may be done there. */
export const aboutPath = (url: string): Readonly<Record<string, string>> => (url.startsWith(tusPath) ? tusAbout : {});

/** Answers what is a request for files; false where it is none. */
export function filesDoor(base: Base, tus: Tus): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const { url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    if (path !== prefix && !path.startsWith(`${prefix}/`)) return false;
    const [first, second, ...more] = path === prefix ? [] : path.slice(prefix.length + 1).split('/');
    if (more.length > 0 || first === '' || second === '') return false;
    const isTus = first === 'tus';
    if (isTus) response.setHeader('Tus-Resumable', tusAbout['Tus-Resumable']);
    const method = isTus ? methodOf(request) : request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const found = routes.get(`${method} ${shapeOf(method, first, second)}`);
    if (found === undefined) return false;
    const params = { id: (isTus ? second : first) ?? '', name: second ?? '' };
    const work: Work<Incoming> = found.work === 'tus' ? (ctx, asked) => speakTus(tus, ctx, asked) : found.work;
    void answer(base, work, found.options ?? {}, Object.assign(request, { params }), response);
    return true;
  };
}

/** `/:id/:name` for a path, with the words that are none of a file's. */
function shapeOf(method: string, first: string | undefined, second: string | undefined): string {
  if (first === undefined) return '';
  const isWord = first === 'tus' || (first === 'import' && method === 'POST');
  const below = first === 'tus' ? ':id' : method === 'POST' ? second : ':name';
  return `/${isWord ? first : ':id'}${second === undefined ? '' : `/${below ?? ''}`}`;
}

/** tus: who cannot send a method says it in a header. */
function methodOf({ method = '', headers }: IncomingMessage): string {
  const meant = headers['x-http-method-override'];
  return typeof meant === 'string' ? meant.toUpperCase() : method;
}

async function upload(ctx: Ctx, request: Incoming): Promise<Reply> {
  const query = noParameters(request, 'collection', 'field', 'name');
  const asked = { collection: query.get('collection') ?? undefined, field: query.get('field') ?? undefined };
  const purpose = await purposeOf(ctx, asked); // 400, 401, 403, 404
  refuseEncoded(request); // 415
  // Who sends nothing for so long is not waited for.
  request.setTimeout(limits.files.silence, () => request.destroy());
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/'))
    return json(
      await oneFile(request, ({ name, bytes }) => receiveFile(ctx, purpose, { name: query.get('name') ?? name, length: undefined }, bytes)),
      201,
    );
  const length = request.headers['content-length'];
  const sent = {
    name: query.get('name') ?? nameIn(request.headers['content-disposition']),
    length: length === undefined ? undefined : Number(length),
  };
  return json(await receiveFile(ctx, purpose, sent, request), 201);
}

/** What is kept are the bytes as they come. */
function refuseEncoded({ headers }: Incoming): void {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw fail('unsupported_media_type', 'Send the file as it is, without Content-Encoding.');
}

/** RFC 6266; what is not well formed has no name. */
function nameIn(header: string | undefined): string {
  if (header === undefined) return '';
  try {
    const { parameters } = disposition.parse(header);
    const { filename = '' } = parameters;
    // A header's bytes come as Latin-1; what clients mean by them is UTF-8.
    return 'filename*' in parameters ? filename : Buffer.from(filename, 'latin1').toString();
  } catch {
    return '';
  }
}

async function fetchFile(ctx: Ctx, request: Incoming): Promise<Reply> {
  noParameters(request);
  return json(await importFile(ctx, parsed(importBody, await readJson(request, limits.body.json))), 201);
}

async function download(ctx: Ctx, request: Incoming): Promise<Reply> {
  const query = noParameters(request, 'thumb', 'download', 'token');
  const id = param(request, 'id');
  const token = query.get('token');
  const claims = token === null ? undefined : openLink(ctx, id, token); // 403
  if (claims !== undefined && query.has('thumb')) throw failAt('invalid_request', '/thumb', 'A link says itself which picture it is for');
  const thumb = claims === undefined ? (query.get('thumb') ?? undefined) : claims.thumb;
  const file = claims === undefined ? await readableOf(ctx, id, thumb) : await fileOfLink(ctx, claims, comeBack(ctx)); // 404
  const download = isDownload(query, claims);
  if (thumb === undefined) return show(ctx, request, file, { name: storedName(file.id), size: file.size, isDownload: download });
  const drawn = { ...file, name: `${file.name.replace(/\.[^.]*$/, '')}.webp`, type: thumbType, sha256: `${file.sha256}-${thumb}` };
  return show(ctx, request, drawn, { name: storedName(file.id, thumb), size: await thumbOf(ctx, file, thumb), isDownload: download });
}

const isDownload = (query: URLSearchParams, claims: Claims | undefined): boolean => {
  const asked = query.get('download');
  if (asked !== null && asked !== '' && asked !== 'true' && asked !== 'false')
    throw failAt('invalid_request', '/download', 'download must be true or false');
  return claims?.download === true || (asked !== null && asked !== 'false');
};

function show(
  ctx: Ctx,
  request: Incoming,
  file: ReadableFile,
  stored: { readonly name: string; readonly size: number; readonly isDownload: boolean },
): Reply {
  const { headers } = request;
  const asked = { range: headers.range, 'if-range': oneOf(headers['if-range']), 'if-none-match': headers['if-none-match'] };
  const { name, type, sha256: tag } = file;
  const shown = showBytes({ name, type, size: stored.size, tag, download: stored.isDownload }, asked); // 416
  return {
    status: shown.status,
    headers: shown.headers,
    ...(shown.status !== 304 && { bytes: () => bytesOf(ctx, stored, shown.range) }),
  };
}
const oneOf = (header: string | readonly string[] | undefined): string | undefined => (typeof header === 'string' ? header : header?.[0]);

/** Whoever made a link, or whom it is for, as if he asked now. */
const comeBack =
  (ctx: Ctx) =>
  async (who: Named): Promise<Actor | undefined> => {
    const { address } = ctx.actor;
    if (who[0] === 'anyone') return { kind: 'anonymous', address };
    return who[0] === 'key' ? actorBehindKey(ctx, who[1], address) : actorBehind(ctx, who[1], who[2], address);
  };

async function uploadMade(ctx: Ctx, request: Incoming): Promise<Reply> {
  noParameters(request);
  return json(await wholeUpload(ctx, param(request, 'id')));
}

async function remove(ctx: Ctx, request: Incoming): Promise<Reply> {
  noParameters(request);
  await removeFile(ctx, param(request, 'id'));
  return noContent;
}

async function link(ctx: Ctx, request: Incoming): Promise<Reply> {
  noParameters(request);
  return json(await makeLink(ctx, param(request, 'id'), parsed(linkBody, (await readJson(request, limits.body.json)) ?? {})), 201);
}

/** The library speaks in the requests and responses of the web. */
async function speakTus(tus: Tus, ctx: Ctx, request: Incoming): Promise<Reply> {
  noParameters(request);
  refuseEncoded(request);
  const version = tusAbout['Tus-Version'];
  if (request.headers['tus-resumable'] !== version)
    throw fail('unsupported_version', { detail: `Send Tus-Resumable: ${version}.`, headers: { 'Tus-Version': version } });
  request.setTimeout(limits.files.silence, () => request.destroy());
  const method = methodOf(request);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value);
  const hasBody = method === 'POST' || method === 'PATCH';
  const url = new URL(urlOf(request), 'http://localhost');
  const body = hasBody ? { body: Readable.toWeb(request), duplex: 'half' as const } : {};
  const response = await tus.handle(ctx, new Request(url, { method, headers, ...body }));
  const answered: Record<string, string> = {};
  // Who may ask from where is said by cors.ts.
  response.headers.forEach((value, name) => {
    if (!name.startsWith('access-control-')) answered[name] = value;
  });
  return { status: response.status, headers: answered };
}
