/**
 * The collections as the server has them now. The store asks again every five seconds while the page is visible and
 * after each change of our own, so that a collection made elsewhere appears without a reload. The value keeps its
 * identity until the schema differs: everything memoised on it stays put.
 */
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { CollectionInfo, FieldTypeInfo, SchemaInfo } from '@underpin/sdk/wire';
import { messageOf, request } from './client.ts';
import { createStore } from './store.ts';

const POLL_MS = 5000;

export interface SchemaState {
  readonly schema: SchemaInfo | null;
  readonly error: string | null;
}

const store = createStore<SchemaState>({ schema: null, error: null });
let seen = '';
let asked = 0;

export const refreshSchema = async (): Promise<void> => {
  const turn = ++asked;
  try {
    const schema = await request<SchemaInfo>('GET', '/schema');
    // An answer that was overtaken by a later question is older than what is shown.
    if (turn !== asked) return;
    const text = JSON.stringify(schema);
    if (text === seen && store.get().error === null) return;
    seen = text;
    store.set({ schema, error: null });
  } catch (error) {
    if (turn === asked && store.get().schema === null) store.set({ schema: null, error: messageOf(error) });
  }
};

export const forgetSchema = (): void => {
  asked++;
  seen = '';
  store.set({ schema: null, error: null });
};

export const useSchemaState = (): SchemaState => useSyncExternalStore(store.subscribe, store.get);

export const useSchemaPolling = (active: boolean): void => {
  useEffect(() => {
    if (!active) return undefined;
    const ask = () => {
      if (document.visibilityState === 'visible') void refreshSchema();
    };
    ask();
    const timer = setInterval(ask, POLL_MS);
    document.addEventListener('visibilitychange', ask);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [active]);
};

const NO_COLLECTIONS: readonly CollectionInfo[] = [];
const NO_TYPES: readonly FieldTypeInfo[] = [];

export const schemaNow = (): SchemaInfo | null => store.get().schema;
export const collectionNow = (name: string): CollectionInfo | undefined => schemaNow()?.collections.find((c) => c.name === name);
export const useCollections = (): readonly CollectionInfo[] => useSchemaState().schema?.collections ?? NO_COLLECTIONS;
export const useFieldTypes = (): readonly FieldTypeInfo[] => useSchemaState().schema?.types ?? NO_TYPES;
export const useCollection = (name: string | undefined): CollectionInfo | undefined => {
  const collections = useCollections();
  return useMemo(() => collections.find((c) => c.name === name), [collections, name]);
};
