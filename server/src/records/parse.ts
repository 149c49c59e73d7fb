/** A request for records → what is asked, checked against the caller's view: what he may not read is not there to be named. */
import { clientLimits, ExprError, type Ast } from '@underpin/sdk/expr/ast';
import { check, checkValue } from '@underpin/sdk/expr/check';
import type { Ir } from '@underpin/sdk/expr/ir';
import { fold, foldValue } from '@underpin/sdk/expr/fold';
import { fromWhere } from '@underpin/sdk/expr/object';
import { parse } from '@underpin/sdk/expr/parse';
import { print } from '@underpin/sdk/expr/print';
import { failAt, Failure } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import { Recent } from '../kit/recent.ts';
import type { Collection, Field } from '../schema/collection.ts';
import { authFields } from '../schema/model.ts';
import type { Caller } from './policy.ts';
import type { Expand } from './select.ts';
import { mentionsMoment, modelOf, policyFor, readOf } from './policy.ts';

/** What a caller sends: from a query string (all text) or a JSON body. */
export interface Input {
  readonly filter?: unknown;
  readonly where?: unknown;
  readonly params?: unknown;
  readonly sort?: unknown;
  readonly fields?: unknown;
  readonly expand?: unknown;
  /** From a URL: `expand.author.fields` → its text. */
  readonly expandFields?: Readonly<Record<string, string>>;
  readonly limit?: unknown;
  readonly cursor?: unknown;
  readonly page?: unknown;
  readonly count?: unknown;
  /** Whether parameters are text, to be read as the type they are compared with. */
  readonly text: boolean;
}

/** A request that may have been asked before: its text, if that says all of it, and how to read it. */
export interface Query {
  readonly text?: string;
  read(): Input;
}

export interface SortKey {
  readonly ir: Ir;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly nullable: boolean;
}

export type Count = { readonly kind: 'none' | 'estimated' | 'exact' } | { readonly kind: 'capped'; readonly cap: number };

export interface Shape {
  readonly fields?: readonly Field[];
  readonly expand: readonly Expand[];
}
export interface Asked extends Shape {
  /** Folded; absent where there is none or all pass. `nothing`: no row can match, and none is asked for. */
  readonly filter: readonly Ir[];
  readonly nothing: boolean;
  /** Whether the filter asks for the moment. */
  readonly momentary: boolean;
  readonly sort: readonly SortKey[];
  readonly limit: number;
  readonly cursor?: string;
  readonly page?: number;
  readonly count: Count;
  /** What a cursor is bound to besides the caller: the same list asked again has the same text. */
  readonly identity: string;
}

const listNames = ['filter', 'where', 'params', 'sort', 'fields', 'expand', 'limit', 'cursor', 'page', 'count'];
const shapeNames = ['fields', 'expand'];

/** The parameters of a query string. Unknown ones and repeated ones are refused. */
export function inputOfUrl(query: URLSearchParams, of: 'list' | 'shape'): Input {
  const known = of === 'list' ? listNames.filter((name) => name !== 'where' && name !== 'params') : shapeNames;
  const input: Record<string, unknown> = {};
  const params: Record<string, unknown> = Object.create(null);
  const expandFields: Record<string, string> = Object.create(null);
  for (const [name, value] of query) {
    if (Object.hasOwn(input, name) || Object.hasOwn(params, name.slice(2)) || Object.hasOwn(expandFields, name))
      throw failAt('invalid_request', `/${name}`, `"${name}" stands in the query twice`);
    if (of === 'list' && /^p\.[A-Za-z_][A-Za-z0-9_]*$/.test(name)) params[name.slice(2)] = value;
    else if (known.includes(name)) input[name] = value;
    else if (/^expand\.[a-z0-9_.]+\.fields$/.test(name)) expandFields[name] = value;
    else throw failAt('invalid_request', `/${name}`, `There is no parameter "${name}"`);
  }
  return { ...input, ...(of === 'list' ? { params } : {}), expandFields, text: true };
}

