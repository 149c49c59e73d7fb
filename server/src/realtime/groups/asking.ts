/** What is asked for besides the rows themselves: which questions it puts to the policy, what it says in a key, what it depends on. */
import { classify } from '@underpin/sdk/expr/classify';
import type { Ir } from '@underpin/sdk/expr/ir';
import { manyOf, nodesOf, rowOf } from '@underpin/sdk/expr/walk';
import type { MemoryView } from '@underpin/sdk/expr/world';
import { constantsOf, shapeKey } from '../../expr/shape.ts';
import type { Expand } from '../../records/parse/expand.ts';
import { policyFor, readOf, type Caller } from '../../records/policy.ts';
import { shapeOfKey } from '../../records/reading/follow.ts';
import { visibleFields } from '../../records/reading/select.ts';
import type { Collection, Field } from '../../schema/collection.ts';
import type { Schema } from '../../schema/load.ts';
import { naming } from '../../schema/model.ts';
import { unquoted } from '../matching/row.ts';

/** All that a condition says, with its constants. */
export const nameOfIr = (ir: Ir): string => `${shapeKey(ir)} ${JSON.stringify(constantsOf(ir).map(({ value }) => value))}`;

export const nameOfExpand = ({ name, target, fields, expand, list }: Expand): unknown => [
  name,
  target.id,
  fields?.map((field) => field.name),
  expand.map(nameOfExpand),
  list && [list.by.id, list.isInverse, list.limit, list.nothing, list.sort?.map(shapeOfKey), list.filter.map(nameOfIr)],
];

/** Asks all that writing the expansions asks (reading/select.ts, reading/follow.ts), so that a caller who notes it has it. */
export function askOfExpand(caller: Caller, view: MemoryView, collection: Collection, expand: readonly Expand[]): void {
  for (const { target, field, fields, list, expand: inner } of expand) {
    policyFor(caller, target, 'view');
    if (field !== undefined) readOf(caller, collection, field);
    if (list !== undefined) {
      policyFor(caller, target, 'list');
      readOf(caller, list.isInverse ? target : collection, list.by);
      for (const ir of [...list.filter, ...(list.sort ?? []).map((key) => key.ir)]) classify(ir, view);
    }
    visibleFields(caller, target, fields);
    askOfExpand(caller, view, target, inner);
  }
}

/** The tables that conditions and values read. */
export function tablesOf(schema: Schema, irs: readonly Ir[]): ReadonlySet<string> {
  const tables = new Set<string>();
  const names = naming(schema);
  const add = (table: string): void => void tables.add(unquoted(table));
  for (const node of irs.flatMap((ir) => [...nodesOf(ir)])) {
    for (let row = rowOf(node); row !== undefined; row = row.origin.kind === 'hop' ? row.origin.row : undefined)
      add(names.table(row.collection));
    const many = manyOf(node);
    if (many === undefined) continue;
    add(names.table(many.to));
    if (many.row === undefined || many.field === undefined) continue;
    const link = names.many(many.row.collection, many.field);
    add(link.kind === 'junction' ? link.table : names.table(link.owner));
  }
  return tables;
}

/** The tables out of which what is shown comes: the collection's own, those of its lists, and those of what is expanded. */
export function tablesShown(
  schema: Schema,
  {
    collection,
    fields,
    expand,
  }: { readonly collection: Collection; readonly fields: readonly Field[]; readonly expand: readonly Expand[] },
): readonly string[] {
  const inner = expand.flatMap((one) => [
    ...(one.list?.by.junction === undefined ? [] : [one.list.by.junction]),
    ...tablesOf(schema, [...(one.list?.filter ?? []), ...(one.list?.sort ?? []).map(({ ir }) => ir)]),
    ...tablesShown(schema, { collection: one.target, fields: one.fields ?? one.target.fields, expand: one.expand }),
  ]);
  return [collection.table, ...fields.flatMap(({ junction }) => junction ?? []), ...inner].map(unquoted);
}
