/** A number: a double, or a bigint when `integer` is set. */
import { z } from 'zod';
import { defineField, ordering } from '../field-type.ts';

const bound = z.number().refine((value) => Math.abs(value) <= 1e300, { error: 'must be within ±1e300' });

export const number = defineField({
  name: 'number',
  widget: 'number',
  group: 'number',
  operators: [...ordering, '+', '-'],
  about: 'A finite double within ±1e300; with `integer` a whole number within ±(2^53 − 1), stored as `bigint`.',
  settings: z.object({
    integer: z.boolean().default(false).describe('Whole numbers only'),
    min: bound.optional().describe('Least value'),
    max: bound.optional().describe('Greatest value'),
  }),
  ty: ({ integer }) => ({ kind: integer ? 'int' : 'number' }),
  column: ({ integer, min, max }) => ({
    type: integer ? 'bigint' : 'double precision',
    check: (column) =>
      [
        integer ? `${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}` : `abs(${column}) <= 1e300`,
        ...(min === undefined ? [] : [`${column} >= ${min}`]),
        ...(max === undefined ? [] : [`${column} <= ${max}`]),
      ].join(' AND '),
  }),
  input: ({ integer, min = -1e300, max = 1e300 }) =>
    z
      .number({ error: integer ? 'must be a whole number' : 'must be a number' })
      .refine((value) => !integer || Number.isSafeInteger(value), { error: 'must be a whole number within ±(2^53 − 1)' })
      .refine((value) => value >= min && value <= max, { error: `must be between ${min} and ${max}` })
      // -0 is stored as 0: JSON, Postgres and memory do not agree on it.
      .transform((value) => (value === 0 ? 0 : value)),
});
