/**
 * An upload in one request: from the socket to the store, never all of it in memory. The row is there before the first byte, so that
 * whatever is in the store stands in the table; where anything goes wrong, bytes and row go again.
 */
import { createHash } from 'node:crypto';
import type { FileValue } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import { newId } from '../kit/ids.ts';
import { cleanName, storedName } from './names.ts';
import { Passing } from './passing.ts';
import { reserve, type Purpose } from './purpose.ts';
import { settle } from './settle.ts';
import { discard } from './remove.ts';

/** `length`: undefined where it is not known. */
export async function receiveFile(
  ctx: Ctx,
  purpose: Purpose,
  sent: { readonly name: string; readonly length: number | undefined },
  bytes: AsyncIterable<Uint8Array>,
): Promise<FileValue> {
  const id = newId(ctx.now);
  const name = cleanName(sent.name);
  const most = await reserve(ctx, purpose, { id, name, length: sent.length }); // 413, 429
  try {
    const passing = new Passing({ settings: purpose.settings, name, most }, { size: 0, head: Buffer.alloc(0), kind: undefined });
    const hash = createHash('sha256');
    const size = await ctx.storage.put(storedName(id), hashed(passing.through(bytes), hash)); // 413, 415, 422
    return await settle(ctx, { id, name, size, sha256: hash.digest('hex'), ...(await passing.kind()) });
  } catch (error) {
    await discard(ctx, id);
    throw error;
  }
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}
