/** The fields of a draft that can say whose a record is: relations to one account. */
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useCollections } from '../data/schema-store.ts';
import type { Draft } from '../schema/draft.ts';

export const useOwners = (collection: CollectionInfo | null, draft: Draft): readonly string[] => {
  const collections = useCollections();
  const accounts = new Set(collections.filter((one) => one.kind === 'auth').map((one) => one.name));
  const owners = draft.fields
    .filter(({ def }) => def.type === 'relation' && def.many !== true && def.to !== undefined && accounts.has(def.to))
    .map(({ def }) => def.name);
  // An account is its own owner.
  return collection?.kind === 'auth' ? ['id', ...owners] : owners;
};
