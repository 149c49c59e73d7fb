/** A moment: RFC 3339 with an offset in, UTC with milliseconds out. */
import { z } from 'zod';
import { defineField, ordering } from '../field-type.ts';

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** The moment in ms since 1970, what is finer cut off; undefined for what is no moment from year 1 to 9999. */
export function parseMoment(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offset = match[8] ?? 'Z';
  const [zoneHours, zoneMinutes] = offset.length === 1 ? [0, 0] : [Number(offset.slice(1, 3)), Number(offset.slice(4))];
  if (hour > 23 || minute > 59 || second > 59 || zoneHours > 23 || zoneMinutes > 59 || !isDay(year, month, day)) return undefined;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, Number((match[7] ?? '').padEnd(3, '0').slice(0, 3)));
  const moment = local.getTime() - (offset.startsWith('-') ? -1 : 1) * (zoneHours * 60 + zoneMinutes) * 60_000;
  const first = -62_135_596_800_000;
  const last = 253_402_300_799_999;
  return moment >= first && moment <= last ? moment : undefined;
}

/** Whether there is such a day, from year 1 to 9999. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return year >= 1 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

export const date = defineField({
  name: 'date',
  widget: 'date',
  group: 'time',
  operators: [...ordering, '+', '-'],
  about: 'A moment with milliseconds, stored as `timestamptz(3)`: RFC 3339 with an offset in (what is finer is cut), UTC out.',
  settings: z.object({}),
  ty: () => ({ kind: 'time' }),
  column: () => ({ type: 'timestamptz(3)', check: (column) => `isfinite(${column})` }),
  input: () =>
    z
      .string({ error: 'must be a moment like "2026-01-31T12:00:00Z"' })
      .refine((value) => parseMoment(value) !== undefined, { error: 'must be a moment like "2026-01-31T12:00:00Z", with an offset' })
      .transform((value) => new Date(parseMoment(value) ?? 0).toISOString()),
});
