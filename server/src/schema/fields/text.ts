/** Text of any length up to a bound, ordered by code point. */
import { z } from 'zod';
import { limits } from '../../kit/limits.ts';
import { defineField, textual } from '../field-type.ts';

/** Neither NUL nor half of a surrogate pair: Postgres cannot hold the one, UTF-8 not the other. */
export const storableText = (value: string): boolean => !value.includes('\0') && value.isWellFormed();
/** Length as people and Postgres count it: by code point. */
export const codePoints = (value: string): number => [...value].length;

/** The setting that lets a field be searched: how much its words weigh. */
export const searchable = z
  .preprocess((value) => (value === true ? 'D' : value), z.enum(['A', 'B', 'C', 'D'], { error: 'must be A, B, C or D' }))
  .optional()
  .describe('Weight of its words in a search: A the most, D the least');

export const text = defineField({
  name: 'text',
  widget: 'text',
  group: 'text',
  operators: textual,
  about: 'Text, stored as `text COLLATE "C"`; compared and ordered by Unicode code point.',
  settings: z.object({
    min: z.number().int().min(0).max(limits.text).optional().describe('Least number of characters'),
    max: z.number().int().min(1).max(limits.text).optional().describe('Greatest number of characters'),
    searchable,
  }),
  ty: () => ({ kind: 'text' }),
  column: ({ min, max }) => ({
    type: 'text COLLATE "C"',
    check: (column) =>
      [`char_length(${column}) <= ${max ?? limits.text}`, ...(min === undefined ? [] : [`char_length(${column}) >= ${min}`])].join(' AND '),
  }),
  input: ({ min = 0, max = limits.text }) =>
    z
      .string()
      .refine(storableText, { error: 'must hold neither NUL nor half of a surrogate pair' })
      .refine((value) => codePoints(value) >= min, { error: `must have at least ${min} characters` })
      .refine((value) => codePoints(value) <= max, { error: `must have at most ${max} characters` }),
});
