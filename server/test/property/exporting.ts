/** What of an export is to be read, and how a table's cells are written. */
import type { Answer } from '../support/app.ts';

export type Format = 'csv' | 'ndjson' | 'json';

/** The records of an answer; of a table its lines of cells, the first of them the names. */
export function readExport(format: Format, { text, body }: Answer): unknown {
  if (format === 'csv') return readTable(text);
  if (format === 'json') return body;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

/** The same of the records that are owed. */
export const owedExport = (format: Format, names: readonly string[], records: readonly Readonly<Record<string, unknown>>[]): unknown =>
  format === 'csv' ? [names, ...records.map((record) => names.map((name) => cell(record[name])))] : records;

/** A text that a spreadsheet would take for a formula is led by an apostrophe. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /^[=+\-@\t\r]/.test(value) && !/^-?\d+(?:\.\d+)?$/.test(value) ? `'${value}` : value;
}

/** CSV (RFC 4180), sign by sign. */
function readTable(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (pattern.lastIndex < text.length) {
    const [, quoted, plain = '', end] = pattern.exec(text) ?? fail(text);
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}
function fail(text: string): never {
  throw new Error(`no CSV: ${text}`);
}
