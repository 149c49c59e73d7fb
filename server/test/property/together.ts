/** What values as they are shown come to together, decimals digit by digit; and the parts of time by which they are grouped. */
import type { ConstValue } from '@underpin/sdk/expr/ir';

export const units = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type Unit = (typeof units)[number];

export function sumOf(values: readonly unknown[]): string | number | null {
  if (values.length === 0) return null;
  if (typeof values[0] !== 'string') return values.reduce<number>((sum, value) => sum + Number(value), 0);
  const { whole, scale } = totalOf(values);
  return printDecimal(whole, scale);
}

export function averageOf(values: readonly unknown[]): string | number | null {
  if (values.length === 0) return null;
  if (typeof values[0] !== 'string') return values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
  const { whole, scale } = totalOf(values);
  const shown = Math.max(scale, digitsOf(whole, scale, values.length));
  const count = BigInt(values.length);
  const exact = whole * 10n ** BigInt(shown - scale);
  const half = exact < 0n ? -count : count;
  // Half away from zero; the quotient of whole numbers is cut.
  return printDecimal((2n * exact + half) / (2n * count), shown);
}

/** Sum in units of the last of `scale` digits. */
function totalOf(values: readonly unknown[]): { readonly whole: bigint; readonly scale: number } {
  const parts = values.map((value) => String(value).split('.'));
  const scale = Math.max(...parts.map(([, fraction = '']) => fraction.length));
  const whole = parts.reduce((sum, [digits = '', fraction = '']) => sum + BigInt(digits + fraction.padEnd(scale, '0')), 0n);
  return { whole, scale };
}

function printDecimal(whole: bigint, scale: number): string {
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return whole < 0n ? `-${text}` : text;
}

/**
 * How many digits Postgres gives a quotient: at least sixteen that count (select_div_scale in its numeric.c, which reckons in
 * groups of four).
 */
function digitsOf(whole: bigint, scale: number, count: number): number {
  const [weight, first] = leadingGroup(whole, scale);
  const [countWeight, countFirst] = leadingGroup(BigInt(count), 0);
  return Math.max(0, 16 - 4 * (weight - countWeight - (first <= countFirst ? 1 : 0)));
}
/** Where the first group of four digits stands that is not 0, and what it says. */
function leadingGroup(whole: bigint, scale: number): readonly [weight: number, first: number] {
  if (whole === 0n) return [0, 0];
  const digits = String(whole < 0n ? -whole : whole);
  const weight = Math.floor((digits.length - scale - 1) / 4);
  const length = digits.length - scale - 4 * weight;
  return [weight, Number(digits.slice(0, length).padEnd(length, '0'))];
}

/** The day or moment at which its minute, hour, … began; a moment's in that zone. */
export function beginning(value: ConstValue, by: Unit, zone: string): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return new Date(cut(Date.parse(`${value}T00:00:00Z`), by)).toISOString().slice(0, 10);
  const ms = Number(value);
  const local = cut(ms + offsetAt(ms, zone), by);
  // The offset there may be another than here.
  return new Date(local - offsetAt(local - offsetAt(ms, zone), zone)).toISOString();
}

/** Of a moment, as clocks that never change would show it. */
function cut(ms: number, by: Unit): number {
  const at = new Date(ms);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  // Not Date.UTC, which takes the year 1 for 1901.
  const begin = (inYear: number, inMonth: number, inDay: number): number => new Date(0).setUTCFullYear(inYear, inMonth, inDay);
  switch (by) {
    case 'minute':
      return Math.floor(ms / 60_000) * 60_000;
    case 'hour':
      return Math.floor(ms / 3_600_000) * 3_600_000;
    case 'day':
      return begin(year, month, day);
    case 'week':
      return begin(year, month, day - ((at.getUTCDay() + 6) % 7));
    case 'month':
      return begin(year, month, 1);
    case 'quarter':
      return begin(year, month - (month % 3), 1);
    case 'year':
      return begin(year, 0, 1);
  }
}

/** How far the clocks of a zone are ahead. */
function offsetAt(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(ms);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1000 : 1000);
}
