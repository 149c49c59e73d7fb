/**
 * Smaller pictures of pictures, in the sizes that a field declares: made when one is asked for first, and kept.
 *
 * Worry: a picture of a few bytes may take gigabytes and minutes to draw. Decision: how many pixels it has is known since it was
 * uploaded; of many frames the first is drawn; one is made at a time, and given up after ten seconds; the crowd behind is refused.
 */
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import type { Ctx } from '../ctx.ts';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { Turns } from '../kit/turns.ts';
import type { ReadableFile } from './access.ts';
import { bytesOf } from './bytes.ts';
import { storedName } from './names.ts';

export const thumbType = 'image/webp';

interface Making {
  readonly turns: Turns;
  readonly running: Map<string, Promise<number>>;
}
const making = slot<Making>('thumbs', () => ({ turns: new Turns(limits.thumbs.atOnce), running: new Map() }));

// Threads and memory of one picture, not of as many as there are processors; nothing is kept between pictures.
sharp.concurrency(1);
sharp.cache(false);

/** Its bytes, once it lies in the store. 404 where there can be none. */
export async function thumbOf(ctx: Ctx, file: ReadableFile, size: string): Promise<number> {
  if (file.width === undefined || file.size > limits.thumbs.source) throw fail('not_found', 'There is no smaller picture of this file.');
  const { rows } = await ctx.db.run({
    name: 'thumb',
    text: 'SELECT bytes FROM underpin.thumbs WHERE file = $1 AND size = $2 AND bytes IS NOT NULL',
    values: [file.id, size],
  });
  const bytes = rows[0] === undefined ? await makeOnce(ctx, file, size) : Number(rows[0]['bytes']);
  if (bytes === 0) throw fail('not_found', 'This picture cannot be drawn.');
  return bytes;
}

function makeOnce(ctx: Ctx, file: ReadableFile, size: string): Promise<number> {
  const { turns, running } = ctx.cache.get(making);
  const name = storedName(file.id, size);
  const before = running.get(name);
  if (before !== undefined) return before;
  if (turns.waiting >= limits.thumbs.waiting) throw fail('unavailable', { detail: 'Too many pictures are being drawn.', retryAfter: 5 });
  const made = turns.take(() => make(ctx, file, size)).finally(() => running.delete(name));
  running.set(name, made);
  return made;
}

/** The row first, as for every name in the store. None where it cannot be drawn: that is kept too. */
async function make(ctx: Ctx, file: ReadableFile, size: string): Promise<number> {
  await ctx.db.run({ text: 'INSERT INTO underpin.thumbs (file, size) VALUES ($1, $2) ON CONFLICT DO NOTHING', values: [file.id, size] });
  const name = storedName(file.id, size);
  const bytes = await bytesOf(ctx, { name: storedName(file.id), size: file.size }, undefined); // 410
  const drawn = await draw(Buffer.isBuffer(bytes) ? bytes : await buffer(bytes), size);
  if (drawn !== undefined) await ctx.storage.put(name, once(drawn));
  const { count } = await ctx.db.run({
    text: 'UPDATE underpin.thumbs SET bytes = $3 WHERE file = $1 AND size = $2',
    values: [file.id, size, drawn?.length ?? 0],
  });
  // The file went meanwhile, and with it the row.
  if (count === 0) await ctx.storage.remove(name);
  return drawn?.length ?? 0;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function draw(bytes: Buffer, size: string): Promise<Buffer | undefined> {
  const [width = 0, height = 0] = size.split('x').map(Number);
  try {
    return await sharp(bytes, { limitInputPixels: limits.files.pixels, pages: 1, sequentialRead: true })
      .autoOrient()
      .resize({
        ...(width > 0 && { width }),
        ...(height > 0 && { height }),
        fit: 'cover',
        withoutEnlargement: true,
      })
      .webp({ quality: 80 })
      .timeout({ seconds: limits.thumbs.time })
      .toBuffer();
  } catch {
    return undefined;
  }
}
