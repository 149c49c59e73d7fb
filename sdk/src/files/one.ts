/** An upload in one request. */
import type { FileValue } from '../wire.ts';
import { fetchTelling, longestRequestMs } from './telling.ts';
import { nameOf } from './wanted.ts';
import type { Access, Wanted, Way } from './wanted.ts';

export function inOne({ transport }: Access, blob: Blob, wanted: Wanted): Way {
  const name = nameOf(blob, wanted);
  const query = new URLSearchParams({ collection: wanted.collection, field: wanted.field, ...(name !== undefined && { name }) });
  // Bytes of a type that says how they are wrapped would be unwrapped.
  const type = blob.type === '' || blob.type.startsWith('multipart/') ? 'application/octet-stream' : blob.type;
  return {
    run: async (signal, tell) => {
      const file = await transport.send<FileValue>({
        ...{ method: 'POST', path: '/files', query, bytes: blob, headers: { 'Content-Type': type } },
        ...{ fetch: fetchTelling(tell), signal, timeoutMs: longestRequestMs },
        // Where it comes twice, one of the two is named by nobody, and swept.
        reads: true,
      });
      tell(blob.size);
      return file;
    },
    end: () => Promise.resolve(),
  };
}
