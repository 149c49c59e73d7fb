/**
 * Uploads that go on where they broke off: tus 1.0, spoken by @tus/server over our store and table.
 *
 * Worry: an upload is many requests, over hours, at several processes, and its hash must be that of the bytes that lie in the store. Reading
 * them again to hash them costs as much as the upload. Decision: the row holds how far the store has kept the bytes, and beside it, written by the
 * same statement, the state of the hash over just these bytes. A request begins with both and notes both together. Why it is enough: the
 * store takes back whatever it has beyond what the row says, so the state of the hash is always that of the bytes; and where the store
 * has lost some of them, it says so, and the upload has to begin anew.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { DataStore, ERRORS, Server, Upload } from '@tus/server';
import { createSHA256 } from 'hash-wasm';
import { withTx, type Base, type Ctx } from '../ctx.ts';
import { fail, failAt, Failure } from '../kit/errors.ts';
import { newId, parseId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { Gone, type Progress } from '../storage/driver.ts';
import { Checksum } from './checksum.ts';
import { Leases, type Lease } from './lease.ts';
import { cleanName, storedName } from './names.ts';
import { Passing } from './passing.ts';
import { purposeOf, reserve } from './purpose.ts';
import { removeFile, discard } from './remove.ts';
import { settle } from './settle.ts';
import { begun, loadUpload, noteProgress, type Begun, type Noted, type UploadRow } from './uploads.ts';

export const tusPath = '/api/v1/files/tus';
export const tusAbout = {
  'Tus-Resumable': '1.0.0',
  'Tus-Version': '1.0.0',
  'Tus-Extension': 'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration',
  'Tus-Checksum-Algorithm': 'sha1,sha256,md5',
} as const;

interface Asking {
  readonly ctx: Ctx;
  readonly checksum: string | null;
  /** Told on the way: who holds the upload, and what refused it. */
  lease?: Lease;
  failure?: unknown;
}

export class Tus {
  readonly #asking = new AsyncLocalStorage<Asking>();
  readonly #server: Server;
  readonly #leases: Leases;

  constructor(base: Base) {
    this.#leases = new Leases(base);
    this.#server = new Server({
      path: tusPath,
      relativeLocation: true,
      datastore: new Store(() => this.#here()),
      locker: {
        newLock: (id) => {
          const lease = this.#leases.newLock(id);
          this.#here().lease = lease;
          return lease;
        },
      },
      // Who goes on after a line broke waits for no more than this.
      lockDrainTimeout: 100,
      namingFunction: () => newId(base.clock()),
      getFileIdFromRequest: (_request, last) => parseId(last),
      allowedOrigins: () => false,
      onResponseError: (_request, error) => {
        this.#here().failure = error;
        return undefined;
      },
    });
  }

  close(): Promise<void> {
    return this.#leases.close();
  }

  /** Throws what refused it, so that it is answered as everything else. */
  async handle(ctx: Ctx, request: Request): Promise<Response> {
    const id = parseId(new URL(request.url).pathname.split('/').at(-1));
    // Judged before anybody who is at it is asked to stop.
    if (id !== undefined && (await loadUpload(ctx, id)) === undefined) throw fail('not_found');
    const asking: Asking = { ctx, checksum: request.headers.get('upload-checksum') };
    const response = await this.#asking.run(asking, () => this.#server.handleWeb(request));
    if (asking.failure !== undefined) throw failureOf(asking.failure);
    if (response.status >= 400) throw refusal(response.status, await response.text());
    return response;
  }

  #here(): Asking {
    const asking = this.#asking.getStore();
    if (asking === undefined) throw new Error('no request is being answered here');
    return asking;
  }
}

const isTusError = (error: unknown): error is { readonly status_code: number; readonly body: string } =>
  typeof error === 'object' && error !== null && 'status_code' in error && 'body' in error;

function failureOf(error: unknown): unknown {
  if (error instanceof Gone) return fail('gone', 'What came of this upload is lost; begin anew.', error);
  return isTusError(error) ? refusal(error.status_code, error.body, error) : error;
}

const codes = {
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  412: 'unsupported_version',
  413: 'payload_too_large',
  423: 'locked',
} as const;
const isCode = (status: number): status is keyof typeof codes => status in codes;
const refusal = (status: number, text: string, cause?: unknown): Failure =>
  status >= 500 && status !== 501
    ? fail('internal', {}, cause)
    : fail(isCode(status) ? codes[status] : 'invalid_request', text.trim(), cause);

class Store extends DataStore {
  override extensions = ['creation', 'creation-with-upload', 'creation-defer-length', 'termination', 'expiration'];
  readonly #here: () => Asking;

  constructor(here: () => Asking) {
    super();
    this.#here = here;
  }

