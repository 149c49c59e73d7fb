/** A request for records → what is asked, checked against the caller's view: what he may not read is not there to be named. */
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import { Recent } from '../../kit/recent.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { parseConditions, parseFields, parseSort, type Conditions, type SortKey } from './conditions.ts';
import { names, wholeNumber, type Input, type Query } from './input.ts';
import { parseExpand, type Expand } from './expand.ts';
import { asksForMoment, type Caller } from '../policy.ts';
import { parseSearch, type Search } from './search.ts';

export type Count = { readonly kind: 'none' | 'estimated' | 'exact' } | { readonly kind: 'capped'; readonly cap: number };

export const abilities = ['update', 'delete'] as const;
export type Ability = (typeof abilities)[number];

export interface Shape {
  readonly fields?: readonly Field[];
  readonly expand: readonly Expand[];
  /** What each record is to say of the caller: whether he may change it, or delete it. */
  readonly can: readonly Ability[];
}
export interface Asked extends Shape, Conditions {
  readonly search?: Search;
  readonly sort: readonly SortKey[];
  readonly limit: number;
  readonly cursor?: string;
  readonly page?: number;
  readonly count: Count;
  /** What a cursor is bound to besides the caller: the same list asked again has the same text. */
  readonly identity: string;
}

/** What a caller asked before, by its text. */
const askedBefore = new WeakMap<object, Recent<string, Asked>>();
const rememberedQueries = 20;

/** What the same caller asked in the same words is not read again, but where it, or what he sees, depends on the moment, or it names a place. */
export function parseList(caller: Caller, collection: Collection, query: Query): Asked {
  const queries = askedBefore.get(caller.known) ?? new Recent<string, Asked>(rememberedQueries);
  askedBefore.set(caller.known, queries);
  const text = query.text === undefined ? undefined : `${collection.name}?${query.text}`;
  const before = text === undefined ? undefined : queries.get(text);
  if (before !== undefined) return before;
  const asked = readList(caller, collection, query.read());
  if (text !== undefined && asked.cursor === undefined && !asked.momentary && !asksForMoment(caller)) queries.set(text, asked);
  return asked;
}

function readList(caller: Caller, collection: Collection, input: Input): Asked {
  const conditions = parseConditions(caller, collection, input);
  const search = parseSearch(caller, collection, input);
  const sort = parseSort(caller, collection, input.sort, '/sort', search !== undefined);
  const limit = wholeNumber(input.limit, 'limit', 1, limits.list.max) ?? limits.list.fallback;
  const shape = parseShape(caller, collection, input, limit);
  return {
    ...shape,
    ...conditions,
    ...(search === undefined ? {} : { search }),
    momentary: conditions.momentary || shape.momentary,
    sort: sort.keys,
    limit,
    ...parsePosition(input, limit),
    count: parseCount(input.count),
    identity: JSON.stringify([collection.id, conditions.texts, sort.text, ...(search === undefined ? [] : [search.text])]),
  };
}

/** What is asked for of each of `records` records. */
export function parseShape(caller: Caller, collection: Collection, input: Input, records: number): Shape & { readonly momentary: boolean } {
  const fields =
    input.fields === undefined
      ? {}
      : { fields: parseFields(caller, collection, names(input.fields, 'fields', limits.list.fields), '/fields') };
  return { ...fields, ...parseExpand(caller, collection, input, records), can: parseCan(input.can) };
}

function parseCan(asked: unknown): readonly Ability[] {
  if (asked === undefined || asked === null || asked === '') return [];
  const wanted = names(asked, 'can', abilities.length);
  const unknown = wanted.find((one) => !abilities.some((ability) => ability === one));
  if (unknown !== undefined) throw failAt('invalid_request', '/can', `can may list ${abilities.join(' and ')}, not "${unknown}"`);
  return abilities.filter((ability) => wanted.includes(ability));
}

function parsePosition(input: Input, limit: number): { cursor?: string; page?: number } {
  const { cursor } = input;
  const page = wholeNumber(input.page, 'page', 1, Number.MAX_SAFE_INTEGER);
  if (page !== undefined && (page - 1) * limit > limits.list.offset)
    throw failAt('limit_exceeded', '/page', `Pages reach to record ${limits.list.offset}; go on with the cursor`);
  if (cursor === undefined || cursor === null || cursor === '') return page === undefined ? {} : { page };
  if (typeof cursor !== 'string') throw failAt('invalid_request', '/cursor', 'The cursor must be one that this server gave');
  if (page !== undefined) throw failAt('invalid_request', '/page', 'Give a cursor or a page, not both');
  return { cursor };
}

function parseCount(asked: unknown): Count {
  if (asked === undefined || asked === null) return { kind: 'none' };
  if (asked === 'none' || asked === 'estimated' || asked === 'exact') return { kind: asked };
  const cap = wholeNumber(asked, 'count', 1, 1_000_000);
  if (cap === undefined) throw failAt('invalid_request', '/count', 'count must be none, estimated, exact or a number');
  return { kind: 'capped', cap };
}
