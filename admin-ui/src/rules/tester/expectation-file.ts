/** `rules.test.json`: expectations as a file, written and read. */
import type { Expectation } from '../rule-api.ts';

export const FILE_NAME = 'rules.test.json';
const ACTIONS: ReadonlySet<unknown> = new Set(['list', 'view', 'create', 'update', 'delete']);

export const isExpectation = (value: unknown): value is Expectation =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'collection' in value &&
  typeof value.collection === 'string' &&
  'action' in value &&
  ACTIONS.has(value.action) &&
  'as' in value &&
  'allowed' in value &&
  typeof value.allowed === 'boolean';

export const toFile = (expectations: readonly Expectation[]): string => `${JSON.stringify({ expectations }, null, 2)}\n`;

/** Null where the text is no such file. */
export const fromFile = (text: string): readonly Expectation[] | null => {
  try {
    const read: unknown = JSON.parse(text);
    const list = typeof read === 'object' && read !== null && 'expectations' in read ? read.expectations : undefined;
    return Array.isArray(list) && list.every(isExpectation) ? list : null;
  } catch {
    return null;
  }
};
