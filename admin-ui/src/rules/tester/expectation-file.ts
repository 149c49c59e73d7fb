/** `rules.test.json`: expectations as a file, written and read. */
import type { Expectation } from '../rule-api.ts';

export const FILE_NAME = 'rules.test.json';
const ACTIONS: ReadonlySet<unknown> = new Set(['list', 'view', 'create', 'update', 'delete']);

type Unnamed = Omit<Expectation, 'name'> & { readonly name?: string };

const isUnnamed = (value: unknown): value is Unnamed =>
  typeof value === 'object' &&
  value !== null &&
  (!('name' in value) || typeof value.name === 'string') &&
  'collection' in value &&
  typeof value.collection === 'string' &&
  'action' in value &&
  ACTIONS.has(value.action) &&
  'as' in value &&
  'allowed' in value &&
  typeof value.allowed === 'boolean';
export const isExpectation = (value: unknown): value is Expectation => isUnnamed(value) && value.name !== undefined;

/** Each with a name of its own, by which its result is found. */
export const withNames = (all: readonly Unnamed[]): readonly Expectation[] => {
  const taken = new Set<string>();
  return all.map((one) => {
    const name = one.name ?? `${one.action} ${one.collection}`;
    let own = name;
    for (let n = 2; taken.has(own); n += 1) own = `${name} (${n})`;
    taken.add(own);
    return { ...one, name: own };
  });
};

export const toFile = (expectations: readonly Expectation[]): string => `${JSON.stringify({ expectations }, null, 2)}\n`;

/** Null where the text is no such file: a list of expectations, by itself or under that name. */
export const fromFile = (text: string): readonly Expectation[] | null => {
  try {
    const read: unknown = JSON.parse(text);
    const list: unknown = typeof read === 'object' && read !== null && 'expectations' in read ? read.expectations : read;
    return Array.isArray(list) && list.every(isUnnamed) ? withNames(list) : null;
  } catch {
    return null;
  }
};
