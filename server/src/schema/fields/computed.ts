/** A value that Postgres works out from the other columns of its row; written by nobody. */
import { z } from 'zod';
import { defineField, ordering } from '../field-type.ts';

export const computed = defineField({
  name: 'computed',
  widget: 'computed',
  group: 'computed',
  operators: ordering,
  about:
    'An expression over the other fields of the record, kept as a generated column: `+ - * /`, comparisons, `? :`, round, lower, concat, coalesce.',
  settings: z.object({
    expr: z.string().min(1).max(8192).describe('What it is: an expression over fields of this collection'),
    returns: z.enum(['text', 'int', 'number', 'decimal', 'bool']).optional().describe('Set by the server: the type of the result'),
  }),
  ty: ({ returns = 'text' }) => ({ kind: returns }),
  column: () => undefined,
  input: () => z.never(),
});
