/** What a caller searches for: text as one types it into a search engine, over the fields that he may read. */
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import { codePoints, storableText } from '../../schema/fields/text.ts';
import { searchableOf } from '../../schema/search.ts';
import type { FieldDef } from '@underpin/sdk/wire';
import type { Input } from './input.ts';
import { readOf, type Caller } from '../policy.ts';

export interface Search {
  readonly text: string;
  /** Whether each record says where the words stand. */
  readonly highlight: boolean;
  /** Where the functions of pg_trgm are: then it looks for what is alike, and not for the words themselves. */
  readonly near?: string;
}

/** Begins the cursors of what was found by likeness. */
export const nearMark = '~';

/** The fields that are searched for this caller: those that he reads in every record. */
export const searchedFields = (caller: Caller, collection: Collection): readonly FieldDef[] =>
  searchableOf(collection.def).filter((def) => {
    const field = collection.byName.get(def.name);
    const seen = field === undefined ? 'never' : readOf(caller, collection, field);
    return seen !== 'never' && seen.length === 0;
  });

export function parseSearch(caller: Caller, collection: Collection, { search, highlight }: Input): Search | undefined {
  const shows = parseHighlight(highlight);
  if (search === undefined || search === null) {
    if (shows) throw failAt('invalid_request', '/highlight', 'highlight shows where the words of a search stand; give search too');
    return undefined;
  }
  if (typeof search !== 'string' || !storableText(search))
    throw failAt('invalid_request', '/search', 'search must be text, without NUL and halves of surrogate pairs');
  if (codePoints(search) > limits.search.text)
    throw failAt('limit_exceeded', '/search', `search may have at most ${limits.search.text} characters`);
  if (searchedFields(caller, collection).length === 0)
    throw failAt('invalid_request', '/search', `"${collection.name}" has no field that is searchable`);
  return { text: search, highlight: shows };
}

function parseHighlight(asked: unknown): boolean {
  if (asked === undefined || asked === null || asked === false || asked === '0' || asked === 'false') return false;
  if (asked === true || asked === 1 || asked === '1' || asked === 'true') return true;
  throw failAt('invalid_request', '/highlight', 'highlight must be 1 or 0');
}
