/** What is asked of files. */
import { ApiError } from '../error.ts';
import { give } from './given.ts';
import { Sending } from './upload.ts';
import type { Access, Calls, FileRef, FilesClient } from './wanted.ts';

const path = (file: FileRef): string => `/files/${encodeURIComponent(typeof file === 'string' ? file : file.id)}`;
/** How long the server may take to fetch what it imports. */
const longestImportMs = 120_000;

export function createCalls(client: FilesClient): Calls {
  const { transport } = client;
  const access: Access = { ...client, marks: new Set(), given: new WeakMap() };
  const remove: Calls['remove'] = (file, options) => transport.send({ ...options, method: 'DELETE', path: path(file), unkeyed: true });
  return {
    upload: (blob, wanted) => new Sending(access, blob, wanted),
    give: (bodies, options, write) => give(access, (id) => remove(id, { retries: 0 }), { bodies, options, write }),
    link: (file, { expiresIn, thumb, download, ...options } = {}) =>
      transport.send({ ...options, method: 'POST', path: `${path(file)}/link`, body: { expiresIn, thumb, download }, reads: true }),
    blob: async (file, { thumb, ...options } = {}) => {
      const query = new URLSearchParams({ ...(thumb !== undefined && { thumb }) });
      const response = await transport.send<Response>({ ...options, method: 'GET', path: path(file), query, raw: true });
      return response.blob().catch((cause: unknown) => {
        throw new ApiError(0, { code: options.signal?.aborted ? 'aborted' : 'network', detail: String(cause) });
      });
    },
    // Where it is imported twice, one of the two is named by nobody, and swept.
    importUrl: (url, { collection, field, name, ...options }) =>
      transport.send({
        ...{ timeoutMs: longestImportMs, ...options, method: 'POST', path: '/files/import', reads: true },
        body: { url, collection, field, name },
      }),
    remove,
  };
}
