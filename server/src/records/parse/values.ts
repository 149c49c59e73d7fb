/** The body of a write → values to bind. Says first what may not be named at all, then what does not fit. */
import type { ProblemField } from '@underpin/sdk/wire';
import { foldValue } from '@underpin/sdk/expr/fold';
import { ExprError } from '@underpin/sdk/expr/ast';
import { fail, failAt, type Failure } from '../../kit/errors.ts';
import { parseId } from '../../kit/ids.ts';
import { pgType } from '../../expr/params.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import { problemsOf } from '../../schema/definition.ts';
import { defaultExpression, guardedFields } from '../../schema/rules.ts';
import type { Caller } from '../policy.ts';
import { isObject } from './input.ts';

export interface Value {
  readonly field: Field;
  /** What is bound; for `inc` the amount. */
  readonly value: unknown;
  /** Absent: the value replaces what is there. */
  readonly change?:
    { readonly kind: 'inc' } | { readonly kind: 'list'; readonly add: readonly string[]; readonly remove: readonly string[] };
}

export interface Values {
  /** Each field that is written, with what is bound. */
  readonly values: readonly Value[];
  /** The names that the caller sent. */
  readonly sent: ReadonlySet<string>;
  readonly id: string | undefined;
  /** What does not fit: refused only after it is known that the record is there and the rule lets him. */
  readonly invalid: Failure | undefined;
}

const readOnlyNames = new Set(['id', 'created', 'updated', 'version', 'expand', '_can', '_rank']);

