/** Our own collections, for admins to look at through the same records routes as everything else. */
import type { CollectionDef, CollectionRules } from '@underpin/sdk/wire';
import { email } from './fields/email.ts';
import { bool } from './fields/bool.ts';
import { json } from './fields/json.ts';
import { number } from './fields/number.ts';
import type { FieldType } from './field-type.ts';
import { bookkeeping, makeCollection, type Collection, type Field } from './collection.ts';
import { idField, momentField, plainText, versionField } from './system-fields.ts';

export const filesName = '_files';

/** Ids of our own collections never change: credentials and sessions name them. */
export const adminsId = '00000000-0000-7000-8000-000000000001';

const define = (
  id: string,
  name: string,
  table: string,
  columns: readonly (readonly [string, FieldType])[],
  more: readonly Field[],
  rules: CollectionRules = {},
): Collection => {
  const def: CollectionDef = { id, name, kind: 'base', fields: [], indexes: [], rules };
  const fields = [['id', idField(name)] as const, ...columns].map(([field, type]): Field => ({
    id: field,
    name: field,
    type,
    def: { name: field, type: type.name },
    ty: type.ty({}),
    system: true,
    written: 'never',
  }));
  return makeCollection({
    id,
    name,
    kind: 'base',
    system: true,
    table,
    fields: [...fields, ...more],
    def,
    versioned: more.some((field) => field.name === 'version'),
  });
};

export const systemCollections: readonly Collection[] = [
  define(
    adminsId,
    '_admins',
    'underpin.admins',
    [
      ['email', email],
      ['role', plainText],
      ['disabled', bool],
    ],
    bookkeeping,
  ),
  define(
    '00000000-0000-7000-8000-000000000002',
    '_sessions',
    'underpin.sessions',
    [
      ['collection_name', plainText],
      ['device', plainText],
      ['address', plainText],
      ['used', momentField],
      ['ended', momentField],
      ['created', momentField],
    ],
    [],
  ),
  define(
    '00000000-0000-7000-8000-000000000003',
    '_audit',
    'underpin.audit',
    [
      ['created', momentField],
      ['action', plainText],
      ['actor', plainText],
      ['address', plainText],
      ['target', plainText],
      ['request_id', plainText],
      ['before', json],
      ['after', json],
    ],
    [],
  ),
  define(
    '00000000-0000-7000-8000-000000000004',
    '_api_keys',
    'underpin.api_keys',
    [
      ['name', plainText],
      ['prefix', plainText],
      ['kind', plainText],
      ['owner', plainText],
      ['scopes', json],
      ['addresses', json],
      ['expires', momentField],
      ['rate', versionField],
      ['forward', bool],
      ['disabled', bool],
      ['last_used', momentField],
    ],
    bookkeeping,
  ),
  define(
    '00000000-0000-7000-8000-000000000006',
    '_jobs',
    'underpin.jobs',
    [
      ['created', momentField],
      ['kind', plainText],
      ['queue', plainText],
      ['state', plainText],
      ['due', momentField],
      ['executions', number],
      ['failures', number],
      ['error', plainText],
      ['progress', number],
      ['started', momentField],
      ['ended', momentField],
      ['key', plainText],
      ['actor', plainText],
      ['payload', json],
      ['result', json],
    ],
    [],
  ),
  define(
    '00000000-0000-7000-8000-000000000011',
    '_messages',
    'underpin.messages',
    [
      ['created', momentField],
      ['channel', plainText],
      ['recipient', plainText],
      ['template', plainText],
      ['account', plainText],
      ['subject', plainText],
      ['state', plainText],
      ['attempts', json],
      ['error', plainText],
      ['sent', momentField],
      ['expires', momentField],
    ],
    [],
  ),
  define(
    '00000000-0000-7000-8000-000000000012',
    '_templates',
    'underpin.templates',
    [
      ['name', plainText],
      ['subject', plainText],
      ['text', plainText],
      ['html', plainText],
      ['created', momentField],
      ['updated', momentField],
    ],
    [],
  ),
  define(
    '00000000-0000-7000-8000-000000000013',
    filesName,
    'underpin.files_seen',
    [
      ['name', plainText],
      ['type', plainText],
      ['size', versionField],
      ['sha256', plainText],
      ['width', versionField],
      ['height', versionField],
      ['state', plainText],
      ['uses', versionField],
      ['collection_name', plainText],
      ['field_name', plainText],
      ['owner', plainText],
      ['account', idField('users')],
      ['created', momentField],
      ['expires', momentField],
    ],
    [],
    { list: 'account == auth.id && state == "pending"' },
  ),
];
