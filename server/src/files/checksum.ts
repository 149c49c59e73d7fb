/** tus: a request that brings the checksum of its bytes. They go to the store as they come; that they are kept is noted only where they are those. */
import { createHash } from 'node:crypto';
import { failAt } from '../kit/errors.ts';

export class Checksum {
  readonly #hash;
  readonly #sum: string;

  constructor(header: string) {
    const [, algorithm = '', sum = ''] = /^(sha1|sha256|md5) ([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? [];
    if (algorithm === '')
      throw failAt('invalid_request', '/Upload-Checksum', 'Upload-Checksum must be sha1, sha256 or md5 and the sum in Base64');
    this.#hash = createHash(algorithm);
    this.#sum = sum;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** Asked once, at the end. */
  holds(): boolean {
    return this.#hash.digest('base64') === this.#sum;
  }
}
