/** POST /files/import: the server fetches the file itself, and takes it as any other upload. */
import { z } from 'zod';
import type { FileValue } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import { failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { fetchOutbound, OutboundError } from '../kit/outbound.ts';
import { purposeOf } from './purpose.ts';
import { receiveFile } from './receive.ts';

export const importBody = z.strictObject({
  url: z.string().max(2_048),
  collection: z.string(),
  field: z.string(),
  name: z.string().min(1).max(1_000).optional(),
});

export async function importFile(ctx: Ctx, { url, collection, field, name }: z.infer<typeof importBody>): Promise<FileValue> {
  const purpose = await purposeOf(ctx, { collection, field });
  const signal = AbortSignal.timeout(limits.outbound.all);
  try {
    const fetched = await fetchOutbound(url, ctx.config.OUTBOUND_ALLOW_CIDR, signal);
    const length = Number(fetched.body.headers['content-length'] ?? NaN);
    const called = name ?? decoded(fetched.url.pathname.split('/').at(-1) ?? '');
    try {
      return await receiveFile(
        ctx,
        purpose,
        { name: called, length: Number.isSafeInteger(length) ? length : undefined },
        whole(fetched.body),
      );
    } finally {
      fetched.body.destroy();
    }
  } catch (error) {
    if (error instanceof OutboundError) throw failAt('validation_failed', '/url', `The file cannot be fetched: ${error.message}`, error);
    throw error;
  }
}

/** A body that ends too early is none. */
async function* whole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof OutboundError ? error : new OutboundError('it broke off', { cause: error });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
