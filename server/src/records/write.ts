/**
 * A write is one statement: it locks the row, judges it, judges the row that is to be, and writes only where
 * everything holds; what it answers says which part did not.
 *
 * Worry: asking first and doing afterwards leaves a gap in which another request changes the row, and a rule that held
 * when asked does not hold when done. A transaction with several statements closes the gap and costs round trips.
 * Decision: `old` is the stored row under FOR UPDATE, `next` the row after the write, built from `old` and the values
 * sent; `judged` holds one boolean for each thing that may refuse; INSERT, UPDATE or DELETE takes its row from `judged`
 * where all are true. Why it is enough: the lock is held from the judging to the write, a concurrent writer's newer row
 * is what FOR UPDATE returns after waiting, and a statement is all or nothing without a transaction around it.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import type { ProblemField } from '@underpin/sdk/wire';
import type { Ctx } from '../ctx.ts';
import type { ResultRow, Statement } from '../db/connect.ts';
import { isPgProblem } from '../db/pg-errors.ts';
import { ident } from '../kit/sql.ts';
import { ParamList } from '../expr/params.ts';
import { fail, failAt, type Failure } from '../kit/errors.ts';
import type { Collection, Field } from '../schema/collection.ts';
import { checkName, foreignKeyName, indexName } from '../schema/ddl.ts';
import { named } from './plan.ts';
import { policyFor, readOf, refuseNever, writeOf, type Caller } from './policy.ts';
import { allHold, recordJson, type Root } from './select.ts';
import type { Written } from './serialize.ts';
import { bindType, type Value, type Values } from './values.ts';

/** One thing that may refuse: the column of `judged` that holds it, and the refusal. */
interface Judgement {
  readonly sql: string;
  readonly refusal: () => Failure;
}

export interface WritePlan {
  readonly statement: Statement;
  readonly refusals: readonly (() => Failure)[];
}

/** Judged in this order; the first that does not hold is the answer. */
class Judging {
  readonly list: Judgement[] = [];
  readonly root: Root;
  readonly next: string;
  readonly #caller: Caller;
  readonly #params: ParamList;
  readonly #changed: ((field: string) => string) | undefined;
  constructor(caller: Caller, params: ParamList, alias: string, next: string, changed?: (field: string) => string) {
    this.#caller = caller;
    this.#params = params;
    this.root = { alias, joins: [] };
    this.next = next;
    this.#changed = changed;
  }
  add(conditions: readonly Ir[], refusal: () => Failure): void {
    if (conditions.length > 0)
      this.sql(
        allHold(this.#caller, this.#params, this.root, conditions, {
          next: this.next,
          ...(this.#changed ? { changed: this.#changed } : {}),
        }),
        refusal,
      );
  }
  sql(sql: string, refusal: () => Failure): void {
    this.list.push({ sql, refusal });
  }
  columns(): string {
    return this.list.map(({ sql }, index) => `, ((${sql}) IS TRUE) AS ok${index}`).join('');
  }
  all(): string {
    return this.list.length === 0 ? 'TRUE' : this.list.map((_one, index) => `judged.ok${index}`).join(' AND ');
  }
  answers(): string {
    return this.list.map((_one, index) => `, judged.ok${index}`).join('');
  }
}

