/** A calendar day without a time or a zone. */
import { z } from 'zod';
import { defineField, ordering } from '../field-type.ts';
import { isDay } from './date.ts';

const parts = /^(\d{4})-(\d\d)-(\d\d)$/;
const isCalendarDay = (value: string): boolean => {
  const [, year, month, day] = (parts.exec(value) ?? []).map(Number);
  return year !== undefined && month !== undefined && day !== undefined && isDay(year, month, day);
};

export const day = defineField({
  name: 'day',
  widget: 'day',
  group: 'time',
  operators: ordering,
  about: 'A calendar day from 0001-01-01 to 9999-12-31, stored as `date`, without time or zone.',
  settings: z.object({}),
  ty: () => ({ kind: 'day' }),
  column: () => ({ type: 'date', check: (column) => `isfinite(${column})` }),
  input: () => z.string({ error: 'must be a day like "2026-01-31"' }).refine(isCalendarDay, { error: 'must be a day like "2026-01-31"' }),
});
