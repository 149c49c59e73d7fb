/**
 * Does an operation as somebody, and undoes it: rules tested by the very line that requests follow.
 *
 * Everything happens in a transaction that never commits: it ends by throwing what came of it. No other connection sees
 * any of it, and nothing outside of Postgres is told before a commit.
 */
import type { RuleTestResult } from '@underpin/sdk/wire';
import type { Ctx } from '../../ctx.ts';
import { fromPgError } from '../../db/pg-errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Actor } from '../../kit/actor.ts';
import { errorKinds, fail, Failure, type ErrorCode } from '../../kit/errors.ts';
import type { Action } from '../../schema/collection.ts';
import { createRecord } from '../create.ts';
import { listRecords } from '../list.ts';
import { readRecord } from '../read.ts';
import { removeRecord } from '../remove.ts';
import { updateRecord } from '../update.ts';

export interface Expectation {
  readonly name?: string;
  readonly collection: string;
  readonly action: Exclude<Action, 'history'>;
  /** The record that it is done to; or `record`, one that is made for it first. */
  readonly id?: string;
  readonly record?: unknown;
  /** What is created or changed. */
  readonly data?: unknown;
  readonly allowed?: boolean;
}

/** Thrown to end the transaction with an answer. */
class Outcome extends Error {
  readonly result: Result;
  constructor(result: Result) {
    super('rolled back');
    this.result = result;
  }
}
type Result = Pick<RuleTestResult, 'status' | 'code' | 'detail' | 'record'>;

export async function rehearse(ctx: Ctx, as: Actor, expectation: Expectation): Promise<RuleTestResult> {
  const result = await rolledBack(ctx, (inside) => perform(inside, as, expectation));
  const allowed = result.status < 300;
  const { allowed: expected = allowed, name = `${expectation.action} ${expectation.collection}` } = expectation;
  // A value that does not fit is no proof that the rule refuses.
  const isDenied = denials.has(result.code ?? '');
  return { name, ok: expected === allowed && (allowed || isDenied || expectation.allowed === undefined), allowed, ...result };
}

const denials: ReadonlySet<string> = new Set<ErrorCode>(['unauthenticated', 'forbidden', 'rule_denied', 'not_found']);

async function rolledBack(ctx: Ctx, work: (inside: Ctx) => Promise<Result>): Promise<Result> {
  try {
    await ctx.db.transaction(async (db) => {
      await db.run({ text: `SET LOCAL statement_timeout = ${limits.explain.timeout}; SET LOCAL lock_timeout = ${limits.explain.timeout}` });
      throw new Outcome(await work({ ...ctx, db }));
    });
  } catch (error) {
    if (error instanceof Outcome) return error.result;
    throw error;
  }
  throw fail('internal');
}

async function perform(ctx: Ctx, as: Actor, expectation: Expectation): Promise<Result> {
  const { collection, action, record, data = {} } = expectation;
  const made =
    record === undefined ? undefined : await createRecord({ ...ctx, actor: { kind: 'system', address: as.address } }, collection, record);
  const id = made?.id ?? expectation.id ?? '';
  const inside: Ctx = { ...ctx, actor: as };
  try {
    switch (action) {
      case 'list':
        return await listed(inside, collection, id);
      case 'view':
        return shown(await readRecord(inside, collection, id, { text: false }), 200);
      case 'create':
        return shown(await createRecord(inside, collection, data), 201);
      case 'update':
        return shown(await updateRecord(inside, collection, id, data), 200);
      case 'delete':
        await removeRecord(inside, collection, id);
        return { status: 204 };
    }
  } catch (error) {
    const failure = error instanceof Failure ? error : fromPgError(error);
    if (failure === undefined) throw error;
    return { status: failure.details.status ?? errorKinds[failure.code].status, code: failure.code, detail: failure.message };
  }
}

const shown = ({ json }: { readonly json: string }, status: number): Result => {
  const record: unknown = JSON.parse(json);
  return { status, record };
};

/** A list is allowed where it is not refused; of one record, where that is in it. */
async function listed(ctx: Ctx, collection: string, id: string): Promise<Result> {
  const filter = id === '' ? {} : { filter: 'id == $id', params: { id } };
  const page: unknown = JSON.parse(await listRecords(ctx, collection, { read: () => ({ ...filter, limit: 1, text: false }) }));
  const [record]: unknown[] = typeof page === 'object' && page !== null && 'data' in page && Array.isArray(page.data) ? page.data : [];
  if (id !== '' && record === undefined) return { status: 404, code: 'not_found', detail: 'The record is not in the list.' };
  return { status: 200, ...(record === undefined ? {} : { record }) };
}
