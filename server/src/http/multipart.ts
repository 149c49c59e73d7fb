/** The one file of a multipart body, as it comes in. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { fail, failAt } from '../kit/errors.ts';

export interface Part {
  readonly name: string;
  /** Ends well only where the whole body does: what is more than one file is refused. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export async function oneFile<T>(request: IncomingMessage, take: (part: Part) => Promise<T>): Promise<T> {
  const parser = parserOf(request);
  let part: Readable | undefined;
  const taken = new Promise<T>((resolve, reject) => {
    const over = new Promise<void>((ended, broke) => {
      const refuse = (message: string) => (): void => broke(failAt('invalid_request', '', message));
      for (const event of ['filesLimit', 'fieldsLimit', 'partsLimit', 'field'] as const)
        parser.on(event, refuse('The body may hold one file and nothing else'));
      parser.once('finish', ended);
      parser.once('error', (error) => broke(failAt('invalid_request', '', 'The body is no multipart/form-data', error)));
      request.once('error', broke);
      request.once('close', () => request.complete || broke(failAt('invalid_request', '', 'The body broke off')));
    });
    parser.once('file', (_field, bytes, name) => {
      part = bytes;
      // Told to whoever reads it; where nobody does any more, to nobody.
      bytes.on('error', () => undefined);
      // Absent where the part has no name, whatever the types say.
      take({ name: name ?? '', bytes: whole(bytes, over) }).then(resolve, reject);
    });
    over.then(
      () => part ?? reject(failAt('validation_failed', '', 'The body holds no file')),
      // Who takes the file hears of it, and is waited for: what came of it goes before the answer does.
      (error: unknown) => (part === undefined ? reject(error) : part.destroy(error instanceof Error ? error : undefined)),
    );
  });
  request.pipe(parser);
  try {
    return await taken;
  } finally {
    request.unpipe(parser);
    part?.destroy();
  }
}

function parserOf({ headers }: IncomingMessage): InstanceType<typeof Busboy> {
  try {
    // cast: whoever calls has seen that there is a content type, which is all that is asked for here.
    return new Busboy({ headers: headers as BusboyHeaders, limits: { fields: 0, files: 1, parts: 2, headerPairs: 50 } });
  } catch (error) {
    throw fail('unsupported_media_type', 'Send multipart/form-data with its boundary.', error);
  }
}

async function* whole(bytes: Readable, over: Promise<void>): AsyncGenerator<Uint8Array> {
  yield* bytes;
  await over;
}
