/** Rules as the schema holds them → checked expressions, each made once for a schema and kept with it. */
import { ExprError, ruleLimits, type Ast } from '@underpin/sdk/expr/ast';
import { check, checkValue, type Checked } from '@underpin/sdk/expr/check';
import type { Ir } from '@underpin/sdk/expr/ir';
import type { SchemaModel, Scope, Ty } from '@underpin/sdk/expr/model';
import { parse } from '@underpin/sdk/expr/parse';
import { spelledOut } from '../expr/shape.ts';
import { ruleOf, type Action, type Collection, type Field } from './collection.ts';
import { expressionOf } from './definition.ts';
import type { Schema } from './load.ts';
import { authFields, schemaModel, wholeModel } from './model.ts';

interface Compiled {
  readonly model: SchemaModel;
  readonly auth: ReadonlyMap<string, Ty>;
  readonly rules: Map<string, Ir | null>;
}
const compiled = new WeakMap<Schema, Compiled>();

function compiledOf(schema: Schema): Compiled {
  const known = compiled.get(schema);
  if (known) return known;
  const made: Compiled = { model: wholeModel(schema), auth: authFields(schema), rules: new Map() };
  compiled.set(schema, made);
  return made;
}

/** Where a rule or a default stands in a definition, and in which scope it is read. */
export interface RulePlace {
  readonly pointer: string;
  readonly text: string;
  readonly scope: Scope;
  readonly value?: { readonly ty: Ty };
}

const scopes: Readonly<Record<Action, Scope>> = {
  list: 'read',
  view: 'read',
  delete: 'read',
  create: 'create',
  update: 'update',
  history: 'read',
};

/** Every expression of a collection. */
export function rulePlaces(collection: Collection): readonly RulePlace[] {
  const { rules = {}, guard } = collection.def;
  const places: RulePlace[] = [];
  for (const action of ['list', 'view', 'create', 'update', 'delete', 'history'] as const) {
    const text = rules[action];
    if (typeof text === 'string') places.push({ pointer: `/rules/${action}`, text, scope: scopes[action] });
  }
  if (typeof guard === 'string') places.push({ pointer: '/guard', text: guard, scope: 'read' });
  collection.def.fields.forEach((field, index) => {
    if (typeof field.rules?.read === 'string')
      places.push({ pointer: `/fields/${index}/rules/read`, text: field.rules.read, scope: 'read' });
    if (typeof field.rules?.write === 'string')
      places.push({ pointer: `/fields/${index}/rules/write`, text: field.rules.write, scope: 'update' });
    for (const place of ['default', 'onUpdate'] as const) {
      const text = expressionOf(field[place]);
      const ty = collection.byName.get(field.name)?.ty;
      if (text !== undefined && ty !== undefined)
        places.push({ pointer: `/fields/${index}/${place}/expr`, text, scope: 'default', value: { ty } });
    }
  });
  return places;
}

/** Checks one expression of a collection; ExprError where it means nothing. */
export function checkPlace(
  schema: Schema,
  collection: Collection,
  place: Pick<RulePlace, 'text' | 'scope' | 'value'>,
  ast: Ast = parse(place.text, ruleLimits),
): Checked {
  const { model, auth } = compiledOf(schema);
  // Of our own collections a rule sees the one that it stands in; other rules reach none of them.
  const seen = collection.system ? schemaModel(schema, (other) => other === collection) : model;
  const options = { schema: seen, collection: collection.name, scope: place.scope, auth, limits: ruleLimits };
  if (place.value === undefined) return check(ast, options);
  const checked = checkValue(ast, options);
  if (!fits(checked.ir.ty, place.value.ty))
    throw new ExprError('type_mismatch', `This is ${checked.ir.ty.kind}, the field takes ${place.value.ty.kind}`, ast);
  return checked;
}

const fits = (from: Ty, to: Ty): boolean => from.kind === to.kind || (from.kind === 'int' && to.kind === 'number');

/** A rule's condition; null where it is for admins only. The collection's guard is not in it. */
function irOf(schema: Schema, collection: Collection, key: string, text: string | null, scope: Scope): Ir | null {
  const { rules } = compiledOf(schema);
  const name = `${collection.name}/${key}`;
  const known = rules.get(name);
  if (known !== undefined) return known;
  const ir = text === null ? null : spelledOut(checkPlace(schema, collection, { text, scope }).ir);
  rules.set(name, ir);
  return ir;
}

export const actionRule = (schema: Schema, collection: Collection, action: Action): Ir | null =>
  irOf(schema, collection, action, ruleOf(collection, action), scopes[action]);

/** The guard stands before every rule: on the stored row (`read`) and on the row to be (`create`). Undefined: none. */
export const guardRule = (schema: Schema, collection: Collection, scope: 'read' | 'create'): Ir | null | undefined =>
  typeof collection.def.guard === 'string' ? irOf(schema, collection, `guard/${scope}`, collection.def.guard, scope) : undefined;

/** The filter of a key's scope: as a guard on the stored row, or on the row to be. ExprError where the schema has no sense for it. */
export const scopeRule = (schema: Schema, collection: Collection, text: string, of: 'read' | 'create'): Ir | null =>
  irOf(schema, collection, `scope/${of}/${text}`, text, of);

/** The fields that a guard compares with something of the caller, as `tenant == auth.tenant`: filled at create with that. */
export function guardedFields(schema: Schema, collection: Collection): ReadonlyMap<string, Ir> {
  const guard = guardRule(schema, collection, 'create');
  const parts = guard === undefined || guard === null ? [] : guard.op === 'and' ? guard.of : [guard];
  return new Map(
    parts.flatMap((part) => {
      if (part.op !== 'compare' || part.how !== 'eq') return [];
      const [column, other] = part.left.op === 'column' ? [part.left, part.right] : [part.right, part.left];
      return column.op === 'column' && column.row.origin.kind === 'next' && other.op === 'context' ? [[column.field, other] as const] : [];
    }),
  );
}

/** A field's own rule; undefined where it follows its record. */
export function fieldRule(
  schema: Schema,
  collection: Collection,
  field: Field,
  of: 'read' | 'write-create' | 'write-update',
): Ir | null | undefined {
  const text = of === 'read' ? field.def.rules?.read : field.def.rules?.write;
  if (text === undefined) return undefined;
  return irOf(schema, collection, `${field.id}/${of}`, text, of === 'read' ? 'read' : of === 'write-create' ? 'create' : 'update');
}

/** The expression of a default, or undefined where there is none. */
export function defaultExpression(schema: Schema, collection: Collection, field: Field, place: 'default' | 'onUpdate'): Ir | undefined {
  const text = expressionOf(field.def[place]);
  if (text === undefined) return undefined;
  const { rules } = compiledOf(schema);
  const name = `${collection.name}/${field.id}/${place}`;
  const ir = rules.get(name) ?? checkPlace(schema, collection, { text, scope: 'default', value: { ty: field.ty } }).ir;
  rules.set(name, ir);
  return ir;
}