/** The same from a JSON body. */
export function inputOfBody(body: unknown): Input {
  if (!isObject(body)) throw failAt('invalid_request', '', 'The body must be a JSON object');
  for (const name of Object.keys(body))
    if (!listNames.includes(name)) throw failAt('invalid_request', `/${name}`, `There is no member "${name}"`);
  return { ...body, text: false };
}

/** What a caller asked before, by its text. */
const askedBefore = new WeakMap<object, Recent<string, Asked>>();
const rememberedQueries = 20;

/** What the same caller asked in the same words is not read again, but where it depends on the moment or names a place. */
export function parseList(caller: Caller, collection: Collection, query: Query): Asked {
  const queries = askedBefore.get(caller.known) ?? new Recent<string, Asked>(rememberedQueries);
  askedBefore.set(caller.known, queries);
  const text = query.text === undefined ? undefined : `${collection.name}?${query.text}`;
  const before = text === undefined ? undefined : queries.get(text);
  if (before !== undefined) return before;
  const asked = readList(caller, collection, query.read());
  if (text !== undefined && asked.cursor === undefined && !asked.momentary) queries.set(text, asked);
  return asked;
}

function readList(caller: Caller, collection: Collection, input: Input): Asked {
  const conditions = parseConditions(caller, collection, input);
  const sort = parseSort(caller, collection, input.sort);
  const limit = wholeNumber(input.limit, 'limit', 1, limits.list.max) ?? limits.list.fallback;
  return {
    ...parseShape(caller, collection, input),
    ...conditions,
    sort: sort.keys,
    limit,
    ...parsePosition(input, limit),
    count: parseCount(input.count),
    identity: JSON.stringify([collection.id, conditions.texts, sort.text]),
  };
}

export const parseShape = (caller: Caller, collection: Collection, input: Input): Shape => ({
  ...(input.fields === undefined
    ? {}
    : { fields: parseFields(caller, collection, names(input.fields, 'fields', limits.list.fields), '/fields') }),
  expand: parseExpand(caller, collection, input.expand, input.expandFields ?? {}),
});

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

function parseConditions(
  caller: Caller,
  collection: Collection,
  input: Input,
): { filter: readonly Ir[]; nothing: boolean; momentary: boolean; texts: readonly string[] } {
  const params = parseParams(input);
  const texts: string[] = [];
  const filter: Ir[] = [];
  let nothing = false;
  let momentary = false;
  const add = (pointer: string, read: () => Ast): void => {
    const ir = withPointer(pointer, () => {
      const ast = read();
      texts.push(print(ast));
      return check(ast, { ...checking(caller, collection), params, textParams: input.text }).ir;
    });
    momentary ||= mentionsMoment(ir);
    const folded = fold(ir, caller.fold);
    if (folded.verdict === 'never') nothing = true;
    if (folded.verdict === 'depends') filter.push(folded.ir);
  };
  if (input.filter !== undefined && input.filter !== null) {
    const { filter: text } = input;
    if (typeof text !== 'string') throw failAt('invalid_filter', '/filter', 'The filter must be text');
    add('/filter', () => parse(text, clientLimits));
  }
  if (input.where !== undefined && input.where !== null) add('/where', () => fromWhere(input.where, clientLimits));
  return { filter, nothing, momentary, texts: [...texts, JSON.stringify(params)] };
}

const checking = (caller: Caller, collection: Collection) => ({
  schema: modelOf(caller),
  collection: collection.name,
  scope: 'filter' as const,
  auth: authFields(caller.schema),
  limits: clientLimits,
});

function parseParams(input: Input): Readonly<Record<string, unknown>> {
  const { params } = input;
  if (params === undefined || params === null) return {};
  if (!isObject(params)) throw failAt('invalid_request', '/params', 'params must be an object');
  return params;
}

