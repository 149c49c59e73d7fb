/** What to say when saving was refused: field by field where a field is at fault, else the server's sentence. */
import type { CollectionInfo } from '@underpin/sdk/wire';
import { ApiFailure, fieldOf, messageOf } from '../data/client.ts';
import { ownFields } from '../data/collection.ts';

/** Messages that no input of the form can show. */
export const refusalText = (error: unknown, collection: CollectionInfo): string | null => {
  if (!(error instanceof ApiFailure) || error.errors.length === 0) return messageOf(error);
  const inputs = new Set(ownFields(collection).map((field) => field.name));
  const homeless = error.errors.filter((one) => !inputs.has(fieldOf(one.pointer)));
  return homeless.length === 0 ? null : homeless.map((one) => `${one.pointer} ${one.message}`.trim()).join(' · ');
};
