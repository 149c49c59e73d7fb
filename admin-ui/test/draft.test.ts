/** A collection's draft: what of it is sent. */
import { expect, test } from '@jest/globals';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { draftOf, isDirty, patchOf, withSetting, withType } from '../src/schema/draft.ts';
import { settingsOf } from '../src/schema/json-schema.ts';
import { moved } from '../src/ui/moved.ts';
import { ownerOnly, presetOf, SIGNED_IN } from '../src/rules/presets.ts';

const posts: CollectionInfo = {
  id: '1',
  name: 'posts',
  kind: 'base',
  hash: 'h',
  systemFields: [],
  fields: [
    { id: 'a', name: 'title', type: 'text', required: true },
    { id: 'b', name: 'status', type: 'select', values: ['x'] },
  ],
  indexes: [],
  rules: { list: 'true' },
};

test('an untouched draft sends nothing', () => {
  expect(isDirty(draftOf(posts), posts)).toBe(false);
});

test('a rename keeps the id, and the whole list of fields is sent', () => {
  const draft = draftOf(posts);
  const fields = draft.fields.map((field, index) => (index === 0 ? { ...field, def: withSetting(field.def, 'name', 'headline') } : field));
  expect(patchOf({ ...draft, fields }, posts)).toEqual({
    fields: [
      { id: 'a', name: 'headline', type: 'text', required: true },
      { id: 'b', name: 'status', type: 'select', values: ['x'] },
    ],
  });
});

test('a setting that is emptied and filled in again is no change', () => {
  const draft = draftOf(posts);
  const fields = draft.fields.map((field) => ({
    ...field,
    def: withSetting(withSetting(field.def, 'required', undefined), 'required', field.def.required),
  }));
  expect(isDirty({ ...draft, fields }, posts)).toBe(false);
});

test('empty lines of a list and an empty default are not sent', () => {
  const fields = [{ key: 'n', def: { name: ' kind ', type: 'select', values: ['a', '', 'b'], default: null } }];
  expect(patchOf({ name: 'x', fields, indexes: [], rules: {} }, null).fields).toEqual([
    { name: 'kind', type: 'select', values: ['a', 'b'] },
  ]);
});

test('fields are moved by one, and not beyond the ends', () => {
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
});

test('settings are read from the JSON Schema of a type', () => {
  const info = {
    name: 'relation',
    widget: 'relation',
    group: 'relation',
    operators: [],
    settings: {
      properties: {
        to: { type: 'string' },
        onDelete: { enum: ['restrict'], default: 'restrict' },
        max: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
        required: { type: 'boolean' },
      },
    },
  };
  expect(settingsOf(info).map(({ name, kind }) => [name, kind])).toEqual([
    ['to', 'collection'],
    ['onDelete', 'choice'],
    ['max', 'integer'],
  ]);
});

test('presets are known by what they say', () => {
  expect(presetOf(undefined, 'view')).toBe('likeList');
  expect(presetOf(undefined, 'list')).toBe('nobody');
  expect(presetOf(null, 'view')).toBe('nobody');
  expect(presetOf('true', 'list')).toBe('everyone');
  expect(presetOf(SIGNED_IN, 'list')).toBe('signedIn');
  expect(presetOf(ownerOnly('author'), 'update')).toBe('owner');
  expect(presetOf('author == auth.id || true', 'update')).toBeNull();
});

test('a guard is sent where it changed; null takes it away', () => {
  const draft = draftOf(posts);
  expect(patchOf({ ...draft, guard: 'a == 1' }, posts)).toEqual({ guard: 'a == 1' });
  expect(patchOf({ ...draft, guard: null }, { ...posts, guard: 'a == 1' })).toEqual({ guard: null });
});

test('another type keeps the id and what every field has, and loses the settings that it does not know', () => {
  const info = { name: 'number', widget: 'number', group: 'number', operators: [], settings: { properties: { min: { type: 'number' } } } };
  const def = { id: 'a', name: 'n', type: 'text', required: true, secret: true, default: 'x', pattern: 'y', min: 1 };
  expect(withType(def, 'number', info)).toEqual({ id: 'a', name: 'n', type: 'number', required: true, secret: true, min: 1 });
});
