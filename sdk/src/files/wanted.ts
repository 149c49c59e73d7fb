/** What an upload is told, and what all uploads of a client have in common. */
import type { Transport } from '../client.ts';
import type { CallOptions } from '../request.ts';
import type { FileLink, FileValue } from '../wire.ts';

/** In bytes. */
export interface Progress {
  readonly sent: number;
  readonly total: number;
}
/** What is uploaded for which field; without the types of a schema. */
export interface Wanted {
  readonly collection: string;
  readonly field: string;
  readonly name?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}
export const nameOf = (blob: Blob, { name }: Wanted): string | undefined => name ?? (blob instanceof File ? blob.name : undefined);

/** A body that is about to be written, in which blobs may stand for files. */
export interface Body {
  readonly collection: string;
  readonly data: object;
}

/** Does a write with ids in place of the blobs in its bodies. */
export type Give = <T>(
  bodies: readonly Body[],
  options: CallOptions | undefined,
  write: (bodies: readonly object[]) => Promise<T>,
) => Promise<T>;

/** The client, as far as files need it. */
export interface FilesClient {
  readonly transport: Transport;
  /** Of the server. */
  readonly url: string;
  /** Who is signed in, where that is known here. */
  readonly account: () => string | undefined;
}
/** What all uploads of a client have in common. */
export interface Access extends FilesClient {
  /** What is under way and remembered, by its mark. */
  readonly marks: Set<string>;
  /** Which files a blob became under an idempotency key of the caller's. */
  readonly given: WeakMap<Blob, Map<string, FileValue>>;
}

/** How something is uploaded. */
export interface Way {
  /** Until it is done, or `signal` ends it. The next run goes on from there. */
  run(signal: AbortSignal, tell: (sent: number) => void): Promise<FileValue>;
  /** Takes back what the server has of it, as far as that is known here. */
  end(): Promise<void>;
}

/** One upload. */
export interface Uploading {
  readonly done: Promise<FileValue>;
  pause(): void;
  resume(): void;
  abort(): Promise<void>;
}

/** A file as it was read, or its id. */
export type FileRef = string | Pick<FileValue, 'id' | 'url'>;
export interface FileView {
  /** Smaller, by one of the sizes that the field declares: `400x300`. */
  readonly thumb?: string;
  /** To be saved instead of shown. */
  readonly download?: boolean;
}
export type LinkOptions = CallOptions & FileView & { readonly expiresIn?: number };

/** All that is asked of files; loaded when the first of it is wanted. */
export interface Calls {
  upload(blob: Blob, wanted: Wanted): Uploading;
  readonly give: Give;
  link(file: FileRef, options?: LinkOptions): Promise<FileLink>;
  blob(file: FileRef, options?: CallOptions & Pick<FileView, 'thumb'>): Promise<Blob>;
  importUrl(url: string, options: CallOptions & Pick<Wanted, 'collection' | 'field' | 'name'>): Promise<FileValue>;
  remove(file: FileRef, options?: CallOptions): Promise<void>;
}
