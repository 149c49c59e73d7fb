/** Files: how they get to the server, and how they are shown. What uploads is loaded when it is first wanted (`files/`). */
import { ApiError } from './error.ts';
import type { Calls, FilesClient, FileRef, FileView, Give, LinkOptions, Progress, Uploading } from './files/wanted.ts';
import type { CallOptions } from './request.ts';
import type { FieldsOf, Given, RowOf } from './types.ts';
import type { FileLink, FileValue } from './wire.ts';

type Filed<T> = unknown extends T ? true : [Given<T>] extends [FileValue | readonly FileValue[]] ? true : false;
/** The fields of a collection that hold files. */
export type FileFields<S, C extends keyof S> = {
  [K in FieldsOf<S, C>]: Filed<RowOf<S, C>[K]> extends true ? K : never;
}[FieldsOf<S, C>];

/** What a file is meant for: who may write that field of that collection may upload it, under its bounds. */
export interface FilePurpose<S, C extends keyof S> {
  readonly collection: C;
  readonly field: FileFields<S, C>;
  /** The name that it gets; that of a `File` if left out. */
  readonly name?: string;
}
export interface UploadOptions<S, C extends keyof S> extends FilePurpose<S, C> {
  readonly onProgress?: (progress: Progress) => void;
  /** Aborts it. */
  readonly signal?: AbortSignal;
}
/** An upload under way; awaited, the file, or why there is none. */
export interface Upload extends PromiseLike<FileValue> {
  pause(): void;
  /** Goes on from where it was paused; up to 8 MB it begins again. */
  resume(): void;
  /** Gives it up: who awaits it gets the code `aborted`. Resolves when the server, if it can be reached, has forgotten it. */
  abort(): Promise<void>;
}

export interface Files<S> {
  /** Begins at once. Up to 8 MB in one request, above that in parts, which go on after a break or a reload of the page. */
  upload<C extends keyof S & string>(blob: Blob, options: UploadOptions<S, C>): Upload;
  /** Where it is. Good for those who may see it without a token; what is not public is shown by `link` or `blob`. */
  url(file: FileRef, view?: FileView): string;
  /** An address that is good for whoever has it, for two minutes, or `expiresIn` seconds. */
  link(file: FileRef, options?: LinkOptions): Promise<FileLink>;
  /** Its bytes, read as whoever is signed in. */
  blob(file: FileRef, options?: CallOptions & Pick<FileView, 'thumb'>): Promise<Blob>;
  /** The server fetches it from there. */
  importUrl<C extends keyof S & string>(url: string, options: CallOptions & FilePurpose<S, C>): Promise<FileValue>;
  /** Takes back an upload that no record names. */
  remove(file: FileRef, options?: CallOptions): Promise<void>;
}

const hasBlob = (value: unknown): boolean => value instanceof Blob || (Array.isArray(value) && value.some((item) => item instanceof Blob));

export function createFiles<S>(client: FilesClient): { readonly files: Files<S>; readonly give: Give } {
  let loading: Promise<Calls> | undefined;
  const calls = (): Promise<Calls> =>
    (loading ??= import('./files/calls.ts').then(
      ({ createCalls }) => createCalls(client),
      (cause: unknown) => {
        loading = undefined;
        throw new ApiError(0, { code: 'network', detail: String(cause) });
      },
    ));
  const files: Files<S> = {
    upload: (blob, options) => begin(calls().then(({ upload }) => upload(blob, options))),
    url: (file, { thumb, download } = {}) => {
      const root = new URL(client.url, globalThis.location?.href).href.replace(/\/+$/, '');
      const query = new URLSearchParams({ ...(thumb && { thumb }), ...(download && { download: 'true' }) }).toString();
      return `${root}${typeof file === 'string' ? `/api/v1/files/${file}` : file.url}${query && `?${query}`}`;
    },
    link: async (file, options) => (await calls()).link(file, options),
    blob: async (file, options) => (await calls()).blob(file, options),
    importUrl: async (url, options) => (await calls()).importUrl(url, options),
    remove: async (file, options) => (await calls()).remove(file, options),
  };
  const give: Give = async (bodies, options, write) =>
    bodies.some(({ data }) => Object.values(data).some(hasBlob))
      ? (await calls()).give(bodies, options, write)
      : write(bodies.map(({ data }) => data));
  return { files, give };
}

/** An upload that can be spoken to before what does it is loaded. */
function begin(loading: Promise<Uploading>): Upload {
  const done = loading.then((sending) => sending.done);
  const tell = (what: (sending: Uploading) => unknown): Promise<void> => loading.then(what).then(none, none);
  // It fails to who awaits it, however late.
  done.catch(none);
  return {
    then: (resolved, rejected) => done.then(resolved, rejected),
    pause: () => void tell((sending) => sending.pause()),
    resume: () => void tell((sending) => sending.resume()),
    abort: () => tell((sending) => sending.abort()),
  };
}
const none = (): void => undefined;
