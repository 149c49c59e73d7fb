/** A collection's records as a TypeScript interface. */
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { ownFields } from '../data/collection.ts';
import { kindOf } from '../fields/registry.ts';

const pascal = (name: string): string => name.replace(/(^|_)([a-z0-9])/g, (_match, _gap, letter: string) => letter.toUpperCase());

const line = (field: FieldDef): string => {
  const type = kindOf(field).tsType(field);
  // A list is emptied, never null.
  const nullable = field.required === true || field.many === true || type === 'unknown' ? '' : ' | null';
  return `  ${field.name}: ${type}${nullable};`;
};

export const interfaceText = (collection: CollectionInfo): string => {
  const fields = ownFields(collection).filter((field) => field.secret !== true);
  const system = ['  id: string;', '  created: string;', '  updated: string;', '  version: number;'];
  return [`export interface ${pascal(collection.name)} {`, ...system, ...fields.map(line), '}'].join('\n');
};