export function planCreate(caller: Caller, collection: Collection, id: string, { values, sent }: Values, rule: readonly Ir[]): WritePlan {
  const params = new ParamList();
  const now = params.add(new Date(caller.ctx.now), 'timestamptz');
  const given = values.map(({ field, value }) => `${params.add(value, bindType(field))} AS ${ident(field.name)}`);
  const next = [`${params.add(id, 'uuid')} AS "id"`, ...given, `${now} AS "created"`, `${now} AS "updated"`, `1::int8 AS "version"`];
  const columns = ['id', ...values.map(({ field }) => field.name), 'created', 'updated', 'version'].map(ident);
  const judging = new Judging(caller, params, 'n', 'n');
  judging.add(rule, () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-create', sent);
  judgeReferences(caller, judging, params, values, sent, undefined);
  const text = [
    `WITH n AS (SELECT ${next.join(', ')}),`,
    `judged AS MATERIALIZED (SELECT n.*${judging.columns()} FROM n${judging.root.joins.join('')}),`,
    `done AS (INSERT INTO ${collection.table} AS t (${columns.join(', ')}) SELECT ${columns.map((column) => `judged.${column}`).join(', ')} FROM judged WHERE ${judging.all()} RETURNING ${returning(collection)})`,
    answer(caller, collection, params, judging),
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

/** The stored-row part of a change: there, viewable, allowed, of the version asked for. `judgeOnly`: nothing is written. */
export function planUpdate(
  caller: Caller,
  collection: Collection,
  id: string,
  { values, sent }: Values,
  ifVersion: number | undefined,
  judgeOnly: boolean,
): WritePlan {
  const params = new ParamList();
  const given = new Map(values.map(({ field, value }) => [field.name, `${params.add(value, bindType(field))}`]));
  const changed = (name: string): string => (given.has(name) ? `(n.${ident(name)} IS DISTINCT FROM o.${ident(name)})` : 'FALSE');
  const judging = new Judging(caller, params, 'o', 'n', changed);
  judgeStored(caller, collection, judging);
  const rule = policyFor(caller, collection, 'update', { sent });
  refuseNever(caller, rule);
  judging.add(rule, () => fail('rule_denied'));
  judgeFields(caller, collection, judging, values, 'write-update', sent);
  judgeVersion(judging, params, ifVersion);
  judgeReferences(caller, judging, params, values, sent, 'o');
  const next = collection.fields.map((field) => `${given.get(field.name) ?? `o.${ident(field.name)}`} AS ${ident(field.name)}`);
  const sets = [...given.keys()].map((name) => `${ident(name)} = judged.${ident(`new ${name}`)}`);
  const now = params.add(new Date(caller.ctx.now), 'timestamptz');
  const carried = [...given.keys()].map((name) => `, n.${ident(name)} AS ${ident(`new ${name}`)}`).join('');
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${params.add(id, 'uuid')} FOR UPDATE),`,
    `judged AS MATERIALIZED (SELECT o."id"${carried}${judging.columns()} FROM o CROSS JOIN LATERAL (SELECT ${next.join(', ')}) n${judging.root.joins.join('')}),`,
    `done AS (UPDATE ${collection.table} t SET ${[...sets, `"updated" = greatest(${now}, t."updated")`, `"version" = t."version" + 1`].join(', ')} FROM judged WHERE t."id" = judged."id" AND ${judgeOnly ? 'FALSE' : judging.all()} RETURNING ${returning(collection)})`,
    answer(caller, collection, params, judging),
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

export function planDelete(caller: Caller, collection: Collection, id: string, ifVersion: number | undefined): WritePlan {
  const params = new ParamList();
  const judging = new Judging(caller, params, 'o', 'o');
  judgeStored(caller, collection, judging);
  const rule = policyFor(caller, collection, 'delete');
  refuseNever(caller, rule);
  judging.add(rule, () => fail('rule_denied'));
  judgeVersion(judging, params, ifVersion);
  const text = [
    `WITH o AS MATERIALIZED (SELECT ${returning(collection)} FROM ${collection.table} t WHERE t."id" = ${params.add(id, 'uuid')} FOR UPDATE),`,
    `judged AS MATERIALIZED (SELECT o."id"${judging.columns()} FROM o${judging.root.joins.join('')}),`,
    `done AS (DELETE FROM ${collection.table} t USING judged WHERE t."id" = judged."id" AND ${judging.all()} RETURNING t."id")`,
    `SELECT done."id" AS id, NULL AS json, NULL AS version${judging.answers()} FROM judged LEFT JOIN done ON true`,
  ].join('\n');
  return { statement: named(text, params), refusals: judging.list.map(({ refusal }) => refusal) };
}

const returning = (collection: Collection): string => collection.fields.map((field) => `t.${ident(field.name)}`).join(', ');

/** The record as the caller may view it now, or nothing but id and version. */
function answer(caller: Caller, collection: Collection, params: ParamList, judging: Judging): string {
  const root: Root = { alias: 'done', joins: [] };
  const seen = policyFor(caller, collection, 'view');
  const json =
    seen === 'never'
      ? 'NULL'
      : `CASE WHEN ${allHold(caller, params, root, seen)} THEN ${recordJson(caller, params, root, collection, undefined, [])}::text END`;
  return `SELECT done."id" AS id, done."version" AS version, ${json} AS json${judging.answers()} FROM judged LEFT JOIN done ON true${root.joins.join('')}`;
}

function judgeStored(caller: Caller, collection: Collection, judging: Judging): void {
  const seen = policyFor(caller, collection, 'view');
  if (seen === 'never') throw fail('not_found');
  judging.add(seen, () => fail('not_found'));
}

function judgeVersion(judging: Judging, params: ParamList, ifVersion: number | undefined): void {
  if (ifVersion !== undefined)
    judging.sql(`o."version" = ${params.add(ifVersion, 'int8')}`, () =>
      fail('version_mismatch', 'The record has been changed meanwhile; read it again.'),
    );
}

/** A field's own write rule. A field that may neither be written nor read is not there at all. */
function judgeFields(
  caller: Caller,
  collection: Collection,
  judging: Judging,
  values: readonly Value[],
  of: 'write-create' | 'write-update',
  sent: ReadonlySet<string>,
): void {
  for (const { field } of values) {
    if (!sent.has(field.name)) continue;
    const condition = writeOf(caller, collection, field, of, sent);
    if (condition === 'never') {
      if (readOf(caller, collection, field) === 'never')
        throw failAt('unknown_field', `/${field.name}`, `Unknown field "${field.name}" on "${collection.name}"`);
      throw failAt('rule_denied', `/${field.name}`, `"${field.name}" may not be written`);
    }
    judging.add(condition, () => failAt('rule_denied', `/${field.name}`, `"${field.name}" may not be written`));
  }
}

/** A relation may be set only to a record that the caller may view: anything else is as if there were none. */
function judgeReferences(
  caller: Caller,
  judging: Judging,
  params: ParamList,
  values: readonly Value[],
  sent: ReadonlySet<string>,
  old: string | undefined,
): void {
  if (caller.privileged) return;
  for (const { field, value } of values) {
    const target = field.to === undefined ? undefined : caller.schema.byName.get(field.to);
    if (target === undefined || value === null || !sent.has(field.name) || isOwnId(caller, target, value)) continue;
    const seen = policyFor(caller, target, 'view');
    const column = `n.${ident(field.name)}`;
    const inner: Root = { alias: `x${params.nextAlias()}`, joins: [] };
    const there =
      seen === 'never'
        ? 'FALSE'
        : `EXISTS (SELECT 1 FROM ${target.table} ${inner.alias}${joined(inner, allHold(caller, params, inner, seen))} AND ${inner.alias}."id" = ${column})`;
    judging.sql(old === undefined ? there : `(${column} IS NOT DISTINCT FROM ${old}.${ident(field.name)} OR ${there})`, () =>
      badReference(field),
    );
  }
}
/** Emitting a condition is what collects its joins, so they are read after it. */
const joined = (root: Root, condition: string): string => `${root.joins.join('')} WHERE ${condition}`;

const isOwnId = (caller: Caller, target: Collection, value: unknown): boolean => {
  const { actor } = caller.ctx;
  return actor.kind === 'account' && actor.collection === target.name && actor.id === value;
};

const badReference = (field: Field): Failure =>
  failAt('reference_violation', `/${field.name}`, `"${field.name}" refers to no record of "${field.to ?? ''}"`);

/** Runs a write; the first judgement that failed is the refusal, no row at all is a record that is not there. */
export async function runWrite(ctx: Ctx, collection: Collection, plan: WritePlan): Promise<Written | undefined> {
  const row = await execute(ctx, collection, plan.statement);
  if (row === undefined) throw fail('not_found');
  plan.refusals.forEach((refusal, index) => {
    if (row[`ok${index}`] !== true) throw refusal();
  });
  if (row['id'] === null) return undefined;
  const version = row['version'] === null ? undefined : Number(row['version']);
  const id = String(row['id']);
  return { id, version, json: row['json'] === null ? JSON.stringify({ id, version }) : String(row['json']) };
}

async function execute(ctx: Ctx, collection: Collection, statement: Statement): Promise<ResultRow | undefined> {
  try {
    return (await ctx.db.run(statement)).rows[0];
  } catch (error) {
    throw constraintFailure(collection, error) ?? error;
  }
}

/** Which field a constraint of Postgres is about. */
function constraintFailure(collection: Collection, error: unknown): Failure | undefined {
  if (!isPgProblem(error)) return undefined;
  const constraint = error.constraint ?? '';
  const fields = collection.def.fields;
  if (error.code === '23505') {
    if (constraint.endsWith('_pkey')) return failAt('unique_violation', '/id', 'There is a record with this id already', error);
    const index = (collection.def.indexes ?? []).find(
      (candidate) => indexName({ ...collection.def, id: collection.id }, candidate) === constraint,
    );
    const names = index?.fields.map((name) => name.replace(/^-/, '')) ?? (constraint.startsWith('ux_email_') ? ['email'] : []);
    const errors: ProblemField[] = names.map((name) => ({ pointer: `/${name}`, code: 'unique_violation', message: 'is taken' }));
    return fail(
      'unique_violation',
      { detail: `There is a record with the same ${names.join(' and ') || 'values'} already.`, errors },
      error,
    );
  }
  if (error.code === '23503') {
    const field = fields.find((candidate) => foreignKeyName(candidate) === constraint);
    const own = field === undefined ? undefined : collection.byName.get(field.name);
    // On insert and update it is our own key that leads nowhere; on delete it is a key of others that still leads here.
    if (own !== undefined && !/is still referenced/.test(error.detail ?? '')) return badReference(own);
    return fail('reference_violation', { status: 409, detail: 'Other records still refer to this one.' }, error);
  }
  if (error.code === '23514' || error.code === '23502') {
    const name = fields.find((candidate) => checkName(candidate) === constraint)?.name ?? error.column;
    return name === undefined ? undefined : failAt('validation_failed', `/${name}`, `"${name}" has a value that does not fit`, error);
  }
  return undefined;
}
