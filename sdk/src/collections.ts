/** Collections as admins handle them: definitions in, definitions out. */
import type { Transport } from './client.ts';
import type { CallOptions } from './request.ts';
import type { CollectionDef, CollectionInfo, IndexAdvice, SchemaInfo } from './wire.ts';

/** `confirm`: the hash of a plan whose hazards were accepted (`confirmation_required` carries the plan). */
export type ChangeOptions = CallOptions & { readonly confirm?: string };

export interface Collections {
  list(options?: CallOptions): Promise<readonly CollectionInfo[]>;
  get(name: string, options?: CallOptions): Promise<CollectionInfo>;
  create(definition: CollectionDef, options?: CallOptions): Promise<CollectionInfo>;
  update(name: string, change: Partial<CollectionDef>, options?: ChangeOptions): Promise<CollectionInfo>;
  delete(name: string, options?: ChangeOptions): Promise<void>;
  /** Indexes that would help its lists, by the rules, the records and what was asked of this server. */
  advice(name: string, options?: CallOptions): Promise<readonly IndexAdvice[]>;
  schema(options?: CallOptions): Promise<SchemaInfo>;
}

export function createCollections(transport: Transport): Collections {
  const path = (name: string): string => `/collections/${encodeURIComponent(name)}`;
  return {
    list: async (options) =>
      (await transport.send<{ data: readonly CollectionInfo[] }>({ ...options, method: 'GET', path: '/collections' })).data,
    get: (name, options) => transport.send({ ...options, method: 'GET', path: path(name) }),
    create: (body, options) => transport.send({ ...options, method: 'POST', path: '/collections', body }),
    update: (name, change, { confirm, ...options } = {}) =>
      transport.send({ ...options, method: 'PATCH', path: path(name), body: { ...change, ...(confirm !== undefined && { confirm }) } }),
    delete: (name, { confirm, ...options } = {}) =>
      transport.send({ ...options, method: 'DELETE', path: path(name), ...(confirm !== undefined && { body: { confirm } }) }),
    advice: async (name, options) =>
      (await transport.send<{ advice: readonly IndexAdvice[] }>({ ...options, method: 'GET', path: `${path(name)}/advice` })).advice,
    schema: (options) => transport.send({ ...options, method: 'GET', path: '/schema' }),
  };
}
