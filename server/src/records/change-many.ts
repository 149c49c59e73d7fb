/**
 * POST /records/:collection/update and …/delete: a change of all that matches.
 *
 * Which records: those that the caller may list and view, that match, and that the stored-row part of the rule lets him change.
 * They are locked in the order of their ids, so that two such changes never wait for each other, and then each goes through
 * the line of a single write, in one transaction: where one is refused, none is written.
 */
import type { Ir } from '@underpin/sdk/expr/ir';
import { withTx, type Ctx } from '../ctx.ts';
import { below, fail, failAt } from '../kit/errors.ts';
import { limits } from '../kit/limits.ts';
import type { Collection } from '../schema/collection.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { parseConditions, type Conditions } from './parse/conditions.ts';
import { isObject, membersOf } from './parse/input.ts';
import { speaksOfNext } from './writing/plain.ts';
import { bind, planned, type Template, type Writing } from './plans.ts';
import { callerOf, policyFor, refuseHidden, refuseNever, type Caller } from './policy.ts';
import { removeRecord } from './remove.ts';
import { allHold, callerView, type Root } from './reading/select.ts';
import { updateRecord } from './update.ts';
import { parseValues } from './parse/values.ts';

/** How many records were changed. */
export interface Counted {
  readonly count: number;
}

export async function updateMany(ctx: Ctx, name: string, body: unknown): Promise<Counted> {
  const { data, ...rest } = membersOf(body, ['filter', 'where', 'params', 'data']);
  if (!isObject(data)) throw failAt('invalid_request', '/data', 'data must be an object');
  return changeMany(ctx, name, rest, {
    action: 'update',
    sent: new Set(Object.keys(data)),
    check: (caller, collection) => ofData(() => parseValues(caller, collection, data, 'update')),
    change: (inside, id) => ofData(() => updateRecord(inside, name, id, data)),
  });
}

/** A refusal of values names them where they stand in this body. */
async function ofData(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw below('/data', error);
  }
}

export async function removeMany(ctx: Ctx, name: string, body: unknown): Promise<Counted> {
  return changeMany(ctx, name, membersOf(body, ['filter', 'where', 'params']), {
    action: 'delete',
    sent: new Set(),
    check: () => Promise.resolve(),
    change: (inside, id) => removeRecord(inside, name, id),
  });
}

type Action = 'update' | 'delete';

interface Change {
  readonly action: Action;
  readonly sent: ReadonlySet<string>;
  /** Refuses what makes no sense for any record, whether or not there is one. */
  readonly check: (caller: Caller, collection: Collection) => Promise<void>;
  readonly change: (inside: Ctx, id: string) => Promise<unknown>;
}

async function changeMany(
  ctx: Ctx,
  name: string,
  input: Readonly<Record<string, unknown>>,
  { action, sent, check, change }: Change,
): Promise<Counted> {
  const schema = await schemaOf(ctx);
  const collection = collectionNamed(schema, name); // 404
  const caller = callerOf(ctx, schema);
  refuseHidden(caller, collection); // 401, 404
  const { filter, where, params } = input;
  if ((filter === undefined || filter === null) && (where === undefined || where === null))
    throw failAt('invalid_request', '/filter', 'Say which records: filter must be there, "true" for all of them');
  const conditions = parseConditions(caller, collection, { filter, where, params, text: false }); // 400
  await check(caller, collection); // 400
  refuseNever(caller, policyFor(caller, collection, 'list')); // 401, 403
  refuseNever(caller, policyFor(caller, collection, action, action === 'update' ? { sent } : {})); // 401, 403
  return withTx(ctx, async (inside) => {
    const ids = await lockMatching(inside, caller, collection, action, conditions, sent);
    if (ids.length > limits.changeMany)
      throw fail('limit_exceeded', `More than ${limits.changeMany} records match; narrow the filter and do it in parts.`);
    for (const id of ids) await change(inside, id); // 403, 409, 422: and nothing is written
    return { count: ids.length };
  });
}

async function lockMatching(
  ctx: Ctx,
  caller: Caller,
  collection: Collection,
  action: Action,
  conditions: Conditions,
  sent: ReadonlySet<string>,
): Promise<readonly string[]> {
  const key = JSON.stringify(['matching', action, collection.name, [...sent], conditions.nothing, conditions.filter.length]);
  const { plan, constants } = planned(caller, key, conditions.filter, (writing) =>
    writeMatching(writing, collection, action, conditions, sent),
  );
  const rows = await ctx.db.texts(bind(plan, constants, []));
  return rows.map(([id]) => id ?? '');
}

function writeMatching(
  writing: Writing,
  collection: Collection,
  action: Action,
  conditions: Conditions,
  sent: ReadonlySet<string>,
): Template {
  const { caller } = writing;
  const params = writing.params();
  const seen = policyFor(caller, collection, 'list');
  refuseNever(caller, seen);
  const may = policyFor(caller, collection, action, action === 'update' ? { sent } : {});
  refuseNever(caller, may);
  const root: Root = { alias: 'r', joins: [] };
  const where = [
    allHold(caller, params, root, [...seen, ...storedPart(may)]),
    conditions.nothing ? 'FALSE' : allHold(caller, params, root, conditions.filter, { view: callerView(caller) }),
  ];
  const text = `SELECT r."id" FROM ${collection.table} r${root.joins.join('')} WHERE ${where.join(' AND ')} ORDER BY r."id" LIMIT ${limits.changeMany + 1} FOR UPDATE OF r`;
  return writing.template(text, params);
}

/** What a rule says of the stored row alone; the rest is for the write to judge. */
const storedPart = (conditions: readonly Ir[]): readonly Ir[] =>
  conditions.flatMap((ir) => (ir.op === 'and' ? ir.of : [ir])).filter((part) => !speaksOfNext(part));
