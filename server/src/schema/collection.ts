/** A collection as the running server uses it: built from its definition when the schema is loaded, never changed. */
import { createHash } from 'node:crypto';
import type { Ty } from '@underpin/sdk/expr/model';
import type { CollectionDef, CollectionInfo, FieldDef, FieldTypeInfo, Rule } from '@underpin/sdk/wire';
import { z } from 'zod';
import { ident } from '../kit/sql.ts';
import { isJunction, type FieldType } from './field-type.ts';
import { fieldType, fieldTypes } from './fields/index.ts';
import { email } from './fields/email.ts';
import { bool } from './fields/bool.ts';
import { idField, momentField, rolesField, versionField } from './system-fields.ts';

export interface Field {
  readonly id: string;
  readonly name: string;
  readonly type: FieldType;
  readonly def: FieldDef;
  readonly ty: Ty;
  /** Ours: not in the definition. */
  readonly system: boolean;
  /** Who may send it: everybody the rules let, admins only, or nobody. */
  readonly written: 'anyone' | 'admins' | 'never';
  /** The collection that a relation points to. */
  readonly to?: string;
  /** The junction table of a to-many relation, quoted; such a field has no column. */
  readonly junction?: string;
}

export interface Inverse {
  readonly from: string;
  readonly field: Field;
}

export interface Collection {
  readonly id: string;
  readonly name: string;
  readonly kind: 'base' | 'auth';
  /** Ours: listed and read by admins, written by nobody through records. */
  readonly system: boolean;
  /** The table, quoted and with its schema. */
  readonly table: string;
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** Back-relations by name: the fields of other collections that point here and say so. */
  readonly inverses: ReadonlyMap<string, Inverse>;
  readonly def: CollectionDef;
  readonly hash: string;
  readonly versioned: boolean;
}

export type Action = 'list' | 'view' | 'create' | 'update' | 'delete' | 'history';

/** The rule of one action: absent `view` is `list`; anything else absent is null, admins only. */
export function ruleOf(collection: Collection, action: Action): Rule {
  const { rules = {} } = collection.def;
  return (action === 'view' ? (rules.view === undefined ? rules.list : rules.view) : rules[action]) ?? null;
}

/** Whether versions of its records are kept. */
export const isFollowed = ({ def: { history } }: Pick<Collection, 'def'>): boolean => history !== undefined && history !== false;

const own = 'id == auth.id';
const system = (name: string, type: FieldType, more: Partial<FieldDef> = {}, written: Field['written'] = 'never'): Field => ({
  id: name,
  name,
  type,
  def: { name, type: type.name, ...more },
  ty: type.ty({}),
  system: true,
  written,
});

/** Answers show the id first, then what accounts have, the collection's own fields, and last what we keep. */
export function buildCollection(def: CollectionDef & { readonly id: string }): Collection {
  const account = def.kind === 'auth' ? accountFields : [];
  const fields = [system('id', idField(def.name)), ...account, ...def.fields.map(buildField), ...bookkeeping];
  return makeCollection({
    id: def.id,
    name: def.name,
    kind: def.kind,
    system: false,
    table: `public.${ident(def.name)}`,
    fields,
    def,
    versioned: true,
  });
}

const accountFields: readonly Field[] = [
  system('email', email, { required: true, rules: { read: own } }, 'admins'),
  system('verified', bool, { rules: { read: own } }, 'admins'),
  system('roles', rolesField, { rules: { read: own } }, 'admins'),
  system('disabled', bool, { rules: { read: null } }, 'admins'),
];
export const bookkeeping: readonly Field[] = [
  system('created', momentField),
  system('updated', momentField),
  system('version', versionField),
];

export const makeCollection = (parts: Omit<Collection, 'byName' | 'hash' | 'inverses'>): Collection => ({
  ...parts,
  inverses: new Map(),
  byName: new Map(parts.fields.map((field) => [field.name, field])),
  hash: hashOf(parts.def),
});

/** Named after the field's stable id: a rename touches no table. Columns: source, target, position. */
export const junctionTable = (fieldId: string): string => `underpin.many_${fieldId.replaceAll('-', '')}`;

/** The fields that have a column in the collection's own table. */
export const columnFields = (collection: Collection): readonly Field[] => collection.fields.filter((field) => field.junction === undefined);

/** Whether its values name files. */
export const holdsFiles = (field: Field): boolean => field.type.name === 'file';

function buildField(def: FieldDef): Field {
  const type = fieldType(def.type);
  if (type === undefined || def.id === undefined) throw new Error(`the stored field "${def.name}" has no known type or no id`);
  return {
    id: def.id,
    name: def.name,
    type,
    def,
    ty: type.ty(def),
    system: false,
    written: def.type === 'computed' ? 'never' : 'anyone',
    ...(def.to === undefined ? {} : { to: def.to }),
    ...(isJunction(def) ? { junction: junctionTable(def.id) } : {}),
  };
}

/** A short hash of what a definition means to the API; `ui` does not count. */
export function hashOf(def: CollectionDef): string {
  const meaning = { ...def, ui: undefined, fields: def.fields.map((field) => ({ ...field, ui: undefined })) };
  return createHash('sha256').update(canonical(meaning)).digest('hex').slice(0, 16);
}

/** JSON with the keys of every object in order: the same text for the same meaning. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What an admin reads of it. */
export const collectionInfo = (collection: Collection): CollectionInfo => ({
  ...collection.def,
  id: collection.id,
  ...(collection.system ? { system: true } : {}),
  systemFields: collection.fields.filter((field) => field.system).map((field) => field.def),
  hash: collection.hash,
});

export const fieldTypeInfo = (): readonly FieldTypeInfo[] =>
  fieldTypes.map((type) => ({
    name: type.name,
    widget: type.widget,
    group: type.group,
    operators: type.operators,
    settings: z.toJSONSchema(type.settings, { io: 'input' }),
  }));
