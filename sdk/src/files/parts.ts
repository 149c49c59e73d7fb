/**
 * An upload in parts, by tus: what the server has is asked for after each break, and the rest is sent.
 *
 * Worry: proxies bound what one request may carry, and some pass it on only when they have all of it, so that a break loses what
 * they had. Decision: parts of 16 MiB. Why it is enough: they pass the bounds that are usual, the server keeps what came of a part
 * that broke off, and where a proxy held it back, one part is lost at most.
 *
 * Worry: an upload outlives tokens, and perhaps who began it. Decision: each request goes the way of every other one, with a token
 * that is good then; and what one account began is not gone on with as another.
 */
import { Upload } from 'tus-js-client';
import type { DetailedError, HttpRequest, HttpStack, UploadOptions } from 'tus-js-client';
import { ApiError } from '../error.ts';
import type { FileValue } from '../wire.ts';
import { remember } from './memory.ts';
import { fetchTelling, longestRequestMs } from './telling.ts';
import { nameOf } from './wanted.ts';
import type { Access, Wanted, Way } from './wanted.ts';

const partSize = 16_777_216;
const path = '/files/tus';
/** Begun anew with each part that comes through. */
const retryDelays = [250, 1_000, 3_000, 8_000, 16_000];
const longestPauseMs = 60_000;

type Blobs = NonNullable<UploadOptions['fileReader']>;
/** The same in browsers and elsewhere: tus has readers for either, of which that for Node knows no blobs. */
const fileReader: Blobs = {
  openFile: (blob: Blob) =>
    Promise.resolve({
      size: blob.size,
      slice: (from: number, to: number) => Promise.resolve({ value: blob.slice(from, to), done: to >= blob.size }),
      close: () => undefined,
    }),
};

export async function inParts(access: Access, blob: Blob, wanted: Wanted): Promise<Way> {
  const account = access.account();
  const name = nameOf(blob, wanted);
  const memory = await remember(access, blob, wanted);
  // Only the end of an address of an upload counts: the rest is as this client is told to reach the server.
  const endpoint = new URL(`${access.url.replace(/\/+$/, '')}/api/v1${path}`, globalThis.location?.href).href;
  const fixed = { endpoint, fileReader, retryDelays, onShouldRetry, chunkSize: partSize, fingerprint: () => Promise.resolve('') };
  const metadata = { collection: wanted.collection, field: wanted.field, ...(name !== undefined && { filename: name }) };
  let id = memory.id;

  const run: Way['run'] = (signal, tell) =>
    new Promise((resolve, reject) => {
      const upload = new Upload(blob, {
        ...{ ...fixed, metadata, httpStack: stackOf(access, account, signal), storeFingerprintForResuming: false },
        ...(id !== undefined && { uploadUrl: `${endpoint}/${id}` }),
        onProgress: tell,
        onUploadUrlAvailable: () => {
          id = idIn(upload.url ?? '');
          memory.keep(id);
        },
        onError: (error) => {
          memory.leave();
          reject(toApiError(error));
        },
        onSuccess: () =>
          access.transport.send<FileValue>({ method: 'GET', path: `${path}/${id}`, signal }).then((file) => {
            memory.forget();
            resolve(file);
          }, reject),
      });
      signal.addEventListener('abort', () => void upload.abort());
      upload.start();
    });
  return {
    run,
    end: async () => {
      memory.forget();
      if (id === undefined) return;
      const httpStack = stackOf(access, account, new AbortController().signal);
      await Upload.terminate(`${endpoint}/${id}`, { ...fixed, httpStack });
    },
  };
}

const idIn = (url: string): string =>
  url
    .replace(/[?#].*$/, '')
    .split('/')
    .at(-1) ?? '';

/** Sends as the client sends everything. What `signal` ended never answers: the run that asked is over. */
function stackOf(access: Access, account: string | undefined, signal: AbortSignal): HttpStack {
  const createRequest = (method: string, url: string): HttpRequest => {
    const headers: Record<string, string> = {};
    let tell = (_sent: number): void => undefined;
    const send = async (bytes: Blob | null): Promise<Response> => {
      if (account !== undefined && access.account() !== account)
        throw new ApiError(401, { code: 'unauthenticated', detail: 'Somebody else has signed in meanwhile' });
      return access.transport.send<Response>({
        ...{ method: methodOf(method), path: method === 'POST' ? path : `${path}/${idIn(url)}`, headers, signal },
        ...{ fetch: fetchTelling((sent) => tell(sent)), timeoutMs: longestRequestMs, raw: true, reads: true, retries: 0 },
        ...(bytes && { bytes }),
      });
    };
    const answer = async (bytes: Blob | null): Promise<Response> => {
      try {
        return await send(bytes);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // The answer to HEAD has no body to say why; that the upload is gone, tus wants to hear itself, and begins anew.
        if (method === 'HEAD' && isGone(error)) return new Response(null, { status: error.status });
        if (error.retryAfterMs !== undefined)
          await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfterMs ?? 0, longestPauseMs)));
        throw method === 'HEAD' && error.status > 0 ? named(error) : error;
      }
    };
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (header, value) => void (headers[header] = value),
      getHeader: (header) => headers[header],
      setProgressHandler: (handler) => void (tell = handler),
      send: async (bytes: Blob | null) => {
        const response = await answer(bytes).catch((error: unknown) => {
          if (signal.aborted) return new Promise<never>(() => undefined);
          throw error;
        });
        const text = await response.text();
        return {
          getStatus: () => response.status,
          getHeader: (header) => response.headers.get(header) ?? undefined,
          getBody: () => text,
          getUnderlyingObject: () => response,
        };
      },
      // The end of the run ends what it asked.
      abort: () => Promise.resolve(),
      getUnderlyingObject: () => undefined,
    };
  };
  return { createRequest, getName: () => 'underpin' };
}

const methodOf = (method: string): 'HEAD' | 'PATCH' | 'DELETE' | 'POST' =>
  method === 'HEAD' || method === 'PATCH' || method === 'DELETE' ? method : 'POST';
const isGone = ({ status }: ApiError): boolean => status === 404 || status === 410;
const codes: ReadonlyMap<number, string> = new Map([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [429, 'rate_limited'],
]);
const named = (error: ApiError): ApiError =>
  new ApiError(error.status, { ...error.problem, code: codes.get(error.status) ?? error.code }, error.retryAfterMs);

/** 409 and 423: the server is elsewhere than was thought, or still busy with what came before the break; it is asked once more. */
function onShouldRetry({ causingError, originalRequest }: DetailedError): boolean {
  if (!(causingError instanceof ApiError)) return false;
  const { status } = causingError;
  return causingError.retryable || status === 409 || status === 423 || (isGone(causingError) && originalRequest.getMethod() === 'PATCH');
}

function toApiError(error: Error): ApiError {
  const cause = 'causingError' in error ? error.causingError : undefined;
  return cause instanceof ApiError ? cause : new ApiError(0, { code: 'network', detail: error.message });
}