  override async create(upload: Upload): Promise<Upload> {
    const { ctx, lease } = this.#here();
    const { collection, field, filename } = upload.metadata ?? {};
    const purpose = await purposeOf(ctx, { collection: collection ?? undefined, field: field ?? undefined }); // 400, 401, 403, 404
    const metadata = upload.metadata ?? {};
    if (Object.values(metadata).some((value) => value?.includes('\0') === true))
      throw failAt('invalid_request', '/Upload-Metadata', 'Upload-Metadata must hold no NUL');
    upload.creation_date = new Date(ctx.now).toISOString();
    await withTx(ctx, async (inside) => {
      await reserve(inside, purpose, { id: upload.id, name: cleanName(filename ?? ''), length: upload.size }); // 413, 429
      await begun(inside, { id: upload.id, length: upload.size, metadata, writer: lease?.writer });
    });
    if (upload.size === 0) await this.#endWhole(upload.id);
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    const row = await this.#load(id);
    // Who was cut off when all was there but not yet said to be.
    if (!row.isWhole && row.offset === row.length) await this.#endWhole(id);
    const { offset, length, metadata, created } = row;
    return new Upload({
      id,
      offset,
      metadata: { ...metadata },
      creation_date: created.toISOString(),
      ...(length !== undefined && { size: length }),
    });
  }

  /** With no more bytes than there are. */
  async #endWhole(id: string): Promise<void> {
    const row = await this.#load(id);
    if (!row.isWhole) await this.#append(this.#here().ctx, row, []);
  }

  /** Where it breaks off, what came is kept all the same. */
  override async write(stream: Readable, id: string, _offset: number): Promise<number> {
    const { ctx, checksum } = this.#here();
    const row = await this.#load(id);
    return row.isWhole ? row.offset : this.#append(ctx, row, stream, checksum === null ? undefined : new Checksum(checksum));
  }

  async #append(ctx: Ctx, row: Begun, bytes: AsyncIterable<Uint8Array> | readonly Uint8Array[], checksum?: Checksum): Promise<number> {
    const { lease } = this.#here();
    const { id, name, length, offset, head, kind, hashing } = row;
    const passing = new Passing({ settings: row.purpose.settings, name, most: row.most }, { size: offset, head, kind });
    const hash = await sha256(hashing);
    let unsure: Noted | undefined;
    try {
      const progress = await ctx.storage.append(storedName(id), row.progress, passing.through(Readable.from(bytes)), {
        took: (chunk) => {
          hash.update(chunk);
          checksum?.update(chunk);
        },
        kept: async (now) => {
          const noted = { id, writer: lease?.writer, progress: now, hashing: hash.save(), ...passing.at(now.offset) };
          if (checksum === undefined)
            await noteProgress(ctx, noted); // 423
          else unsure = noted;
        },
      });
      if (checksum?.holds() === false) throw fail('checksum_mismatch'); // 460
      if (unsure !== undefined) await noteProgress(ctx, unsure); // 423
      if (progress.offset === length) await this.#end(ctx, row, passing, hash, progress);
      return progress.offset;
    } catch (error) {
      // What is lost, or is none of what the field takes, does not become it by more of it.
      if (
        error instanceof Gone ||
        (error instanceof Failure && ['unsupported_media_type', 'payload_too_large', 'validation_failed'].includes(error.code))
      )
        await discard(ctx, id);
      throw error;
    }
  }

  async #end(ctx: Ctx, { id, name }: Pick<UploadRow, 'id' | 'name'>, passing: Passing, hash: Hash, progress: Progress): Promise<void> {
    const kind = await passing.kind(); // 415, 422
    if (progress.offset === 0) await ctx.storage.put(storedName(id), none());
    else await ctx.storage.finish(storedName(id), progress);
    await settle(ctx, { id, name, size: progress.offset, sha256: hash.digest('hex'), ...kind });
  }

  override async declareUploadLength(id: string, length: number): Promise<void> {
    const { ctx } = this.#here();
    const row = await this.#load(id);
    if (!row.isWhole && length > row.most) throw fail('payload_too_large', `A file may have at most ${row.most} bytes here.`);
    await ctx.db.run({ text: 'UPDATE underpin.uploads SET length = $2 WHERE file = $1 AND length IS NULL', values: [id, length] });
  }

  override async remove(id: string): Promise<void> {
    const { ctx } = this.#here();
    await this.#load(id);
    await removeFile(ctx, id);
  }

  override getExpiration(): number {
    return limits.files.kept;
  }

  async #load(id: string): Promise<UploadRow> {
    const row = await loadUpload(this.#here().ctx, id);
    if (row === undefined) throw ERRORS.FILE_NOT_FOUND;
    return row;
  }
}

type Hash = Awaited<ReturnType<typeof createSHA256>>;
async function sha256(state: Uint8Array | null): Promise<Hash> {
  const hash = await createSHA256();
  return state === null ? hash.init() : hash.load(state);
}

async function* none(): AsyncGenerator<Uint8Array> {
  // Of no bytes there is nothing to give.
}
