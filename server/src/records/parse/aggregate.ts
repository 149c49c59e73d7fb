/** The body of an aggregate → its groups, what is taken together, and in which order; checked against the caller's view. */
import { clientLimits } from '@underpin/sdk/expr/ast';
import { check, checkValue } from '@underpin/sdk/expr/check';
import { fold } from '@underpin/sdk/expr/fold';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { SchemaModel, Ty } from '@underpin/sdk/expr/model';
import { parse } from '@underpin/sdk/expr/parse';
import { isZone } from '@underpin/sdk/expr/times';
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import { authFields } from '../../schema/model.ts';
import { checking, parseConditions, withPointer, type Conditions } from './conditions.ts';
import { isObject, membersOf, names, wholeNumber } from './input.ts';
import type { Caller } from '../policy.ts';

/** A column of the answer. */
export interface Output {
  readonly name: string;
  readonly ty: Ty;
  /** The value that is grouped by or taken together; absent for `count()`. */
  readonly of: Ir | undefined;
  readonly how: How | { readonly by: string; readonly zone: string } | undefined;
}
const functions = ['count', 'countDistinct', 'sum', 'avg', 'min', 'max'] as const;
type How = (typeof functions)[number];

export interface Aggregate {
  readonly groups: readonly Output[];
  readonly outputs: readonly Output[];
  readonly conditions: Conditions;
  readonly having: readonly Ir[];
  /** A `having` that never holds. */
  readonly nothing: boolean;
  readonly sort: readonly { readonly name: string; readonly descending: boolean }[];
  readonly limit: number;
}

