/** Every text that a page asks for is there, and none is kept that no page asks for. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { messages } from '../src/app/messages.ts';

const src = join(dirname(fileURLToPath(import.meta.url)), '../src');
const source = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('messages.ts'))
  .map((name) => readFileSync(join(src, name), 'utf8'))
  .join('\n');

const flat = (value: object, prefix = ''): string[] =>
  Object.entries(value).flatMap(([key, inner]) => (typeof inner === 'object' ? flat(inner, `${prefix}${key}.`) : [`${prefix}${key}`]));

const known = new Set(flat(messages));
const areas = new Set(Object.keys(messages));
const areaOf = (key: string) => key.split('.')[0] ?? '';
const asked = [...source.matchAll(/['"]([a-z][A-Za-z]*\.[A-Za-z0-9_.]+)['"]/g)]
  .map((match) => match[1] ?? '')
  .filter((key) => areas.has(areaOf(key)));
/** Areas whose keys are put together: `type.${field.type}`. */
const composed = new Set([...source.matchAll(/`([a-z]+)\.[^`]*\$\{/g)].map((match) => match[1]));

test('every message that is asked for exists', () => {
  expect(asked.filter((key) => !known.has(key))).toEqual([]);
});

test('no message is kept that nothing asks for', () => {
  const used = new Set(asked);
  expect([...known].filter((key) => !used.has(key) && !composed.has(areaOf(key)) && areaOf(key) !== 'done')).toEqual([]);
});
