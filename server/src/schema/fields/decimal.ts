/** An exact decimal number, as money is: text of digits in JSON, `numeric` in Postgres. */
import { z } from 'zod';
import { defineField, ordering } from '../field-type.ts';

const digits = /^-?\d{1,100}(\.\d{1,50})?$/;

/** Text of digits, or a JSON number that has its shortest text within 15 digits; undefined if it is neither. */
export function parseDecimal(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isFinite(value) && significant(value) <= 15 ? plain(value) : value;
  return typeof text === 'string' && digits.test(text) ? text : undefined;
}
const significant = (value: number): number => value.toExponential().replace(/e.*/, '').replace(/\D/g, '').length;
const plain = (value: number): string => (Number.isInteger(value) ? BigInt(value).toString() : String(value));

export const decimal = defineField({
  name: 'decimal',
  widget: 'decimal',
  group: 'number',
  operators: ordering,
  about:
    'An exact decimal number of up to 100 digits before and 50 after the point: text in JSON, `numeric` in Postgres, compared exactly.',
  settings: z.object({ scale: z.number().int().min(0).max(50).optional().describe('Greatest number of digits after the point') }),
  ty: () => ({ kind: 'decimal' }),
  column: ({ scale }) => ({ type: 'numeric', check: (column) => `abs(${column}) < 1e100 AND scale(${column}) <= ${scale ?? 50}` }),
  input: ({ scale = 50 }) =>
    z
      .unknown()
      .refine((value) => parseDecimal(value) !== undefined, { error: 'must be a decimal number as text, like "12.50"' })
      .transform((value) => parseDecimal(value) ?? '')
      .refine((value) => (value.split('.')[1]?.length ?? 0) <= scale, { error: `must have at most ${scale} digits after the point` }),
});
