/**
 * What it means for two present values to be equal or ordered. The one definition: the folder and the evaluator use it, and
 * the SQL back end is held to it by test. Both sides have already been brought to one class.
 */
import type { CompareClass, ConstValue, Ir } from './ir.ts';

export type Comparison = Extract<Ir, { op: 'compare' }>['how'];

/** Whether `left how right` holds. Json values of different types are neither equal nor ordered. */
export function holds(how: Comparison, as: CompareClass, left: ConstValue, right: ConstValue): boolean {
  if (how === 'eq') return areEqual(as, left, right);
  const order = compareValues(as, left, right);
  if (order === undefined) return false;
  switch (how) {
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
  }
}

export function areEqual(as: CompareClass, left: ConstValue, right: ConstValue): boolean {
  if (as === 'json') return jsonEqual(left, right);
  if (as === 'decimal') return compareDecimals(String(left), String(right)) === 0;
  if (as === 'number') return Number(left) === Number(right);
  return left === right;
}

/** Below zero, zero, above zero; undefined where there is no order. */
export function compareValues(as: CompareClass, left: ConstValue, right: ConstValue): number | undefined {
  if (as === 'decimal') return compareDecimals(String(left), String(right));
  // A decimal beside a double is compared as a double, as Postgres does.
  if (as === 'number') return Number(left) - Number(right);
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (typeof left === 'number' && typeof right === 'number') return order(left, right);
  return undefined;
}

/** By code point, which is the order of UTF-8 bytes and of Postgres's `COLLATE "C"`; UTF-16 order differs above U+FFFF. */
export function compareText(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let i = 0; i < shorter; i += 1) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const aIsHalf = isSurrogate(a);
    return aIsHalf === isSurrogate(b) ? a - b : aIsHalf ? 1 : -1;
  }
  return left.length - right.length;
}

/** Exactly, whatever the number of digits: both scaled to the same power of ten. */
export function compareDecimals(left: string, right: string): number {
  if (isShort(left) && isShort(right)) return order(Number(left), Number(right));
  const [a, aScale] = toScaled(left);
  const [b, bScale] = toScaled(right);
  const scale = Math.max(aScale, bScale);
  const difference = a * 10n ** BigInt(scale - aScale) - b * 10n ** BigInt(scale - bScale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Plain digits: no exponent, no needless zeros; undefined if it is no decimal or out of the range that a double has too. */
export function plainDecimal(text: string): string | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^([+-])?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text) ?? [];
  const power = Number(exponent);
  if (whole === '' || Math.abs(power) > 308) return undefined;
  const shift = Math.max(1 - whole.length - power, 0);
  const point = whole.length + power + shift;
  const digits = ('0'.repeat(shift) + whole + fraction).padEnd(point, '0');
  const before = digits.slice(0, point).replace(/^0+(?=\d)/, '') || '0';
  const after = digits.slice(point).replace(/0+$/, '');
  const plain = after === '' ? before : `${before}.${after}`;
  return sign === '-' && plain !== '0' ? `-${plain}` : plain;
}

export const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

/** In code points, as Postgres's `char_length`. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

export function jsonEqual(left: ConstValue, right: ConstValue): boolean {
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return left === right;
  if (isList(left) || isList(right)) {
    return isList(left) && isList(right) && left.length === right.length && left.every((item, i) => jsonEqual(item, right[i] ?? null));
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key] ?? null, right[key] ?? null));
}

export const isList = (value: ConstValue): value is readonly ConstValue[] => Array.isArray(value);

const order = (left: number, right: number): number => (left < right ? -1 : left > right ? 1 : 0);

/** Decimals of at most 15 digits are told apart by their doubles, and in the same order. */
const isShort = (text: string): boolean => text.length <= 15 && !/[eE]/.test(text);

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

function toScaled(text: string): readonly [value: bigint, scale: number] {
  const plain = plainDecimal(text) ?? '0';
  const [whole = '0', fraction = ''] = plain.split('.');
  return [BigInt(whole + fraction), fraction.length];
}
