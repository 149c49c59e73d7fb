/** The schema as the language's checker sees it: everything for rules, the caller's view for filters. */
import type { CollectionModel, FieldModel, SchemaModel, Ty } from '@underpin/sdk/expr/model';
import type { Naming } from '../expr/rows.ts';
import type { Collection, Field } from './collection.ts';
import type { Schema } from './load.ts';

const fieldModel = (field: Field): FieldModel => ({
  name: field.name,
  ty: field.ty,
  ...(field.junction !== undefined && field.to !== undefined ? { many: { to: field.to } } : {}),
});

/** A model in which a field is there where `sees` says so; a collection of which nothing is seen is not there either. */
export function schemaModel(schema: Schema, sees: (collection: Collection, field: Field) => boolean): SchemaModel {
  const built = new Map<string, CollectionModel | undefined>();
  const collection = (name: string): CollectionModel | undefined => {
    if (built.has(name)) return built.get(name);
    const known = schema.byName.get(name);
    const model = known === undefined ? undefined : buildModel(known);
    built.set(name, model);
    return model;
  };
  const buildModel = (known: Collection): CollectionModel | undefined => {
    const fields = known.fields.filter((field) => sees(known, field)).map((field) => [field.name, fieldModel(field)] as const);
    if (fields.length === 0) return undefined;
    const back = [...known.inverses].flatMap(([name, { from, field }]) => {
      const source = schema.byName.get(from);
      if (source === undefined || !sees(source, field)) return [];
      return [[name, { name, ty: { kind: 'list', of: { kind: 'id', of: from } }, many: { to: from } }] as const];
    });
    return { name: known.name, fields: new Map<string, FieldModel>([...fields, ...back]) };
  };
  return { collection, names: () => schema.collections.map(({ name }) => name).filter((name) => collection(name) !== undefined) };
}

/** For rules: every field of every collection but our own, which rules cannot reach. */
export const wholeModel = (schema: Schema): SchemaModel => schemaModel(schema, (collection) => !collection.system);

/**
 * The fields of accounts that stand behind `auth.…`. Where two auth collections have a field of one name and different
 * types, the name is left out: a rule could not know what it compares.
 */
export function authFields(schema: Schema): ReadonlyMap<string, Ty> {
  const known = authFieldsOf.get(schema) ?? collectAuthFields(schema);
  authFieldsOf.set(schema, known);
  return known;
}
const authFieldsOf = new WeakMap<Schema, ReadonlyMap<string, Ty>>();

function collectAuthFields(schema: Schema): ReadonlyMap<string, Ty> {
  const found = new Map<string, Ty | undefined>();
  for (const collection of schema.collections) {
    if (collection.kind !== 'auth') continue;
    for (const field of collection.fields) {
      const before = found.get(field.name);
      const same = !found.has(field.name) || JSON.stringify(before) === JSON.stringify(field.ty);
      found.set(field.name, same ? field.ty : undefined);
    }
  }
  return new Map([...found].flatMap(([name, ty]) => (ty === undefined || name === 'id' ? [] : [[name, ty] as const])));
}

export const naming = (schema: Schema): Naming => ({
  table: (name) => schema.byName.get(name)?.table ?? missing(name),
  column: (_collection, field) => field,
  many: (name, field) => {
    const collection = schema.byName.get(name);
    const junction = collection?.byName.get(field)?.junction;
    if (junction !== undefined) return { kind: 'junction', table: junction, here: 'source', there: 'target', owner: name, field };
    const inverse = collection?.inverses.get(field);
    if (inverse === undefined) return missing(`${name}.${field}`);
    if (inverse.field.junction === undefined) return { kind: 'column', owner: inverse.from, field: inverse.field.name };
    return {
      kind: 'junction',
      table: inverse.field.junction,
      here: 'target',
      there: 'source',
      owner: inverse.from,
      field: inverse.field.name,
    };
  },
});

function missing(name: string): never {
  throw new Error(`a checked expression names "${name}", which is not in its schema`);
}
