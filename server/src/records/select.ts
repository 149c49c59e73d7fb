/**
 * How a record looks in an answer, as SQL: its JSON is made by Postgres and goes to the socket as text.
 * A field type says what its column looks like (`json`); a mask is a CASE; a to-one expand is a sub-select that is
 * guarded by the target's `view`.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { createEmitter, type CallerView, type EmitOptions } from '../expr/sql.ts';
import type { ParamList } from '../expr/params.ts';
import { limits } from '../kit/limits.ts';
import { ident, literal } from '../kit/sql.ts';
import type { Collection, Field } from '../schema/collection.ts';
import { naming } from '../schema/model.ts';
import { policyFor, readOf, type Caller } from './policy.ts';

export interface Expand {
  readonly field: Field;
  readonly target: Collection;
  readonly fields?: readonly Field[];
  readonly expand: readonly Expand[];
}

/** The root of a statement under its alias: conditions and values are emitted on it, their joins are collected. */
export interface Root {
  readonly alias: string;
  readonly joins: string[];
  /** To-many fields that the statement has just written: tables that stand for their junction. */
  readonly many?: ReadonlyMap<string, string>;
}

/** SQL that is TRUE exactly where all conditions hold for the row; joins go to the root. */
export function allHold(
  caller: Caller,
  params: ParamList,
  root: Root,
  conditions: readonly Ir[],
  more: Pick<EmitOptions, 'view' | 'next' | 'nextMany' | 'changed'> = {},
): string {
  if (conditions.length === 0) return 'TRUE';
  return conditions
    .map((condition) => {
      const emitter = createEmitter({
        naming: naming(caller.schema),
        params,
        record: root.alias,
        ...(root.many ? { recordMany: root.many } : {}),
        ...more,
      });
      const sql = emitter.holds(condition);
      root.joins.push(emitter.joins());
      return sql;
    })
    .join(' AND ');
}

/** The guards and masks with which a client's own filter and sort are judged. */
export const callerView = (caller: Caller): CallerView => ({
  guard: (name) => {
    const collection = caller.schema.byName.get(name);
    const condition = collection === undefined ? 'never' : policyFor(caller, collection, 'list');
    return condition === 'never' ? nothing : condition;
  },
  mask: (name, field) => {
    const collection = caller.schema.byName.get(name);
    const found = collection?.byName.get(field);
    const condition = collection === undefined || found === undefined ? 'never' : readOf(caller, collection, found);
    return condition === 'never' ? nothing : condition;
  },
});

const nothing: readonly Ir[] = [{ op: 'const', value: false, ty: { kind: 'bool' }, start: 0, end: 0 }];

/** The whole record as a JSON text. `fields` absent: all that the caller sees. */
export function recordJson(
  caller: Caller,
  params: ParamList,
  root: Root,
  collection: Collection,
  fields: readonly Field[] | undefined,
  expand: readonly Expand[],
): string {
  const shown = visibleFields(caller, collection, fields);
  const columns = shown.map((field) => `${fieldSql(caller, params, root, collection, field)} AS ${ident(field.name)}`);
  if (expand.length > 0) {
    const inner = expand.map((one) => `${expandSql(caller, params, root, collection, one)} AS ${ident(one.field.name)}`);
    columns.push(`(SELECT row_to_json(x) FROM (SELECT ${inner.join(', ')}) x) AS "expand"`);
  }
  const lists = shown.filter((field) => field.junction !== undefined);
  if (lists.length === 0) return `(SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x)`;
  // `_more` names the lists that were too long to show; it stands last, so that its absence can be cut off the text's end.
  const tooLong = lists.map(
    (field) => `CASE WHEN (SELECT count(*) FROM ${firstTargets(root, field)}) > ${limits.many} THEN ${literal(field.name)} END`,
  );
  columns.push(`NULLIF(array_remove(ARRAY[${tooLong.join(', ')}], NULL), '{}') AS "_more"`);
  return `regexp_replace((SELECT row_to_json(x) FROM (SELECT ${columns.join(', ')}) x)::text, ',"_more":null}$', '}')::json`;
}

/** What the column looks like in an answer; a computed decimal is text, as every decimal. */
const jsonOf = (field: Field, column: string): string =>
  field.type.name === 'computed' && field.ty.kind === 'decimal' ? `${column}::text` : (field.type.json?.(column) ?? column);

/** One target more than is shown, in their order. */
const firstTargets = (root: Root, field: Field): string => {
  const written = root.many?.get(field.name);
  const from = written === undefined ? `${field.junction ?? ''} j WHERE j.source = ${root.alias}."id"` : `${written} j`;
  return `(SELECT j.target, j.position FROM ${from} ORDER BY j.position LIMIT ${limits.many + 1}) y`;
};

/** The fields of an answer, in the collection's order; the id always. */
export const visibleFields = (caller: Caller, collection: Collection, asked: readonly Field[] | undefined): readonly Field[] =>
  collection.fields.filter(
    (field) => readOf(caller, collection, field) !== 'never' && (asked === undefined || field.name === 'id' || asked.includes(field)),
  );

/** The masked column, as it is stored. */
function columnSql(
  caller: Caller,
  params: ParamList,
  root: Root,
  collection: Collection,
  field: Field,
): { readonly column: string; readonly mask: string | undefined } {
  const condition = readOf(caller, collection, field);
  const column = `${root.alias}.${ident(field.name)}`;
  if (condition === 'never') return { column: 'NULL', mask: undefined };
  return { column, mask: condition.length === 0 ? undefined : allHold(caller, params, root, condition) };
}

function fieldSql(caller: Caller, params: ParamList, root: Root, collection: Collection, field: Field): string {
  const { column, mask } = columnSql(caller, params, root, collection, field);
  const json =
    field.junction === undefined
      ? jsonOf(field, column)
      : `(SELECT CASE WHEN count(*) <= ${limits.many} THEN coalesce(json_agg(y.target ORDER BY y.position), '[]') END FROM ${firstTargets(root, field)})`;
  return mask === undefined ? json : `CASE WHEN ${mask} THEN ${json} END`;
}

function expandSql(
  caller: Caller,
  params: ParamList,
  root: Root,
  collection: Collection,
  { field, target, fields, expand }: Expand,
): string {
  const seen = policyFor(caller, target, 'view');
  if (seen === 'never') return `NULL::json`;
  const { column, mask } = columnSql(caller, params, root, collection, field);
  const inner: Root = { alias: `x${params.nextAlias()}`, joins: [] };
  const json = recordJson(caller, params, inner, target, fields, expand);
  const visible = allHold(caller, params, inner, seen);
  return `(SELECT ${json} FROM ${target.table} ${inner.alias}${inner.joins.join('')} WHERE ${inner.alias}."id" = ${mask === undefined ? column : `CASE WHEN ${mask} THEN ${column} END`} AND ${visible})`;
}
