/**
 * What a rule may name, from the collections as the server has them and the draft that is being edited: the same model that the
 * server checks rules against, so that what is refused there is seen here while it is typed.
 */
import type { Vocabulary } from '@underpin/sdk/expr/findings';
import type { CollectionModel, FieldModel, Scope, Ty } from '@underpin/sdk/expr/model';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import type { RuleName } from './presets.ts';

/** In which sense a rule is read: what it may name besides the record. */
export const SCOPES: Readonly<Record<RuleName, Scope>> = {
  list: 'read',
  view: 'read',
  create: 'create',
  update: 'update',
  delete: 'read',
  history: 'read',
  guard: 'read',
  read: 'read',
  write: 'update',
};

const PLAIN: ReadonlyMap<string, Ty> = new Map<string, Ty>([
  ['decimal', { kind: 'decimal' }],
  ['bool', { kind: 'bool' }],
  ['date', { kind: 'time' }],
  ['day', { kind: 'day' }],
  ['json', { kind: 'json' }],
  ['geo', { kind: 'geo' }],
  ['file', { kind: 'json' }],
  ['roles', { kind: 'list', of: { kind: 'text' } }],
]);
const RESULTS: ReadonlyMap<unknown, Ty> = new Map<unknown, Ty>([
  ['int', { kind: 'int' }],
  ['number', { kind: 'number' }],
  ['decimal', { kind: 'decimal' }],
  ['bool', { kind: 'bool' }],
]);

const typeOf = (field: FieldDef, owner: string): Ty => {
  if (field.type === 'id') return { kind: 'id', of: owner };
  if (field.type === 'relation') {
    const id: Ty = { kind: 'id', ...(field.to === undefined ? {} : { of: field.to }) };
    return field.many === true ? { kind: 'list', of: id } : id;
  }
  if (field.type === 'number') return { kind: field['integer'] === true || field.name === 'version' ? 'int' : 'number' };
  if (field.type === 'computed') return RESULTS.get(field['returns']) ?? { kind: 'text' };
  if (field.type === 'select') return { kind: 'text', values: field.values ?? [] };
  return PLAIN.get(field.type) ?? { kind: 'text' };
};

const modelOf = (field: FieldDef, owner: string): FieldModel => ({
  name: field.name,
  ty: typeOf(field, owner),
  ...(field.type === 'relation' && field.many === true && field.to !== undefined ? { many: { to: field.to } } : {}),
});

const fieldsOf = (collection: CollectionInfo): readonly FieldDef[] => [...collection.systemFields, ...collection.fields];

const collectionModel = (collection: CollectionInfo, all: readonly CollectionInfo[]): CollectionModel => {
  const own = fieldsOf(collection).map((field) => [field.name, modelOf(field, collection.name)] as const);
  const back = all.flatMap((source) =>
    source.fields.flatMap((field) => {
      if (source.system === true || field.to !== collection.name || field.inverse === undefined) return [];
      const ty: Ty = { kind: 'list', of: { kind: 'id', of: source.name } };
      return [[field.inverse, { name: field.inverse, ty, many: { to: source.name } }] as const];
    }),
  );
  return { name: collection.name, fields: new Map<string, FieldModel>([...own, ...back]) };
};

/** What stands behind `auth.`; a name that two collections of accounts use for different types is left out. */
const authFields = (all: readonly CollectionInfo[]): ReadonlyMap<string, Ty> => {
  const found = new Map<string, Ty | undefined>();
  for (const collection of all.filter(({ kind }) => kind === 'auth')) {
    for (const field of fieldsOf(collection)) {
      const ty = typeOf(field, collection.name);
      const isSame = !found.has(field.name) || JSON.stringify(found.get(field.name)) === JSON.stringify(ty);
      found.set(field.name, isSame ? ty : undefined);
    }
  }
  return new Map([...found].flatMap(([name, ty]) => (ty === undefined || name === 'id' ? [] : [[name, ty] as const])));
};

/** `edited` stands in for the stored collection of the same id, or is a new one. */
export const vocabularyOf = (collections: readonly CollectionInfo[], edited: CollectionInfo): Vocabulary => {
  const all = [...collections.filter(({ id }) => id !== edited.id), edited];
  const known = new Map(all.filter(({ system }) => system !== true).map((one) => [one.name, one]));
  const built = new Map<string, CollectionModel>();
  const collection = (name: string): CollectionModel | undefined => {
    const info = known.get(name);
    if (info === undefined) return undefined;
    const model = built.get(name) ?? collectionModel(info, all);
    built.set(name, model);
    return model;
  };
  return { schema: { collection, names: () => [...known.keys()] }, auth: authFields(all), collection: edited.name };
};
