/** One of a list of values. */
import { z } from 'zod';
import { literal } from '../../kit/sql.ts';
import { defineField, textual } from '../field-type.ts';
import { storableText } from './text.ts';

export const select = defineField({
  name: 'select',
  widget: 'select',
  group: 'choice',
  operators: textual,
  about: 'One of the values listed, stored as text.',
  settings: z.object({
    values: z
      .array(z.string().min(1).max(100).refine(storableText))
      .min(1, { error: 'needs at least one value' })
      .max(200)
      .refine((values) => new Set(values).size === values.length, { error: 'names a value twice' })
      .describe('The allowed values, in the order they are shown'),
  }),
  ty: ({ values }) => ({ kind: 'text', values }),
  column: ({ values }) => ({ type: 'text COLLATE "C"', check: (column) => `${column} IN (${values.map(literal).join(', ')})` }),
  input: ({ values }) => z.string().refine((value) => values.includes(value), { error: `must be one of ${values.join(', ')}` }),
});
