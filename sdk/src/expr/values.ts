/**
 * What an expression means while it is being checked. Most things have a type and are IR at once; literals wait for the
 * other side of an operator to say what they are, and some things (a record, a list of records, `auth`) are no values at all.
 */
import { ExprError } from './ast.ts';
import type { Span } from './ast.ts';
import type { ConstValue, Ir, Many, Row } from './ir.ts';
import type { Ty } from './model.ts';
import { plainDecimal } from './scalar.ts';
import { parseDay, parseDuration, parseTime } from './times.ts';

export type Value = Span &
  (
    | { readonly kind: 'ir'; readonly ir: Ir }
    /** `loose`: came as text from a query string, and is read as whatever it is compared with. */
    | { readonly kind: 'string'; readonly value: string; readonly loose: boolean }
    | { readonly kind: 'number'; readonly raw: string }
    | { readonly kind: 'null' }
    | { readonly kind: 'list'; readonly items: readonly Value[] }
    | { readonly kind: 'row'; readonly row: Row; readonly name: string }
    | { readonly kind: 'many'; readonly many: Many; readonly name: string }
    | { readonly kind: 'object'; readonly path: readonly string[] }
  );
export type Literal = Extract<Value, { kind: 'string' | 'number' }>;

export const bool = { kind: 'bool' } as const;
export const text = { kind: 'text' } as const;

export const span = ({ start, end }: Span): Span => ({ start, end });
export const constant = (at: Span, value: ConstValue, ty: Ty): Ir => ({ op: 'const', value, ty, ...span(at) });
export const always = (at: Span, value: boolean): Ir => constant(at, value, bool);
export const not = (at: Span, of: Ir): Ir => ({ op: 'not', of, ty: bool, ...span(at) });
export const isLiteral = (value: Value): value is Literal => value.kind === 'string' || value.kind === 'number';
export const toValue = (ir: Ir): Value => ({ kind: 'ir', ir, ...span(ir) });

export function typeName(ty: Ty): string {
  if (ty.kind === 'list') return `a list of ${typeName(ty.of)}`;
  if (ty.kind === 'id') return ty.of === undefined ? 'an id' : `an id of ${ty.of}`;
  return ty.kind;
}

/** What to call a value in a message. */
export function valueName(value: Value): string {
  switch (value.kind) {
    case 'ir':
      return typeName(value.ir.ty);
    case 'string':
      return 'text';
    case 'row':
      return `a record of ${value.row.collection}`;
    case 'many':
      return `a list of ${value.many.to}`;
    case 'list':
      return 'a list';
    case 'object':
      return value.path.join('.');
    default:
      return value.kind;
  }
}

/** A value by itself, as IR: literals take their natural type, and what is no value is refused. */
export function settle(value: Value): Ir {
  switch (value.kind) {
    case 'ir':
      return value.ir;
    case 'string':
      return constant(value, value.value, text);
    case 'number':
      return asNumber(value, /[.eE]/.test(value.raw) ? 'number' : 'int');
    case 'null':
      throw new ExprError('null_value', 'null can only be compared with == and !=', value);
    case 'list':
      throw new ExprError('list_value', 'A written list can only stand right of "in"', value);
    case 'row':
      throw new ExprError(
        'row_value',
        `"${value.name}" is a record of ${value.row.collection}; compare one of its fields, as ${value.name}.id`,
        value,
      );
    case 'many':
      throw new ExprError('many_value', `"${value.name}" is a list of ${value.many.to}; use in, size(), exists() or all()`, value);
    case 'object':
      throw new ExprError('object_value', `"${value.path.join('.')}" has parts; name one of them`, value);
  }
}

/** A value beside something of type `ty`: a literal is read as that type if it can be, and settles otherwise. */
export function adopt(value: Value, ty: Ty): Ir {
  if (value.kind === 'number') return isNumeric(ty.kind) ? asNumber(value, ty.kind) : settle(value);
  if (value.kind !== 'string') return settle(value);
  // An id that is none equals nothing: it reads as null, and is no error, because ids come from outside.
  if (ty.kind === 'id') return constant(value, readId(value.value), { kind: 'id' });
  // A decimal is text wherever it is written down, and so it may be here.
  const isNumber = ty.kind === 'decimal' || (value.loose && isNumeric(ty.kind));
  if (isNumber && isNumeric(ty.kind) && plainDecimal(value.value) !== undefined) {
    return asNumber({ kind: 'number', raw: value.value, ...span(value) }, ty.kind);
  }
  if (!isTimely(ty.kind) && !(value.loose && (isNumeric(ty.kind) || ty.kind === 'bool'))) return settle(value);
  const read = readText(value.value, ty.kind);
  if (read !== undefined) return constant(value, read, ty);
  throw new ExprError(
    value.loose ? 'bad_param' : `bad_${ty.kind}`,
    `${JSON.stringify(value.value)} is no ${ty.kind}`,
    value,
    formats.get(ty.kind),
  );
}

const formats: ReadonlyMap<Ty['kind'], string> = new Map<Ty['kind'], string>([
  ['time', 'Write an ISO 8601 time of the years 1–9999, as "2026-01-02T15:04:05Z"'],
  ['day', 'Write a day as "2026-01-02"'],
  ['duration', 'Write a duration as "24h" or "1d12h30m"'],
]);

const readId = (value: string): string | null =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value.toLowerCase() : null;

function readText(value: string, kind: Ty['kind']): ConstValue | undefined {
  if (kind === 'time') return parseTime(value);
  if (kind === 'day') return parseDay(value);
  if (kind === 'duration') return parseDuration(value);
  if (kind === 'bool' && (value === 'true' || value === 'false')) return value === 'true';
  return undefined;
}

type NumericKind = 'int' | 'number' | 'decimal';
const isNumeric = (kind: Ty['kind']): kind is NumericKind => kind === 'int' || kind === 'number' || kind === 'decimal';
const isTimely = (kind: Ty['kind']): boolean => kind === 'time' || kind === 'day' || kind === 'duration';

function asNumber(literal: Extract<Value, { kind: 'number' }>, kind: NumericKind): Ir {
  const { raw } = literal;
  const plain = kind === 'decimal' ? plainDecimal(raw) : undefined;
  if (plain !== undefined) return constant(literal, plain, { kind: 'decimal' });
  // A double may be smaller than any decimal that we hold, down to 5e-324.
  const value = Number(raw);
  if (kind === 'decimal' || !Number.isFinite(value)) throw new ExprError('bad_number', `${raw} is out of range`, literal);
  if (!/[.eE]/.test(raw) && !Number.isSafeInteger(value)) {
    throw new ExprError('unsafe_int', `${raw} is beyond ±2^53; only decimals hold it`, literal);
  }
  const whole = kind === 'int' && Number.isSafeInteger(value);
  return constant(literal, value === 0 ? 0 : value, { kind: whole ? 'int' : 'number' });
}
