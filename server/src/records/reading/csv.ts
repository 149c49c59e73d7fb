/** Records as lines of CSV (RFC 4180). A text that a spreadsheet would take for a formula is led by an apostrophe. */
import { isObject } from '../parse/input.ts';

const lineEnd = '\r\n';

export const csvHeader = (names: readonly string[]): string => names.map(cell).join() + lineEnd;

/** `record`: its JSON. What is no plain value stands as JSON in its cell. */
export function csvLine(names: readonly string[], record: string): string {
  const parsed: unknown = JSON.parse(record);
  const values = isObject(parsed) ? names.map((name) => parsed[name]) : [];
  return values.map((value) => cell(value)).join() + lineEnd;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return quoted(typeof value === 'object' ? JSON.stringify(value) : String(value));
  const isFormula = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value);
  return quoted(isFormula ? `'${value}` : value);
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
