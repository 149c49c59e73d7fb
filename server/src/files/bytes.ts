/**
 * Bytes of a file on their way out. Under a name of the store there are always the same ones, so small ones that were asked for last are held, and
 * given without going to the disk or over the network. Whether they may be given was asked before.
 */
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Ctx } from '../ctx.ts';
import { fail } from '../kit/errors.ts';
import { slot } from '../kit/cache.ts';
import { limits } from '../kit/limits.ts';
import { Recent } from '../kit/recent.ts';
import { Gone, type Range } from '../storage/driver.ts';

/** What the table says is there, and the store has lost. */
function gone(error: unknown): never {
  throw error instanceof Gone ? fail('gone', 'The bytes of this file are not there any more.', error) : error;
}

const held = slot('small files', () => new Recent<string, Buffer>(limits.files.small.count));

export async function bytesOf(
  ctx: Ctx,
  { name, size }: { readonly name: string; readonly size: number },
  range: Range | undefined,
): Promise<Readable | Buffer> {
  if (size > limits.files.small.size) return ctx.storage.get(name, range).catch(gone);
  const small = ctx.cache.get(held);
  const bytes = small.get(name) ?? (await buffer(await ctx.storage.get(name).catch(gone)));
  small.set(name, bytes);
  return range === undefined ? bytes : bytes.subarray(range.first, range.last + 1);
}
