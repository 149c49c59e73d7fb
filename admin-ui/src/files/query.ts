/** What the page of files asks the server for, and how that stands in the page's address. */
import type { FileState } from '@underpin/sdk/wire';
import { addressOf, DOCUMENTS, FILE_KINDS, type Pictured } from '../data/files.ts';

/** One of `_files`. */
export interface FileRow {
  readonly id: string;
  readonly name: string;
  /** Null while it is on its way. */
  readonly type: string | null;
  readonly size: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly state: FileState;
  readonly uses: number;
  /** Null: what it was uploaded for is no more. */
  readonly collection_name: string | null;
  readonly field_name: string | null;
  readonly created: string;
}

export const STATES = ['attached', 'pending', 'orphaned', 'begun'] as const;
export const SORTS = { newest: '-created', oldest: 'created', largest: '-size', smallest: 'size', name: 'name' } as const;
type Sort = keyof typeof SORTS;

export interface FileFilters {
  readonly name: string;
  /** `posts` or `posts.cover`. */
  readonly place: string;
  readonly kind: (typeof FILE_KINDS)[number] | '';
  readonly state: (typeof STATES)[number] | '';
  readonly sort: Sort;
}

const isSort = (text: string): text is Sort => Object.hasOwn(SORTS, text);

/** From the address; what makes no sense is left out. */
export const parseFilters = (params: URLSearchParams): FileFilters => {
  const get = (name: string) => params.get(name) ?? '';
  const sort = get('sort');
  return {
    name: get('name'),
    place: get('place'),
    kind: FILE_KINDS.find((one) => one === get('kind')) ?? '',
    state: STATES.find((one) => one === get('state')) ?? '',
    sort: isSort(sort) ? sort : 'newest',
  };
};

const PAGE = 60;
const FIELDS = 'id,name,type,size,width,height,state,uses,collection_name,field_name,created';

const ofKind = (kind: FileFilters['kind']): string => {
  if (kind !== 'document') return `type.startsWith("${kind}/")`;
  return `(${['type.startsWith("text/")', ...DOCUMENTS.map((part) => `type.contains("${part}")`)].join(' || ')})`;
};

/** The parameters of `GET /records/_files`; values that were typed are bound, never put into the filter. */
export const queryOf = ({ name, place, kind, state, sort }: FileFilters): Readonly<Record<string, string | number>> => {
  const [collection = '', field = ''] = place.split('.');
  const typed = name.trim().toLowerCase();
  const conditions = [
    typed === '' ? '' : 'name.lowerAscii().contains($name)',
    collection === '' ? '' : 'collection_name == $collection',
    field === '' ? '' : 'field_name == $field',
    kind === '' ? '' : ofKind(kind),
    state === '' ? '' : `state == "${state}"`,
  ].filter((one) => one !== '');
  return {
    sort: SORTS[sort],
    limit: PAGE,
    fields: FIELDS,
    ...(conditions.length === 0 ? {} : { filter: conditions.join(' && ') }),
    ...(typed === '' ? {} : { 'p.name': typed }),
    ...(collection === '' ? {} : { 'p.collection': collection }),
    ...(field === '' ? {} : { 'p.field': field }),
  };
};

export const isFiltered = ({ name, place, kind, state }: FileFilters): boolean =>
  [name.trim(), place, kind, state].some((one) => one !== '');

export const picturedOf = ({ id, name, type, size, width }: FileRow): Pictured => ({
  type: type ?? 'application/octet-stream',
  size,
  width,
  url: addressOf(id, name),
});
