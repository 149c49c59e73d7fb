/**
 * API keys, as admins handle them. What makes or replaces one is not tried again where its answer was lost: a second key would
 * be made that nobody knows of, and a second rotation would end the overlap of the first.
 */
import type { Transport } from './client.ts';
import type { Listing } from './listing.ts';
import { createRecords } from './records.ts';
import type { Call, CallOptions } from './request.ts';
import type { ListQuery } from './types.ts';
import type { ApiKeyInfo } from './wire.ts';

type Settings = Pick<ApiKeyInfo, 'name' | 'scopes' | 'addresses' | 'expires' | 'rate' | 'forward'>;
export interface NewApiKey extends Pick<Settings, 'name' | 'scopes'>, Partial<Omit<Settings, 'name' | 'scopes'>> {
  /** The account that it acts as; without one it is a service key, of which no rule is asked. */
  readonly account?: { readonly collection: string; readonly id: string } | null;
}
export type ApiKeyChange = Partial<Settings & Pick<ApiKeyInfo, 'disabled'>>;
/** With the key itself, which is never shown again. */
export type ShownApiKey = ApiKeyInfo & { readonly key: string };

interface KeySchema {
  readonly _api_keys: { row: ApiKeyInfo; create: NewApiKey; update: ApiKeyChange; one: object; many: object };
}

export interface Keys {
  list(query?: ListQuery<KeySchema, '_api_keys', undefined, undefined>, options?: CallOptions): Listing<ApiKeyInfo>;
  create(key: NewApiKey, options?: CallOptions): Promise<ShownApiKey>;
  /** Changes what is sent. */
  update(id: string, change: ApiKeyChange, options?: CallOptions): Promise<ApiKeyInfo>;
  /** Gives it a new key. The one before is good for `overlap` seconds more: 0 if left out, at most 30 days. */
  rotate(id: string, options?: CallOptions & { readonly overlap?: number }): Promise<ShownApiKey>;
  /** Ends it, and forgets it. */
  revoke(id: string, options?: CallOptions): Promise<void>;
}

const refuse = (): never => {
  throw new TypeError('API keys are not live, and hold no files');
};

export function createKeys(transport: Transport): Keys {
  const { list } = createRecords<KeySchema, '_api_keys'>(transport, '_api_keys', refuse, refuse);
  const send = <T>(method: Call['method'], path: string, options: CallOptions | undefined, body?: unknown): Promise<T> =>
    transport.send({ ...options, method, path: `/records/_api_keys${path}`, body, unkeyed: true });
  const one = (id: string): string => `/${encodeURIComponent(id)}`;
  return {
    list,
    create: (key, options) => send('POST', '', options, key),
    update: (id, change, options) => send('PATCH', one(id), options, change),
    rotate: (id, { overlap, ...options } = {}) => send('POST', `${one(id)}/rotate`, options, { overlap }),
    revoke: (id, options) => send('DELETE', one(id), options),
  };
}