/** Reads a body. `create` fills in defaults and asks for what is required; `email` is a new account's, given apart. */
export function parseValues(caller: Caller, collection: Collection, body: unknown, mode: 'create' | 'update', email?: string): Values {
  if (!isObject(body)) throw failAt('invalid_request', '', 'The body must be a JSON object');
  const given = Object.entries(body);
  const named = given.filter(([name]) => !(name === 'id' && mode === 'create' && mayGiveId(collection)));
  const fields = named.map(([name, value]) => ({ field: writableField(caller, collection, name), value }));
  const sent = new Set(named.map(([name]) => name));
  const problems: ProblemField[] = [];
  const values: Value[] = fields.map(
    ({ field, value }) => readChange(field, value, mode, problems) ?? { field, value: readValue(field, value, problems) },
  );
  for (const field of collection.fields) {
    if (sent.has(field.name)) continue;
    if (email !== undefined && field.system && field.name === 'email') {
      values.push({ field, value: readValue(field, email, problems) });
      continue;
    }
    const filled =
      guardValue(caller, collection, field, mode) ??
      defaultOf(caller, collection, field, mode === 'create' ? 'default' : 'onUpdate', problems);
    if (filled !== undefined) values.push({ field, value: filled.value });
    else if (mode === 'create' && field.written !== 'never') {
      if (field.def.required === true) problems.push({ pointer: `/${field.name}`, code: 'required', message: 'is required' });
      if (field.junction === undefined) values.push({ field, value: field.system ? systemDefault(field) : null });
    }
  }
  const id = mode === 'create' && Object.hasOwn(body, 'id') ? readId(body['id'], problems) : undefined;
  const invalid =
    problems.length === 0
      ? undefined
      : fail('validation_failed', { detail: problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; '), errors: problems });
  return { values, sent, id, invalid };
}

/** Clients may choose the ids of records; those of accounts are ours. */
const mayGiveId = (collection: Collection): boolean => collection.kind === 'base' && !collection.system;

function writableField(caller: Caller, collection: Collection, name: string): Field {
  const field = collection.byName.get(name);
  if (field?.written === 'never' || readOnlyNames.has(name)) throw failAt('read_only', `/${name}`, `"${name}" cannot be written`);
  const unknown = field === undefined || (field.written === 'admins' && !caller.exempt);
  if (unknown) throw failAt('unknown_field', `/${name}`, `Unknown field "${name}" on "${collection.name}"`);
  return field;
}

function readValue(field: Field, value: unknown, problems: ProblemField[]): unknown {
  if (value === null || value === undefined) {
    if (field.def.required === true || field.junction !== undefined || (field.system && field.type.name !== 'text'))
      problems.push({ pointer: `/${field.name}`, code: 'required', message: 'must not be null' });
    return null;
  }
  const parsed = field.type.input(field.def).safeParse(value);
  if (parsed.success) return parsed.data;
  problems.push(...problemsOf(parsed.error, `/${field.name}`, 'invalid_value'));
  return null;
}

const operatorNames = ['$inc', '$add', '$remove'];

/** `{ "$inc": 1 }`, `{ "$add": […], "$remove": […] }`: changes of what is stored. In json fields every object is data. */
function readChange(field: Field, value: unknown, mode: 'create' | 'update', problems: ProblemField[]): Value | undefined {
  if (!isObject(value) || field.ty.kind === 'json') return undefined;
  const names = Object.keys(value);
  if (names.length === 0 || !names.some((name) => name.startsWith('$'))) return undefined;
  const refuse = (name: string, message: string): Value => {
    problems.push({ pointer: `/${field.name}/${name}`, code: 'invalid_value', message });
    return { field, value: null };
  };
  const allowed =
    mode === 'create'
      ? []
      : field.junction !== undefined
        ? operatorNames.slice(1)
        : ['int', 'number', 'decimal'].includes(field.ty.kind)
          ? ['$inc']
          : [];
  const wrong = names.find((name) => !allowed.includes(name));
  if (wrong !== undefined) return refuse(wrong, mode === 'create' ? 'is for changes only' : `is no change that "${field.name}" takes`);
  if (field.junction === undefined)
    return { field, value: readValue(withoutBounds(field), value['$inc'], problems), change: { kind: 'inc' } };
  const ids = (name: string): readonly string[] => {
    const read = value[name] === undefined ? [] : readValue(field, value[name], problems);
    return Array.isArray(read) ? read : [];
  };
  const [add, remove] = [ids('$add'), ids('$remove')];
  if (add.some((id) => remove.includes(id))) return refuse('$remove', 'names a record that $add names too');
  return { field, value: null, change: { kind: 'list', add, remove } };
}

/** The bounds of a number are for what comes out, which the column's check judges, not for the amount. */
const withoutBounds = (field: Field): Field => ({ ...field, def: { ...field.def, min: undefined, max: undefined, required: true } });

function readId(value: unknown, problems: ProblemField[]): string | undefined {
  const id = parseId(value);
  if (id === undefined) problems.push({ pointer: '/id', code: 'invalid_value', message: 'must be a uuid' });
  return id;
}

/** What a guard asks of a new record, where the caller did not say it. */
function guardValue(
  caller: Caller,
  collection: Collection,
  field: Field,
  mode: 'create' | 'update',
): { readonly value: unknown } | undefined {
  if (mode !== 'create' || caller.exempt || typeof collection.def.guard !== 'string') return undefined;
  const wanted = guardedFields(caller.schema, collection).get(field.name);
  const folded = wanted === undefined ? undefined : foldValue(wanted, caller.fold);
  return folded?.op === 'const' && folded.value !== null ? { value: folded.value } : undefined;
}

/** What a field gets that was not sent; undefined where it has no such default. */
function defaultOf(
  caller: Caller,
  collection: Collection,
  field: Field,
  place: 'default' | 'onUpdate',
  problems: ProblemField[],
): { readonly value: unknown } | undefined {
  const plain = field.def[place];
  if (plain === undefined || plain === null) return undefined;
  const ir = defaultExpression(caller.schema, collection, field, place);
  if (ir === undefined) return { value: readValue(field, plain, problems) };
  const folded = foldValue(ir, caller.fold);
  if (folded.op !== 'const') throw new ExprError('not_constant', 'A default must not depend on a record', ir);
  if (folded.value === null) return undefined;
  return { value: folded.ty.kind === 'time' ? new Date(Number(folded.value)).toISOString() : folded.value };
}

/** The fields of accounts that only admins write begin empty. */
const systemDefault = (field: Field): unknown => (field.ty.kind === 'list' ? [] : field.ty.kind === 'bool' ? false : null);

/** What is stored of a bound value. */
export const storedValue = (field: Field, sql: string): string => (field.system ? sql : field.type.stored(field.def, sql));

/** The type with which a field's values are bound. */
export const bindType = (field: Field): string => pgType(field.ty);