/** Turns a refusal of the language into one of the API: a field that is not there (for him) is `unknown_field`. */
export function withPointer<T>(pointer: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    const code = error.code === 'unknown_field' ? 'unknown_field' : pointer === '/sort' ? 'invalid_request' : 'invalid_filter';
    const message = `${error.message}${error.hint === undefined ? '' : `. ${error.hint}`} (at ${error.start + 1})`;
    throw new Failure(code, { detail: message, errors: [{ pointer, code: error.code, message }] }, error);
  }
}

function parseSort(caller: Caller, collection: Collection, asked: unknown): { keys: readonly SortKey[]; text: string } {
  const parts = asked === undefined || asked === null || asked === '' ? ['-created'] : names(asked, 'sort', limits.list.sort);
  const keys = parts.map((part) => parseSortKey(caller, collection, part));
  if (!parts.some((part) => /^-?id$/.test(part))) keys.push(parseSortKey(caller, collection, keys[0]?.descending === true ? '-id' : 'id'));
  return { keys, text: parts.join() };
}

const unsortable = new Set(['list', 'json', 'geo']);
function parseSortKey(caller: Caller, collection: Collection, part: string): SortKey {
  const match = /^(-?)([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)(:last)?$/.exec(part);
  const path = match?.[2];
  if (match === null || path === undefined)
    throw failAt('invalid_request', '/sort', `"${part}" is no sort key; write field, -field or -field:last`);
  const ir = withPointer('/sort', () => checkValue(parse(path, clientLimits), checking(caller, collection)).ir);
  if (ir.op !== 'column') throw failAt('invalid_request', '/sort', `"${path}" is no field`);
  if (unsortable.has(ir.ty.kind)) throw failAt('invalid_request', '/sort', `"${path}" has no order`);
  const field = ir.row.origin.kind === 'record' ? collection.byName.get(ir.field) : undefined;
  const present =
    field !== undefined &&
    (field.def.required === true || (field.system && field.name !== 'ended')) &&
    readOf(caller, collection, field).length === 0;
  const descending = match[1] === '-';
  return { ir: foldValue(ir, caller.fold), descending, nullsFirst: descending && match[3] === undefined, nullable: !present };
}

function parseFields(caller: Caller, collection: Collection, asked: readonly string[], pointer: string): readonly Field[] {
  return asked.map((name) => {
    const field = collection.byName.get(name);
    if (field === undefined || readOf(caller, collection, field) === 'never')
      throw failAt('unknown_field', pointer, `Unknown field "${name}" on "${collection.name}"`);
    return field;
  });
}

/** `author,author.team` in a URL; in a body also `{ author: { fields, expand } | true }`. */
function parseExpand(
  caller: Caller,
  collection: Collection,
  asked: unknown,
  fieldsOf: Readonly<Record<string, string>>,
): readonly Expand[] {
  const tree = asked === undefined || asked === null || asked === '' ? new Map() : expandTree(asked, fieldsOf);
  const paths = pathsOf(tree);
  for (const name of Object.keys(fieldsOf))
    if (!paths.includes(name.slice(7, -7))) throw failAt('invalid_request', `/${name}`, `"${name.slice(7, -7)}" is not expanded`);
  let count = 0;
  const read = (at: Collection, tree: ExpandTree, depth: number): readonly Expand[] => {
    if (depth > limits.list.expandDepth)
      throw failAt('limit_exceeded', '/expand', `Expand goes at most ${limits.list.expandDepth} relations deep`);
    return [...tree].map(([name, inner]) => {
      if (++count > limits.list.expandPaths)
        throw failAt('limit_exceeded', '/expand', `At most ${limits.list.expandPaths} relations can be expanded`);
      const field = at.byName.get(name);
      const target = field?.to === undefined || field.junction !== undefined ? undefined : caller.schema.byName.get(field.to);
      if (field === undefined || target === undefined || readOf(caller, at, field) === 'never')
        throw failAt('unknown_field', '/expand', `There is no relation "${name}" on "${at.name}"`);
      const hidden = modelOf(caller).collection(target.name) === undefined || policyFor(caller, target, 'view') === 'never';
      const fields = inner.fields === undefined ? {} : { fields: hidden ? [] : parseFields(caller, target, inner.fields, '/expand') };
      return { field, target, ...fields, expand: hidden ? [] : read(target, inner.expand, depth + 1) };
    });
  };
  return read(collection, tree, 1);
}

type ExpandTree = ReadonlyMap<string, { readonly fields?: readonly string[]; readonly expand: ExpandTree }>;

const pathsOf = (tree: ExpandTree): readonly string[] =>
  [...tree].flatMap(([name, { expand }]) => [name, ...pathsOf(expand).map((inner) => `${name}.${inner}`)]);

function expandTree(asked: unknown, fieldsOf: Readonly<Record<string, string>> = {}): ExpandTree {
  if (typeof asked === 'string' || Array.isArray(asked)) {
    return treeOfPaths(
      names(asked, 'expand', limits.list.expandPaths).map((path) => path.split('.')),
      '',
      fieldsOf,
    );
  }
  if (!isObject(asked)) throw failAt('invalid_request', '/expand', 'expand must name relations');
  return new Map(
    Object.entries(asked).map(([name, inner]) => {
      if (inner === true) return [name, { expand: new Map() }] as const;
      if (!isObject(inner)) throw failAt('invalid_request', `/expand/${name}`, 'must be true or an object');
      for (const key of Object.keys(inner))
        if (key !== 'fields' && key !== 'expand') throw failAt('invalid_request', `/expand/${name}/${key}`, 'is not known');
      const { fields, expand } = inner;
      return [
        name,
        {
          ...(fields === undefined ? {} : { fields: names(fields, 'expand', limits.list.fields) }),
          expand: expand === undefined ? new Map() : expandTree(expand),
        },
      ] as const;
    }),
  );
}

function treeOfPaths(paths: readonly (readonly string[])[], prefix: string, fieldsOf: Readonly<Record<string, string>>): ExpandTree {
  const heads = [...new Set(paths.map(([head = '']) => head))];
  return new Map(
    heads.map((head) => {
      const below = paths.filter((path) => path[0] === head && path.length > 1).map((path) => path.slice(1));
      const fields = fieldsOf[`expand.${prefix}${head}.fields`];
      const asked = fields === undefined ? {} : { fields: names(fields, `expand.${prefix}${head}.fields`, limits.list.fields) };
      return [head, { ...asked, expand: treeOfPaths(below, `${prefix}${head}.`, fieldsOf) }];
    }),
  );
}

/** `a,b,c` or `["a","b","c"]`. */
function names(asked: unknown, name: string, most: number): readonly string[] {
  const parts = typeof asked === 'string' ? asked.split(',').map((part) => part.trim()) : asked;
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string' && part !== ''))
    throw failAt('invalid_request', `/${name}`, `${name} must list names`);
  if (parts.length > most) throw failAt('limit_exceeded', `/${name}`, `${name} may list at most ${most}`);
  return parts;
}

function parseCount(asked: unknown): Count {
  if (asked === undefined || asked === null) return { kind: 'none' };
  if (asked === 'none' || asked === 'estimated' || asked === 'exact') return { kind: asked };
  const cap = wholeNumber(asked, 'count', 1, 1_000_000);
  if (cap === undefined) throw failAt('invalid_request', '/count', 'count must be none, estimated, exact or a number');
  return { kind: 'capped', cap };
}

function wholeNumber(asked: unknown, name: string, least: number, most: number): number | undefined {
  if (asked === undefined || asked === null) return undefined;
  const value = typeof asked === 'string' && /^\d{1,16}$/.test(asked) ? Number(asked) : asked;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw failAt(
      'invalid_request',
      `/${name}`,
      `${name} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}`,
    );
  }
  return value;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
