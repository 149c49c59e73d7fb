/** The rows of uploads that come in by several requests: what is known of one, and how far it is. */
import type { Ctx } from '../ctx.ts';
import { ownerOf } from '../kit/actor.ts';
import { fail } from '../kit/errors.ts';
import { parseId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { schemaOf } from '../schema/load.ts';
import { nothing, type Progress } from '../storage/driver.ts';
import { readableOf } from './access.ts';
import type { Kind } from './kind.ts';
import { purposeOf, type Purpose } from './purpose.ts';

type Metadata = Readonly<Record<string, string | null>>;

interface Common {
  readonly id: string;
  readonly name: string;
  readonly length: number | undefined;
  readonly offset: number;
  readonly metadata: Metadata;
  readonly created: Date;
}
export interface Begun extends Common {
  readonly isWhole: false;
  readonly purpose: Purpose;
  /** The bytes that were set aside. */
  readonly most: number;
  readonly progress: Progress;
  readonly hashing: Buffer | null;
  readonly head: Buffer;
  readonly kind: Kind | undefined;
}
export type UploadRow = Begun | (Common & { readonly isWhole: true });

export async function begun(
  ctx: Ctx,
  upload: { readonly id: string; readonly length: number | undefined; readonly metadata: Metadata; readonly writer: string | undefined },
): Promise<void> {
  await ctx.db.run({
    name: 'upload-begin',
    text: 'INSERT INTO underpin.uploads (file, length, progress, metadata, expires, writer, until) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    values: [
      upload.id,
      upload.length ?? null,
      JSON.stringify(nothing),
      JSON.stringify(upload.metadata),
      new Date(ctx.now + limits.files.kept),
      upload.writer ?? null,
      new Date(ctx.now + limits.files.lease),
    ],
  });
}

/**
 * An upload, for whom it belongs to and who may still upload for its purpose; once it is whole, for who may read the file. Undefined for
 * all others.
 */
export async function loadUpload(ctx: Ctx, id: string): Promise<UploadRow | undefined> {
  const { rows } = await ctx.db.run({
    name: 'upload',
    text: `SELECT f.name, f.size, f.owner, f.collection, f.field, f.whole IS NOT NULL AS whole, f.type, f.width, f.height, f.created, u.*
           FROM underpin.uploads u JOIN underpin.files f ON f.id = u.file WHERE f.id = $1 AND f.ended IS NULL`,
    values: [id],
  });
  const [row] = rows;
  if (row === undefined || row['owner'] !== ownerOf(ctx.actor)) return undefined;
  const { length, created, expires } = row;
  if (row['whole'] !== true && expires instanceof Date && expires.getTime() <= ctx.now)
    throw fail('gone', 'The upload is over; begin anew.'); // 410
  const common = {
    id,
    name: String(row['name']),
    length: length === null ? undefined : Number(length),
    offset: Number(row['offset']),
    // cast: written by `begun`.
    metadata: row['metadata'] as Metadata,
    created: created instanceof Date ? created : new Date(ctx.now),
  };
  if (row['whole'] === true) {
    await readableOf(ctx, id); // 404
    return { ...common, isWhole: true };
  }
  const collection = (await schemaOf(ctx)).byId.get(String(row['collection']));
  const field = collection?.fields.find((one) => one.id === row['field']);
  const purpose = await purposeOf(ctx, { collection: collection?.name ?? '', field: field?.name ?? '' }); // 401, 403, 404
  const { type, width, height, head, hashing } = row;
  const kind =
    typeof type === 'string' ? { type, ...(typeof width === 'number' && typeof height === 'number' && { width, height }) } : undefined;
  return {
    ...common,
    isWhole: false,
    purpose,
    most: Number(row['size']),
    // cast: written by `noteProgress`.
    progress: row['progress'] as Progress,
    hashing: Buffer.isBuffer(hashing) ? hashing : null,
    head: Buffer.isBuffer(head) ? head : Buffer.alloc(0),
    kind,
  };
}

export interface Noted {
  readonly id: string;
  readonly writer: string | undefined;
  readonly progress: Progress;
  readonly hashing: Uint8Array;
  readonly head: Buffer | null;
  readonly kind: Kind | undefined;
}

/** How far it is, and the hash of just that. Refused where another has taken it over. */
export async function noteProgress(ctx: Ctx, { id, writer, progress, hashing, head, kind }: Noted): Promise<void> {
  const { count } = await ctx.db.run({
    name: 'upload-note',
    text: `WITH known AS (UPDATE underpin.files SET type = $6, width = $7, height = $8 WHERE id = $1 AND type IS DISTINCT FROM $6)
           UPDATE underpin.uploads SET "offset" = $3, progress = $4, hashing = $5, head = $9 WHERE file = $1 AND writer = $2`,
    values: [
      id,
      writer ?? null,
      progress.offset,
      JSON.stringify(progress),
      Buffer.from(hashing),
      kind?.type ?? null,
      kind?.width ?? null,
      kind?.height ?? null,
      head,
    ],
  });
  if (count === 0) throw fail('locked', 'Another request goes on with this upload.');
}

/** GET /files/tus/:id: what became of an upload. */
export async function wholeUpload(ctx: Ctx, asked: string): Promise<unknown> {
  const id = parseId(asked);
  const upload = id === undefined ? undefined : await loadUpload(ctx, id);
  if (upload === undefined) throw fail('not_found');
  if (!upload.isWhole) throw fail('conflict', 'Not all of it is there yet.');
  const { rows } = await ctx.db.run({ text: 'SELECT value FROM underpin.files WHERE id = $1', values: [id] });
  return rows[0]?.['value'];
}
