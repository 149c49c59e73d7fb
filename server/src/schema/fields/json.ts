/** Any JSON value; JSON null is the same as no value. */
import { z } from 'zod';
import { limits } from '../../kit/limits.ts';
import { defineField } from '../field-type.ts';
import { storableText } from './text.ts';

/** Texts and names that Postgres can hold, numbers that a double can. Depth and size were bounded when the body was read. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (value !== null && typeof value === 'object')
    return Object.entries(value).every(([name, inner]) => storableText(name) && isStorable(inner));
  return true;
}

export const json = defineField({
  name: 'json',
  widget: 'json',
  group: 'structure',
  operators: ['.', '==', '!=', '<', '<=', '>', '>=', 'in', 'startsWith', 'endsWith', 'contains'],
  about: 'Any JSON value, stored as `jsonb`; every object in it is data. JSON null is the same as no value.',
  settings: z.object({}),
  ty: () => ({ kind: 'json' }),
  column: () => ({
    type: 'jsonb',
    check: (column) => `jsonb_typeof(${column}) <> 'null' AND octet_length(${column}::text) <= ${limits.text}`,
  }),
  input: () =>
    z
      .unknown()
      .refine(isStorable, { error: 'must hold neither NUL nor half of a surrogate pair' })
      .transform((value) => JSON.stringify(value)),
});
