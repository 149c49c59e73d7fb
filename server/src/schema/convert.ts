/**
 * A field gets another type: which changes are possible, how a value is converted, and which values are not.
 *
 * Only conversions that lose nothing are made: a text becomes what it is the canonical text of, whole numbers become
 * numbers and those decimals, a single reference a list of one. A value that does not fit is not cut, rounded or
 * nulled: the change is refused with the number of those values, and nothing is converted.
 */
import type { FieldDef } from '@underpin/sdk/wire';
import { ident } from '../kit/sql.ts';
import { fieldType } from './fields/index.ts';

export interface Conversion {
  /** The new value, over the old column. */
  readonly using: string;
  /** TRUE where the value can be converted without loss; values that are NULL always can. */
  readonly fits: string;
}

const texts: ReadonlySet<string> = new Set(['text', 'richtext', 'email', 'url', 'select']);
const kindOf = (field: FieldDef): string =>
  field.type === 'number' && field['integer'] === true ? 'integer' : texts.has(field.type) ? 'text' : field.type;

/** The one text of a value: what the API shows. */
const canonicalText: Readonly<Record<string, (column: string) => string>> = {
  integer: (column) => `${column}::text`,
  number: (column) => `${column}::text`,
  decimal: (column) => `${column}::text`,
  bool: (column) => `${column}::text`,
  date: (column) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  day: (column) => `to_char(${column}, 'YYYY-MM-DD')`,
  relation: (column) => `${column}::text`,
};
const sqlTypes: Readonly<Record<string, string>> = {
  integer: 'bigint',
  number: 'double precision',
  decimal: 'numeric',
  bool: 'boolean',
  date: 'timestamptz',
  day: 'date',
  relation: 'uuid',
};
const widening: ReadonlySet<string> = new Set(['integer number', 'integer decimal', 'number decimal']);
/** Of text itself only these: what an address or markup must be is not decided in SQL. */
const textTargets: ReadonlySet<string> = new Set(['text', 'select']);

const isList = (field: FieldDef): boolean => field.many === true;

/** Whether two definitions store their values differently, so that a change converts them. */
export const isConversion = (was: FieldDef, field: FieldDef): boolean =>
  kindOf(was) !== kindOf(field) ||
  was.to !== field.to ||
  isList(was) !== isList(field) ||
  (was.type !== field.type && !(texts.has(was.type) && field.type === 'text'));

/** How values of one definition become values of another; undefined where that is not possible. */
export function conversion(was: FieldDef, field: FieldDef): Conversion | undefined {
  const [from, to] = [kindOf(was), kindOf(field)];
  const column = ident(was.name);
  if (from === 'relation' && to === 'relation')
    return was.to === field.to && isList(was) !== isList(field) ? { using: column, fits: 'TRUE' } : undefined;
  if (from === 'file' && to === 'file')
    return isList(field)
      ? { using: `CASE WHEN ${column} IS NULL THEN '[]' ELSE jsonb_build_array(${column}) END`, fits: 'TRUE' }
      : { using: `${column} -> 0`, fits: `jsonb_array_length(${column}) ${field.required === true ? '=' : '<='} 1` };
  if (isList(was) || isList(field)) return undefined;
  const bounded = (using: string, fits: string): Conversion => {
    const check = fieldType(field.type)?.column(field)?.check?.(`(${using})`);
    return { using, fits: check === undefined ? fits : `CASE WHEN ${fits} THEN ${check} ELSE FALSE END` };
  };
  if (from === 'text' && to === 'text') return textTargets.has(field.type) ? bounded(column, 'TRUE') : undefined;
  if (widening.has(`${from} ${to}`))
    return bounded(`${column}::${to === 'decimal' && from === 'number' ? 'text::' : ''}${sqlTypes[to] ?? 'text'}`, 'TRUE');
  const print = canonicalText[from];
  if (to === 'text' && print !== undefined && textTargets.has(field.type)) return bounded(print(column), 'TRUE');
  const reprint = canonicalText[to];
  const type = sqlTypes[to];
  if (from !== 'text' || reprint === undefined || type === undefined) return undefined;
  const cast = `${column}::${type}`;
  const known = to === 'relation' ? ` AND EXISTS (SELECT 1 FROM public.${ident(field.to ?? '')} x WHERE x."id" = ${cast})` : '';
  return bounded(cast, `CASE WHEN underpin.fits(${column}, '${type}') THEN ${reprint(cast)} = ${column}${known} ELSE FALSE END`);
}
