/** Looks at bytes while they pass: not more than were set aside, and of a type that the field takes, said as soon as it can be. */
import { fail } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { isAllowed, type FileSettings } from '../schema/fields/file.ts';
import { kindOf, type Kind } from './kind.ts';
import { tooLarge } from './purpose.ts';

interface Expected {
  readonly settings: FileSettings;
  readonly name: string;
  readonly most: number;
}

export class Passing {
  readonly #expected: Expected;
  #head: Buffer;
  #size: number;
  #kind: Kind | undefined;

  /** `before`: of an upload that goes on, the bytes that were there, their beginning, and what is known of them. */
  constructor(expected: Expected, before: { readonly size: number; readonly head: Buffer; readonly kind: Kind | undefined }) {
    this.#expected = expected;
    this.#size = before.size;
    this.#head = before.head;
    this.#kind = before.kind;
  }

  async *through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#size += chunk.length;
      if (this.#size > this.#expected.most) throw tooLarge(this.#expected.most); // 413
      if (this.#kind === undefined) {
        this.#head = Buffer.concat([this.#head, chunk.subarray(0, limits.files.head - this.#head.length)]);
        if (this.#head.length === limits.files.head) await this.kind(); // 415, 422
      }
      yield chunk;
    }
  }

  /** What is to be remembered where the first `offset` bytes are kept: what they are, or they themselves while that cannot be said. */
  at(offset: number): { readonly head: Buffer | null; readonly kind: Kind | undefined } {
    return offset >= limits.files.head ? { head: null, kind: this.#kind } : { head: this.#head.subarray(0, offset), kind: undefined };
  }

  /** What it is, by what came so far. */
  async kind(): Promise<Kind> {
    const kind = this.#kind ?? (await kindOf(this.#head, this.#expected.name));
    const { types } = this.#expected.settings;
    if (!isAllowed(types, kind.type)) throw fail('unsupported_media_type', `This is ${kind.type}; the field takes ${types.join(', ')}.`);
    this.#kind = kind;
    return kind;
  }
}