export function parseAggregate(caller: Caller, collection: Collection, body: unknown): Aggregate {
  const given = membersOf(body, ['group', 'select', 'where', 'filter', 'params', 'having', 'sort', 'limit']);
  const groups = parseGroups(caller, collection, given['group']);
  const outputs = [...groups, ...parseSelect(caller, collection, given['select'])];
  const twice = outputs.find(({ name }, index) => outputs.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw failAt('invalid_request', '/select', `"${twice.name}" stands in the answer twice`);
  const { where, filter, params } = given;
  const having = parseHaving(caller, outputs, given['having'], params);
  return {
    groups,
    outputs,
    conditions: parseConditions(caller, collection, { where, filter, params, text: false }),
    ...having,
    sort: parseSort(outputs, groups, given['sort']),
    limit: wholeNumber(given['limit'], 'limit', 1, limits.aggregate.rows) ?? limits.aggregate.fallback,
  };
}

const units = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

function parseGroups(caller: Caller, collection: Collection, asked: unknown): readonly Output[] {
  if (asked === undefined || asked === null) return [];
  if (!Array.isArray(asked)) throw failAt('invalid_request', '/group', 'group must be a list');
  if (asked.length > limits.aggregate.groups) throw failAt('limit_exceeded', '/group', `group may list at most ${limits.aggregate.groups}`);
  return asked.map((one: unknown, index) => {
    const pointer = `/group/${index}`;
    const { field, by, tz = 'UTC', as } = typeof one === 'string' ? { field: one } : groupOf(one, pointer);
    const of = valueAt(caller, collection, field, pointer);
    if (['json', 'list', 'geo'].includes(of.ty.kind)) throw failAt('invalid_request', pointer, `"${field}" has no groups`);
    const name = as ?? field;
    if (by === undefined) return { name, ty: of.ty, of, how: undefined };
    if (of.ty.kind !== 'time' && of.ty.kind !== 'day')
      throw failAt('invalid_request', `${pointer}/by`, `"${field}" is no moment and no day`);
    if (!units.includes(by)) throw failAt('invalid_request', `${pointer}/by`, `by must be one of ${units.join(', ')}`);
    return { name, ty: of.ty, of, how: { by, zone: tz } };
  });
}

const answerName = /^[a-z][A-Za-z0-9_]{0,47}$/;

function groupOf(one: unknown, pointer: string): { field: string; by?: string; tz?: string; as?: string } {
  if (!isObject(one)) throw failAt('invalid_request', pointer, 'must be a field or an object');
  for (const key of Object.keys(one))
    if (!['field', 'by', 'tz', 'as'].includes(key)) throw failAt('invalid_request', `${pointer}/${key}`, 'is not known');
  const { field, by, tz, as } = one;
  if (typeof field !== 'string') throw failAt('invalid_request', `${pointer}/field`, 'must name a field');
  if (as !== undefined && (typeof as !== 'string' || !answerName.test(as)))
    throw failAt('invalid_request', `${pointer}/as`, 'must be a name of letters, digits and _');
  if (by !== undefined && typeof by !== 'string') throw failAt('invalid_request', `${pointer}/by`, `by must be one of ${units.join(', ')}`);
  if (tz !== undefined && (typeof tz !== 'string' || !/^[A-Za-z0-9_+\-/]{1,64}$/.test(tz) || !isZone(tz)))
    throw failAt('invalid_request', `${pointer}/tz`, 'tz must be a name of a time zone, like Europe/Paris');
  return { field, ...(by === undefined ? {} : { by }), ...(tz === undefined ? {} : { tz }), ...(as === undefined ? {} : { as }) };
}

function parseSelect(caller: Caller, collection: Collection, asked: unknown): readonly Output[] {
  if (!isObject(asked) || Object.keys(asked).length === 0)
    throw failAt('invalid_request', '/select', 'select must name what is counted, as { "n": "count()" }');
  const entries = Object.entries(asked);
  if (entries.length > limits.aggregate.outputs)
    throw failAt('limit_exceeded', '/select', `select may name at most ${limits.aggregate.outputs}`);
  return entries.map(([name, text]) => {
    const pointer = `/select/${name}`;
    if (!answerName.test(name)) throw failAt('invalid_request', pointer, 'must be a name of letters, digits and _');
    const [, found, field = ''] = (typeof text === 'string' ? /^(\w+)\(([a-z0-9_.]*)\)$/.exec(text) : null) ?? [];
    const how = functions.find((one) => one === found);
    if (how === undefined || (field === '' && how !== 'count'))
      throw failAt('invalid_request', pointer, `must be count() or one of ${functions.join(', ')} with a field, as sum(views)`);
    const of = field === '' ? undefined : valueAt(caller, collection, field, pointer);
    return { name, ty: typeOf(how, of, pointer), of, how };
  });
}

/** What comes out, or a refusal where there is nothing to come out. */
function typeOf(how: How, of: Ir | undefined, pointer: string): Ty {
  const kind = of?.ty.kind ?? 'int';
  const refuse = () => failAt('invalid_request', pointer, `${how}() does not take ${kind}`);
  switch (how) {
    case 'count':
      return { kind: 'int' };
    case 'countDistinct':
      if (kind === 'json' || kind === 'geo' || kind === 'list') throw refuse();
      return { kind: 'int' };
    case 'sum':
    case 'avg':
      if (kind === 'decimal') return { kind };
      if (kind !== 'int' && kind !== 'number') throw refuse();
      return { kind: how === 'sum' ? kind : 'number' };
    case 'min':
    case 'max':
      if (of === undefined || !['text', 'int', 'number', 'decimal', 'time', 'day'].includes(kind)) throw refuse();
      return of.ty;
  }
}

/** A field or a field of a record that a field leads to, as the caller sees it. */
function valueAt(caller: Caller, collection: Collection, path: string, pointer: string): Ir {
  if (!/^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/.test(path)) throw failAt('invalid_request', pointer, `"${path}" is no field`);
  const ir = withPointer(pointer, () => checkValue(parse(path, clientLimits), checking(caller, collection)).ir);
  if (ir.op !== 'column') throw failAt('invalid_request', pointer, `"${path}" is no field`);
  return ir;
}

/** A filter over the names of the answer. */
function parseHaving(caller: Caller, outputs: readonly Output[], asked: unknown, params: unknown): Pick<Aggregate, 'having' | 'nothing'> {
  if (asked === undefined || asked === null) return { having: [], nothing: false };
  if (typeof asked !== 'string') throw failAt('invalid_filter', '/having', 'having must be text');
  const answer = { name: 'answer', fields: new Map(outputs.map(({ name, ty }) => [name, { name, ty }])) };
  const schema: SchemaModel = { collection: (name) => (name === 'answer' ? answer : undefined), names: () => ['answer'] };
  const given = isObject(params) ? params : {};
  const options = {
    schema,
    collection: 'answer',
    scope: 'filter' as const,
    auth: authFields(caller.schema),
    limits: clientLimits,
    params: given,
  };
  const folded = fold(
    withPointer('/having', () => check(parse(asked, clientLimits), options).ir),
    caller.fold,
  );
  if (folded.verdict === 'depends') return { having: [folded.ir], nothing: false };
  return { having: [], nothing: folded.verdict === 'never' };
}

function parseSort(outputs: readonly Output[], groups: readonly Output[], asked: unknown): Aggregate['sort'] {
  if (asked === undefined || asked === null) return groups.map(({ name }) => ({ name, descending: false }));
  return names(asked, 'sort', limits.list.sort).map((part) => {
    const descending = part.startsWith('-');
    const name = descending ? part.slice(1) : part;
    if (!outputs.some((output) => output.name === name)) throw failAt('unknown_field', '/sort', `There is no "${name}" in the answer`);
    return { name, descending };
  });
}
