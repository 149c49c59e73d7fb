/** Numbers as they are typed: what a double or an integer column cannot hold exactly is refused instead of being rounded in silence. */
import type { Parsed } from './draft-text.ts';

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Digits without sign, point, exponent and the zeros at either end: two texts of one number agree in them. */
const digits = (text: string): string => (text.split(/[eE]/)[0] ?? '').replace(/[-.]/g, '').replace(/^0+|0+$/g, '');

export const parseNumber = (text: string, integer: boolean): Parsed => {
  const typed = text.trim();
  if (typed === '') return { value: null };
  if (!NUMBER.test(typed)) return { problem: 'field.notNumber' };
  const value = Number(typed);
  if (!Number.isFinite(value)) return { problem: 'field.tooLarge' };
  if (integer && !Number.isInteger(value)) return { problem: 'field.notInteger' };
  if (integer && !Number.isSafeInteger(value)) return { problem: 'field.tooLarge' };
  if (digits(typed) !== digits(String(value))) return { problem: 'field.tooPrecise' };
  return { value };
};

export const parseDecimal = (text: string): Parsed => {
  const typed = text.trim();
  if (typed === '') return { value: null };
  return DECIMAL.test(typed) ? { value: typed } : { problem: 'field.notNumber' };
};
