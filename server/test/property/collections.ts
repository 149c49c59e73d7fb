/** The collections of the suite: every type of field, relations of every kind, guards and masks on every way. */
import * as edge from './values.ts';

const relation = (name: string, to: string, more: object = {}) => ({ name, type: 'relation', to, ...more });
export const open = { list: 'true', view: 'true', create: 'true', update: 'true', delete: 'true' };

/** Rules that hide rows and mask fields, so that a filter meets both on every way. */
export const collections = [
  {
    name: 'teams',
    kind: 'base',
    fields: [
      { name: 'name', type: 'text' },
      { name: 'active', type: 'bool' },
      { name: 'quota', type: 'number', integer: true },
      { name: 'founded', type: 'day', rules: { read: 'active || id == auth.team' } },
      { name: 'base', type: 'geo' },
    ],
    rules: { ...open, list: 'quota != 1 || id == auth.team' },
  },
  {
    name: 'staff',
    kind: 'auth',
    fields: [
      { name: 'name', type: 'text' },
      { name: 'level', type: 'number' },
    ],
    rules: open,
  },
  {
    name: 'posts',
    kind: 'base',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'body', type: 'text', rules: { read: 'pub || owner == auth.id' } },
      { name: 'status', type: 'select', values: edge.statuses },
      { name: 'about', type: 'text', searchable: 'A' },
      { name: 'memo', type: 'text', searchable: 'C' },
      { name: 'score', type: 'number' },
      { name: 'n', type: 'number', integer: true },
      { name: 'price', type: 'decimal', rules: { read: 'n > 0 || pin' } },
      { name: 'cost', type: 'decimal' },
      { name: 'pub', type: 'bool' },
      { name: 'pin', type: 'bool' },
      { name: 'due', type: 'day' },
      { name: 'at', type: 'date' },
      { name: 'upd', type: 'date' },
      { name: 'meta', type: 'json' },
      { name: 'place', type: 'geo' },
      relation('owner', 'users', { inverse: 'posts', rules: { read: 'pub != false || owner == auth.id' } }),
      relation('reviewer', 'users'),
      relation('clerk', 'staff'),
      relation('members', 'users', { many: true, inverse: 'joined', rules: { read: 'owner.team.active != false || pin' } }),
    ],
    rules: { ...open, list: 'status != "archived" || owner == auth.id' },
  },
  {
    name: 'notes',
    kind: 'base',
    fields: [
      { name: 'text', type: 'text', rules: { read: 'author == auth.id || post.pub' } },
      { name: 'rank', type: 'number' },
      { name: 'about', type: 'text', searchable: 'D' },
      relation('post', 'posts', { inverse: 'notes', rules: { read: 'rank != 0.1' } }),
      relation('author', 'users'),
    ],
    rules: { ...open, list: 'author.team == auth.team || rank >= 0 || rank == null' },
  },
];
export const userFields = [
  { name: 'motto', type: 'text', searchable: 'B' },
  { name: 'age', type: 'number', integer: true, rules: { read: 'id == auth.id || team.active' } },
  { name: 'level', type: 'number' },
  { name: 'wallet', type: 'decimal' },
  { name: 'born', type: 'date' },
  { name: 'prefs', type: 'json' },
  { name: 'home', type: 'geo' },
  relation('team', 'teams', { inverse: 'people' }),
  relation('follows', 'users', { many: true }),
  relation('boss', 'users', { inverse: 'reports', rules: { read: 'age != 5' } }),
];
