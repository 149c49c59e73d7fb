/** Finding the records that a relation may point to, and naming those that it points to already. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { CollectionInfo, FieldDef, Page } from '@underpin/sdk/wire';
import { request } from '../data/client.ts';
import { displayFields } from '../data/collection.ts';

export interface Row extends Readonly<Record<string, unknown>> {
  readonly id: string;
}
const CHOICES = 20;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TEXTS = new Set(['text', 'email', 'url', 'richtext']);

/** By a part of any of the texts that name a record, whatever the case, or by its whole id. */
const search = (target: CollectionInfo, typed: string, signal: AbortSignal): Promise<Page<Row>> => {
  const fields: readonly FieldDef[] = [...target.fields, ...target.systemFields];
  const names = displayFields(target).filter((name) => fields.some((field) => field.name === name && TEXTS.has(field.type)));
  const conditions = ID.test(typed) ? ['id == $q'] : names.map((name) => `${name}.lowerAscii().contains($q)`);
  const query = typed !== '' && conditions.length > 0 ? { filter: conditions.join(' || '), 'p.q': typed.toLowerCase() } : {};
  return request('GET', `/records/${target.name}`, { query: { ...query, sort: names[0] ?? '-created', limit: CHOICES }, signal });
};

export const useChoices = (target: CollectionInfo, typed: string, enabled: boolean) =>
  useQuery({
    queryKey: [target.name, 'getList', 'choices', typed],
    queryFn: ({ signal }) => search(target, typed, signal),
    enabled,
    placeholderData: keepPreviousData,
  });

export const useChosen = (target: CollectionInfo, id: string | null) =>
  useQuery({
    queryKey: [target.name, 'getOne', 'chosen', id],
    queryFn: ({ signal }) => request<Row>('GET', `/records/${target.name}/${id}`, { signal }),
    enabled: id !== null,
    staleTime: 30_000,
  });

/** The records of a list of ids, in no order. */
export const useAllChosen = (target: CollectionInfo, ids: readonly string[]) =>
  useQuery({
    queryKey: [target.name, 'getMany', 'chosen', ids],
    queryFn: ({ signal }) => {
      const filter = `id in [${ids.map((id) => JSON.stringify(id)).join(', ')}]`;
      return request<Page<Row>>('GET', `/records/${target.name}`, { query: { filter, limit: ids.length }, signal });
    },
    enabled: ids.length > 0,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });
