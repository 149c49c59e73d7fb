/**
 * What is refused before anything is sent. A browser knows a file's type by the ending of its name alone, so only what cannot be
 * meant is refused here (a text where pictures are asked for); the server looks into the bytes and has the last word.
 */
import type { FieldDef } from '@underpin/sdk/wire';
import { showSize } from '../../data/bytes.ts';

/** Bytes; what the server takes where a field says nothing. */
const USUAL_SIZE = 50 * 1024 * 1024;
const USUAL_COUNT = 20;
const SVG = 'image/svg+xml';

export const typesOf = (field: FieldDef): readonly string[] => (Array.isArray(field['types']) ? field['types'].map(String) : []);
export const mostBytes = (field: FieldDef): number => (typeof field['maxSize'] === 'number' ? field['maxSize'] : USUAL_SIZE);
export const mostFiles = (field: FieldDef): number =>
  field.many === true ? (typeof field['max'] === 'number' ? field['max'] : USUAL_COUNT) : 1;

/** Sound and film share containers; everything that is neither is often called by the wrong name. */
const familyOf = (type: string): string => {
  const [family = ''] = type.split('/');
  if (family === 'audio' || family === 'video') return 'media';
  return family === 'image' ? 'image' : 'other';
};

const mayBe = (type: string, patterns: readonly string[]): boolean => {
  if (patterns.length === 0 || type === '' || type === 'application/octet-stream') return true;
  if (type === SVG) return patterns.includes(SVG) || patterns.includes('*/*');
  return patterns.some((pattern) => pattern === '*/*' || familyOf(pattern) === familyOf(type));
};

export interface Refusal {
  /** Key of a message, and what stands in it. */
  readonly message: 'file.tooLarge' | 'file.wrongType' | 'file.nothing';
  readonly values: Readonly<Record<string, string>>;
}

export const refusalOf = ({ type, size }: Pick<File, 'type' | 'size'>, field: FieldDef): Refusal | null => {
  if (size === 0) return { message: 'file.nothing', values: {} };
  if (size > mostBytes(field)) return { message: 'file.tooLarge', values: { size: showSize(size), max: showSize(mostBytes(field)) } };
  if (!mayBe(type, typesOf(field))) return { message: 'file.wrongType', values: { type, types: typesOf(field).join(', ') } };
  return null;
};
