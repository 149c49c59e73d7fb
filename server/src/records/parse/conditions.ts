/** What a request asks of one collection: its conditions, its order, its fields; checked against the caller's view of it. */
import { clientLimits, ExprError, type Ast } from '@underpin/sdk/expr/ast';
import { check, checkValue } from '@underpin/sdk/expr/check';
import type { Ir } from '@underpin/sdk/expr/ir';
import { fold, foldValue } from '@underpin/sdk/expr/fold';
import { fromWhere } from '@underpin/sdk/expr/object';
import { parse } from '@underpin/sdk/expr/parse';
import { print } from '@underpin/sdk/expr/print';
import { failAt, Failure } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { authFields } from '../../schema/model.ts';
import { isObject, names, type Input } from './input.ts';
import { mentionsMoment, modelOf, readOf, type Caller } from '../policy.ts';

export interface SortKey {
  readonly ir: Ir;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly nullable: boolean;
  /** By how well a record matches a search; `ir` says only of what type that is. */
  readonly isRank?: true;
}

/** Conditions folded for the caller. `nothing`: no row can match, and none is asked for. */
export interface Conditions {
  readonly filter: readonly Ir[];
  readonly nothing: boolean;
  /** Whether they ask for the moment. */
  readonly momentary: boolean;
  readonly texts: readonly string[];
}

/** The filter and `where` of a request, folded. `texts` say the same for two requests that ask the same. */
export function parseConditions(
  caller: Caller,
  collection: Collection,
  input: Pick<Input, 'filter' | 'where' | 'params' | 'text'>,
  pointer = '',
): Conditions {
  const params = parseParams(input);
  const texts: string[] = [];
  const filter: Ir[] = [];
  let nothing = false;
  let momentary = false;
  const add = (name: string, read: () => Ast): void => {
    const ir = withPointer(`${pointer}/${name}`, () => {
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
    if (typeof text !== 'string') throw failAt('invalid_filter', `${pointer}/filter`, 'The filter must be text');
    add('filter', () => parse(text, clientLimits));
  }
  if (input.where !== undefined && input.where !== null) add('where', () => fromWhere(input.where, clientLimits));
  return { filter, nothing, momentary, texts: [...texts, JSON.stringify(params)] };
}

export const checking = (caller: Caller, collection: Collection) => ({
  schema: modelOf(caller),
  collection: collection.name,
  scope: 'filter' as const,
  auth: authFields(caller.schema),
  limits: clientLimits,
});

function parseParams(input: Pick<Input, 'params'>): Readonly<Record<string, unknown>> {
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
    const code = error.code === 'unknown_field' ? 'unknown_field' : pointer.endsWith('/sort') ? 'invalid_request' : 'invalid_filter';
    const message = `${error.message}${error.hint === undefined ? '' : `. ${error.hint}`} (at ${error.start + 1})`;
    throw new Failure(code, { detail: message, errors: [{ pointer, code: error.code, message }] }, error);
  }
}

/** `-created,author.name`; the id comes last, so that the order is one. */
export function parseSort(
  caller: Caller,
  collection: Collection,
  asked: unknown,
  pointer = '/sort',
  isRanked = false,
): { keys: readonly SortKey[]; text: string } {
  const parts =
    asked === undefined || asked === null || asked === ''
      ? [isRanked ? '-_rank' : '-created']
      : names(asked, pointer.slice(1), limits.list.sort);
  const keys = parts.map((part) =>
    isRanked && /^-?_rank$/.test(part) ? rankKey(part.startsWith('-')) : parseSortKey(caller, collection, part, pointer),
  );
  if (!parts.some((part) => /^-?id$/.test(part)))
    keys.push(parseSortKey(caller, collection, keys[0]?.descending === true ? '-id' : 'id', pointer));
  return { keys, text: parts.join() };
}

const rankKey = (descending: boolean): SortKey => ({
  ir: { op: 'const', value: 0, ty: { kind: 'number' }, start: 0, end: 0 },
  descending,
  nullsFirst: descending,
  nullable: false,
  isRank: true,
});

const unsortable = new Set(['list', 'json', 'geo']);
function parseSortKey(caller: Caller, collection: Collection, part: string, pointer: string): SortKey {
  const match = /^(-?)([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)(:last)?$/.exec(part);
  const path = match?.[2];
  if (/^-?_rank$/.test(part)) throw failAt('invalid_request', pointer, 'Only what is searched has a rank; give search too');
  if (match === null || path === undefined)
    throw failAt('invalid_request', pointer, `"${part}" is no sort key; write field, -field or -field:last`);
  const ir = withPointer(pointer, () => checkValue(parse(path, clientLimits), checking(caller, collection)).ir);
  if (ir.op !== 'column') throw failAt('invalid_request', pointer, `"${path}" is no field`);
  if (unsortable.has(ir.ty.kind)) throw failAt('invalid_request', pointer, `"${path}" has no order`);
  const field = ir.row.origin.kind === 'record' ? collection.byName.get(ir.field) : undefined;
  const present =
    field !== undefined &&
    (field.def.required === true || (field.system && field.name !== 'ended')) &&
    readOf(caller, collection, field).length === 0;
  const descending = match[1] === '-';
  return { ir: foldValue(ir, caller.fold), descending, nullsFirst: descending && match[3] === undefined, nullable: !present };
}

export function parseFields(caller: Caller, collection: Collection, asked: readonly string[], pointer: string): readonly Field[] {
  return asked.map((name) => {
    const field = collection.byName.get(name);
    if (field === undefined || readOf(caller, collection, field) === 'never')
      throw failAt('unknown_field', pointer, `Unknown field "${name}" on "${collection.name}"`);
    return field;
  });
}
