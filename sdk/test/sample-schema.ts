/** A schema with one of everything, for the generator and the compile test. */
import type { CollectionInfo, FieldDef, SchemaInfo } from '../src/wire.ts';

const system: readonly FieldDef[] = [
  { name: 'id', type: 'id' },
  { name: 'created', type: 'date' },
  { name: 'updated', type: 'date' },
  { name: 'version', type: 'number' },
];
const collection = (name: string, fields: readonly FieldDef[], more: Partial<CollectionInfo> = {}): CollectionInfo => ({
  id: `c_${name}`,
  name,
  kind: 'base',
  hash: 'h',
  systemFields: system,
  fields,
  ...more,
});

export const sampleSchema: SchemaInfo = {
  hash: 'abc123',
  types: [],
  collections: [
    collection(
      'users',
      [
        { name: 'name', type: 'text', required: true },
        { name: 'team', type: 'relation', to: 'teams' },
      ],
      {
        kind: 'auth',
        systemFields: [
          ...system,
          { name: 'email', type: 'email', rules: { read: 'id == auth.id' } },
          { name: 'verified', type: 'bool', required: true },
          { name: 'roles', type: 'roles', rules: { read: 'id == auth.id' } },
        ],
      },
    ),
    collection('posts', [
      { name: 'title', type: 'text', required: true, ui: { label: 'The title */ of it' } },
      { name: 'body', type: 'richtext' },
      { name: 'status', type: 'select', values: ['draft', 'published'], required: true, default: 'draft' },
      { name: 'labels', type: 'select', values: ['a', 'b'], many: true },
      { name: 'views', type: 'number' },
      { name: 'pinned', type: 'bool', required: true, default: false },
      { name: 'price', type: 'decimal' },
      { name: 'due', type: 'day' },
      { name: 'meta', type: 'json' },
      { name: 'at', type: 'geo' },
      { name: 'cover', type: 'file' },
      { name: 'shots', type: 'file', many: true },
      { name: 'author', type: 'relation', to: 'users', required: true, inverse: 'posts' },
      { name: 'reviewer', type: 'relation', to: 'users' },
      { name: 'tags', type: 'relation', to: 'tags', many: true },
      { name: 'note', type: 'text', required: true, default: '', rules: { read: 'author == auth.id' } },
      { name: 'pin', type: 'text', secret: true },
      { name: 'total', type: 'computed' },
    ]),
    collection('tags', [{ name: 'name', type: 'text', required: true }]),
    collection('teams', [{ name: 'name', type: 'text', required: true }]),
    collection('_admins', [], { system: true, kind: 'auth' }),
  ],
};
