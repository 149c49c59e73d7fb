/** tus: a request that brings the checksum of its bytes. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';

/** All bytes of the request, if they are what their checksum says: else nothing of them is kept, so they are held until then. */
export async function verified(header: string, stream: Readable): Promise<Buffer> {
  const [, algorithm = '', sum = ''] = /^(sha1|sha256|md5) ([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? [];
  if (algorithm === '')
    throw failAt('invalid_request', '/Upload-Checksum', 'Upload-Checksum must be sha1, sha256 or md5 and the sum in Base64');
  const bytes = await buffer(bounded(stream));
  if (createHash(algorithm).update(bytes).digest('base64') !== sum) throw fail('checksum_mismatch');
  return bytes;
}

async function* bounded(stream: Readable): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > limits.files.checked.size)
      throw fail('payload_too_large', `A request with Upload-Checksum may have at most ${limits.files.checked.size} bytes.`);
    yield chunk;
  }
}
