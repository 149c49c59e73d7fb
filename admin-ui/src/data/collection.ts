/** What the dashboard derives from a collection's definition: its label, which field names a record, which columns a list shows. */
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { plainText } from '../fields/plain-text.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const labelOf = (thing: CollectionInfo | FieldDef): string => text(thing.ui?.['label']) ?? thing.name;
export const isSystem = (collection: CollectionInfo): boolean => collection.system === true || collection.name.startsWith('_');

/** The fields that every record has; no form shows them as inputs. */
const KEPT_BY_SERVER = new Set(['id', 'created', 'updated', 'version', 'deleted']);

/** What an admin may fill in: on collections of accounts this includes the account's own fields. */
export const ownFields = (collection: CollectionInfo): readonly FieldDef[] => {
  const account = collection.systemFields.filter((field) => !KEPT_BY_SERVER.has(field.name));
  const named = new Set(collection.fields.map((field) => field.name));
  return [...account.filter((field) => !named.has(field.name)), ...collection.fields];
};

/** Every field that a filter or a sort may name. */
export const allFields = (collection: CollectionInfo): readonly FieldDef[] => {
  const fields = [...collection.systemFields, ...collection.fields];
  return fields.filter((field, index) => fields.findIndex((other) => other.name === field.name) === index);
};

/** The fields by which a person recognises a record, best first: what was chosen, the address of an account, the first text. */
export const displayFields = (collection: CollectionInfo): readonly string[] => {
  const fields = ownFields(collection).filter((field) => field.secret !== true);
  const chosen = fields.find((field) => field.name === collection.ui?.['display']);
  const address = collection.kind === 'auth' || isSystem(collection) ? fields.find((field) => field.type === 'email') : undefined;
  const first = collection.fields.find((field) => field.type === 'text' && field.secret !== true);
  return [...new Set([chosen, address, first].flatMap((field) => (field ? [field.name] : [])))];
};
export const displayField = (collection: CollectionInfo): string => displayFields(collection)[0] ?? 'id';

export const displayOf = (collection: CollectionInfo | undefined, record: Readonly<Record<string, unknown>>): string => {
  const marked = new Set(collection?.fields.filter((field) => field.type === 'richtext').map((field) => field.name));
  const shown = (name: string) => {
    const value = text(record[name]);
    return value !== undefined && marked.has(name) ? text(plainText(value)) : value;
  };
  const named = collection ? displayFields(collection).map(shown) : [];
  return named.find((value) => value !== undefined) ?? String(record['id'] ?? '');
};

export const FIRST_COLUMNS = 8;
/** Columns of the list: every field that can be read, and when the record was made. */
export const columnsOf = (collection: CollectionInfo): readonly FieldDef[] => {
  const created = collection.systemFields.find((field) => field.name === 'created') ?? { name: 'created', type: 'date' };
  return [...ownFields(collection).filter((field) => field.secret !== true), created];
};

/** Relations to one record, which a list can show by name. */
export const expandable = (collection: CollectionInfo): readonly string[] =>
  ownFields(collection)
    .filter((field) => field.type === 'relation' && field.many !== true)
    .map((field) => field.name);
