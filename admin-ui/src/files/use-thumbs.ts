/** The sizes of small pictures that the field declares for which a file was uploaded. */
import { useCallback } from 'react';
import { thumbsOf } from '../data/files.ts';
import { useCollections } from '../data/schema-store.ts';

const NONE: readonly string[] = [];

export const useThumbs = (): ((collection: string | null, field: string | null) => readonly string[]) => {
  const collections = useCollections();
  return useCallback(
    (collection, field) => {
      const info = collections.find(({ name }) => name === collection);
      const def = info?.fields.find(({ name }) => name === field);
      return def === undefined ? NONE : thumbsOf(def);
    },
    [collections],
  );
};
