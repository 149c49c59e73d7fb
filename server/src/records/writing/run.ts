/** Runs a planned write and says what refused it: a judgement, or a constraint of Postgres with the field it is about. */
import type { ProblemField } from '@underpin/sdk/wire';
import { withTx, type Ctx } from '../../ctx.ts';
import type { Statement, Texts } from '../../db/connect.ts';
import { isPgProblem } from '../../db/pg-errors.ts';
import { fail, failAt, type Failure } from '../../kit/errors.ts';
import type { Collection } from '../../schema/collection.ts';
import { checkName, foreignKeyName, indexName } from '../../schema/ddl.ts';
import { badReference } from './judge.ts';
import type { Written } from '../reading/serialize.ts';
import type { WritePlan } from './plan.ts';
import { readWritten } from './written.ts';

/** Runs a write; the first judgement that failed is the refusal, no row at all is a record that is not there. */
export async function runWrite(ctx: Ctx, collection: Collection, plan: WritePlan): Promise<Written | undefined> {
  const plain = plan.plain && (await execute(ctx, collection, plan.plain.statement));
  if (plan.plain !== undefined && plain !== undefined) return readWritten(plan.plain.answer, plain);
  const row = await execute(ctx, collection, plan.statement);
  if (row === undefined) throw fail('not_found');
  plan.refusals.forEach((refusal, index) => {
    if (row[plan.answer.judged[index] ?? -1] !== 't') throw refusal();
  });
  return readWritten(plan.answer, row);
}

/**
 * Makes many records by one statement; undefined where not all of them came of it, and nothing is done then: whoever asked
 * makes them one by one, which says what stands in the way.
 */
export async function createTogether(ctx: Ctx, plan: WritePlan['plain'], count: number): Promise<ReadonlyMap<string, Written> | undefined> {
  if (plan === undefined) return undefined;
  try {
    return await withTx(ctx, async (inside) => {
      const rows = await inside.db.texts(plan.statement);
      if (rows.length < count) throw new Short();
      return new Map(rows.flatMap((row) => readWritten(plan.answer, row) ?? []).map((written) => [written.id, written]));
    });
  } catch (error) {
    if (error instanceof Short || isPgProblem(error)) return undefined;
    throw error;
  }
}
class Short extends Error {}

async function execute(ctx: Ctx, collection: Collection, statement: Statement): Promise<Texts | undefined> {
  try {
    return (await ctx.db.texts(statement))[0];
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
  // 23001 is RESTRICT's own code from Postgres 18 on.
  if (error.code === '23503' || error.code === '23001') {
    const field = fields.find(
      (candidate) => constraint === foreignKeyName(candidate) || constraint === `${foreignKeyName(candidate)}_target`,
    );
    const own = field === undefined ? undefined : collection.byName.get(field.name);
    // On insert and update it is our own key that leads nowhere; on delete it is a key of others that still leads here.
    if (error.code === '23503' && own !== undefined && !/is still referenced/.test(error.detail ?? '')) return badReference(own);
    return fail('reference_violation', { status: 409, detail: 'Other records still refer to this one.' }, error);
  }
  if (error.code === '23514' || error.code === '23502') {
    const name = fields.find((candidate) => checkName(candidate) === constraint)?.name ?? error.column;
    return name === undefined ? undefined : failAt('validation_failed', `/${name}`, `"${name}" has a value that does not fit`, error);
  }
  return undefined;
}
