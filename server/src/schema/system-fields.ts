/** The fields that we add: to every record, and to accounts. Their types are ours and not to be had in definitions. */
import { z } from 'zod';
import { defineField, equality, ordering } from './field-type.ts';

/** On every record. `updated` and `version` are kept true by a trigger for writes that are not ours. */
export const systemFieldNames = ['id', 'created', 'updated', 'version'] as const;
/** On every account besides. */
export const accountFieldNames: ReadonlySet<string> = new Set(['email', 'verified', 'roles', 'disabled']);
/** What an account may not call a field, because `auth.…` means something else by it. */
export const reservedAccountNames: ReadonlySet<string> = new Set(['collection', 'claims', 'key', 'guest', 'impersonator', 'password']);

const never = z.never();
const nothing = z.object({});

export const idField = (collection: string) =>
  defineField({
    name: 'id',
    widget: 'id',
    group: 'relation',
    operators: equality,
    about: 'The record’s id, a uuid.',
    settings: nothing,
    ty: () => ({ kind: 'id', of: collection }),
    column: () => ({ type: 'uuid' }),
    input: () => never,
  });

export const momentField = defineField({
  name: 'date',
  widget: 'date',
  group: 'time',
  operators: ordering,
  about: 'A moment.',
  settings: nothing,
  ty: () => ({ kind: 'time' }),
  column: () => ({ type: 'timestamptz(3)' }),
  input: () => never,
});

export const versionField = defineField({
  name: 'number',
  widget: 'number',
  group: 'number',
  operators: ordering,
  about: 'Starts at 1 and rises with every write.',
  settings: nothing,
  ty: () => ({ kind: 'int' }),
  column: () => ({ type: 'bigint' }),
  input: () => never,
});

export const rolesField = defineField({
  name: 'roles',
  widget: 'list',
  group: 'choice',
  operators: ['in'],
  about: 'Names of roles, for rules to ask with "x" in auth.roles.',
  settings: nothing,
  ty: () => ({ kind: 'list', of: { kind: 'text' } }),
  column: () => ({ type: 'text[]' }),
  input: () => z.array(z.string().regex(/^[a-z][a-z0-9_-]{0,47}$/, { error: 'must be a name of a–z, 0–9, _ and -' })).max(50),
});

export const plainText = defineField({
  name: 'text',
  widget: 'text',
  group: 'text',
  operators: ordering,
  about: 'Text.',
  settings: nothing,
  ty: () => ({ kind: 'text' }),
  column: () => ({ type: 'text COLLATE "C"' }),
  input: () => never,
});
