/** The end of an upload, whichever way it came: all bytes are in the store, and from here on a record may name the file. */
import type { FileValue } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import type { Kind } from './kind.ts';
import { urlOf } from './names.ts';

export interface Came extends Kind {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export async function settle(ctx: Ctx, { id, name, type, size, sha256, width, height }: Came): Promise<FileValue> {
  const shown = width === undefined || height === undefined ? {} : { width, height };
  const value: FileValue = { id, name, type, size, sha256, ...shown, url: urlOf(id, name) };
  const { count } = await ctx.db.run({
    name: 'file-whole',
    text: `WITH done AS (UPDATE underpin.uploads SET "offset" = $3, length = $3, hashing = NULL, head = NULL, writer = NULL WHERE file = $1)
           UPDATE underpin.files SET whole = $2, size = $3, type = $4, sha256 = $5, width = $6, height = $7, value = $8 WHERE id = $1 AND whole IS NULL AND ended IS NULL`,
    values: [id, new Date(ctx.now), size, type, sha256, width ?? null, height ?? null, JSON.stringify(value)],
  });
  if (count === 0) throw fail('gone', 'The upload was given up meanwhile.');
  return value;
}
