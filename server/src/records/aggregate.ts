/**
 * POST /records/:collection/aggregate: what there is of each kind, over what the caller sees.
 *
 * `{ group: ["status", { field: "created", by: "month", tz: "Europe/Paris" }], select: { n: "count()", s: "sum(views)" },
 * filter, having, sort, limit }` → `{ data: [{ status, created, n, s }], isCut }`. A field that the caller may not read is not there, one
 * that he may read of some records only is absent in the others: exactly as in a filter.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { Ctx } from '../ctx.ts';
import type { Statement } from '../db/connect.ts';
import { isPgProblem } from '../db/pg-errors.ts';
import { createEmitter } from '../expr/sql.ts';
import { shapeKey } from '../expr/shape.ts';
import { failAt } from '../kit/errors.ts';
import { ident, literal } from '../kit/sql.ts';
import type { Collection } from '../schema/collection.ts';
import { toJson, type ToJson } from '../schema/json-text.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { naming } from '../schema/model.ts';
import { parseAggregate, type Aggregate, type Output } from './parse/aggregate.ts';
import { bind, planned, type Template, type Writing } from './plans.ts';
import { callerOf, policyFor, refuseHidden, refuseNever, type Caller } from './policy.ts';
import { allHold, callerView, type Root } from './reading/select.ts';

export async function aggregateRecords(ctx: Ctx, name: string, body: unknown): Promise<string> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const asked = parseAggregate(caller, collection, body); // 400
  ctx.timing?.step('parse');
  refuseNever(caller, policyFor(caller, collection, 'list')); // 401, 403
  ctx.timing?.step('policy');
  const { rows, outputs } = planAggregate(caller, collection, asked);
  ctx.timing?.step('plan');
  const found = await ctx.db.texts(rows).catch((error: unknown) => {
    // Postgres knows fewer names of zones than we do.
    if (isPgProblem(error) && error.code === '22023') throw failAt('invalid_request', '/group', 'tz must be a name of a time zone', error);
    throw error;
  });
  ctx.timing?.step('sql');
  const data = found.slice(0, asked.limit).map(
    (row) =>
      `{${outputs
        .map(({ key, json }, index) => {
          const value = row[index];
          return `${key}:${value === null || value === undefined ? 'null' : json(value)}`;
        })
        .join()}}`,
  );
  ctx.timing?.step('serialize');
  return `{"data":[${data.join()}],"isCut":${String(found.length > asked.limit)}}`;
}

interface AggregatePlan {
  readonly rows: Statement;
  readonly outputs: readonly { readonly key: string; readonly json: ToJson }[];
}

function planAggregate(caller: Caller, collection: Collection, asked: Aggregate): AggregatePlan {
  const { outputs, groups, conditions, having, nothing, sort, limit } = asked;
  const shape = outputs.map(({ name, ty, of, how }) => [name, ty, of && shapeKey(of), how]);
  const key = JSON.stringify([
    'aggregate',
    collection.name,
    shape,
    groups.length,
    conditions.nothing || nothing,
    sort,
    limit,
    conditions.filter.length,
  ]);
  const { plan, constants } = planned(caller, key, [...conditions.filter, ...having], (writing) =>
    writeAggregate(writing, collection, asked),
  );
  return { ...plan, rows: bind(plan.rows, constants, []) };
}

function writeAggregate(
  writing: Writing,
  collection: Collection,
  asked: Aggregate,
): Omit<AggregatePlan, 'rows'> & { readonly rows: Template } {
  const { caller } = writing;
  const params = writing.params();
  const allowed = policyFor(caller, collection, 'list');
  refuseNever(caller, allowed);
  const root: Root = { alias: 'r', joins: [] };
  const value = (ir: Ir): string => {
    const emitter = createEmitter({ naming: naming(caller.schema), params, record: root.alias, view: callerView(caller) });
    const sql = emitter.value(ir);
    root.joins.push(emitter.joins());
    return sql;
  };
  const columns = asked.outputs.map((output) => `${outputSql(output, value)} AS ${ident(output.name)}`);
  const where = asked.conditions.nothing
    ? 'FALSE'
    : `${allHold(caller, params, root, allowed)} AND ${allHold(caller, params, root, asked.conditions.filter, { view: callerView(caller) })}`;
  const groups = asked.groups.map((_group, index) => String(index + 1));
  const answers = { table: () => '', column: (_collection: string, field: string) => field, many: () => refuseMany() };
  const emitter = createEmitter({ naming: answers, params, record: 'q' });
  const having = asked.nothing ? 'FALSE' : asked.having.map((ir) => emitter.holds(ir)).join(' AND ') || 'TRUE';
  const order = asked.sort.map(({ name, descending }) => `q.${ident(name)}${descending ? ' DESC' : ''}`);
  const text = [
    `SELECT ${asked.outputs.map(({ name }) => `q.${ident(name)}`).join(', ')} FROM (`,
    `SELECT ${columns.join(', ')} FROM ${collection.table} r${root.joins.join('')} WHERE ${where}`,
    groups.length === 0 ? '' : `GROUP BY ${groups.join(', ')}`,
    `) q WHERE ${having}`,
    order.length === 0 ? '' : `ORDER BY ${order.join(', ')}`,
    `LIMIT ${asked.limit + 1}`,
  ];
  const outputs = asked.outputs.map(({ name, ty }) => ({ key: JSON.stringify(name), json: toJson(ty) }));
  return { rows: writing.template(text.join('\n'), params), outputs };
}

function refuseMany(): never {
  throw new Error('the answer of an aggregate has no lists');
}

function outputSql({ of, how, ty }: Output, value: (ir: Ir) => string): string {
  if (of === undefined) return 'count(*)';
  const sql = value(of);
  if (how === undefined) return sql;
  if (typeof how === 'object')
    return ty.kind === 'day'
      ? `date_trunc(${literal(how.by)}, (${sql})::timestamp)::date`
      : `date_trunc(${literal(how.by)}, ${sql}, ${literal(how.zone)})`;
  switch (how) {
    case 'countDistinct':
      return `count(DISTINCT ${sql})`;
    case 'avg':
      return ty.kind === 'decimal' ? `avg(${sql})` : `avg((${sql})::float8)`;
    default:
      return `${how}(${sql})`;
  }
}
