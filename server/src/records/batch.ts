/**
 * POST /batch: several writes as one. All are done or none; each sees those before it.
 *
 * Worry: fifty records one by one are fifty round trips, and a statement for all of them at once cannot let each see those before
 * it, nor say which of them was refused. Decision: creates that follow each other in one collection, have one shape and no
 * rule that looks at other records of it are made by one statement. Where that makes fewer than asked, or Postgres refuses, it
 * is undone and they are made one by one, so that the first that fails is known by its place. Why it is enough: what is made
 * together could not tell the difference, and the slow way is only taken by a batch that fails, or by two that meet.
 *
 * A reference `{ "$ref": "o.id" }` stands for what an earlier operation made. Ids of new records are known before they are
 * written, so that references need not wait.
 */
import { withTx, type Ctx } from '../ctx.ts';
import { below, fail, Failure } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { collectionNamed, schemaOf } from '../schema/load.ts';
import { createRecord } from './create.ts';
import { callerOf, policyFor, refuseHidden, refuseNever } from './policy.ts';
import { parseBatch, resolve, type Known, type Operation } from './parse/batch.ts';
import { removeRecord } from './remove.ts';
import { createTogether } from './writing/run.ts';
import type { Written } from './reading/serialize.ts';
import { updateRecord } from './update.ts';
import { upsertRecord } from './upsert.ts';
import { parseValues, type Values } from './parse/values.ts';
import { planCreateMany, togetherKey } from './writing/create.ts';

/** The answer's text: the records in the order of their operations, null for what was deleted. */
export async function runBatch(ctx: Ctx, body: unknown): Promise<string> {
  const operations = parseBatch(body); // 400
  return withTx(ctx, async (inside) => {
    const batch = new Batch(inside, operations);
    return `{"results":[${(await batch.run()).join()}]}`;
  });
}

/** A create that waits to be made with others. */
interface Waiting {
  readonly index: number;
  readonly id: string;
  readonly data: unknown;
  readonly values: Values;
}

class Batch {
  readonly #operations: readonly Operation[];
  readonly #ctx: Ctx;
  readonly #created = new Map<string, Set<string>>();
  readonly #known: Known = new Map();
  readonly #results: string[] = [];
  #waiting: Waiting[] = [];
  #together = '';

  constructor(ctx: Ctx, operations: readonly Operation[]) {
    this.#operations = operations;
    this.#ctx = { ...ctx, created: this.#created };
  }

  async run(): Promise<readonly string[]> {
    for (const [index, operation] of this.#operations.entries()) {
      try {
        if (operation.op === 'create') await this.#create(index, operation);
        else await this.#other(index, operation);
      } catch (error) {
        // What waits comes first, and may be what fails first.
        await this.#flush();
        throw placed(error, index);
      }
    }
    await this.#flush();
    return this.#results;
  }

  /** Waits where it can be made with those that follow; else it is made at once. */
  async #create(index: number, { collection: name, data, as }: Operation): Promise<void> {
    const schema = await schemaOf(this.#ctx);
    const collection = collectionNamed(schema, name); // 404
    const caller = callerOf(this.#ctx, schema);
    refuseHidden(caller, collection); // 401, 404
    const body = resolve(collection, data, this.#known);
    const values = parseValues(caller, collection, body, 'create'); // 400
    refuseNever(caller, policyFor(caller, collection, 'create', { sent: values.sent, creating: true })); // 401, 403
    const id = values.id ?? newId(this.#ctx.now);
    const key = values.invalid === undefined ? togetherKey(caller, collection, values) : undefined;
    if (key === undefined || key !== this.#together) await this.#flush();
    if (key === undefined) this.#done(index, await createRecord(this.#ctx, name, body, id));
    else {
      this.#together = key;
      this.#waiting.push({ index, id, data: body, values });
    }
    this.#created.set(name, (this.#created.get(name) ?? new Set()).add(id));
    if (as !== undefined) this.#known.set(as, { id });
  }

  async #other(index: number, operation: Operation): Promise<void> {
    await this.#flush();
    const { op, collection: name, data, ifVersion, onConflict, as } = operation;
    const collection = collectionNamed(await schemaOf(this.#ctx), name); // 404
    const id = String(resolve(undefined, operation.id, this.#known, `/operations/${index}/id`) ?? '');
    if (op === 'delete') {
      await removeRecord(this.#ctx, name, id, ifVersion);
      this.#results[index] = 'null';
      return;
    }
    const body = resolve(collection, data, this.#known);
    const written =
      op === 'update'
        ? await updateRecord(this.#ctx, name, id, body, ifVersion)
        : await upsertRecord(this.#ctx, name, body, onConflict ?? '');
    this.#done(index, written);
    if (as !== undefined) this.#known.set(as, { id: written.id });
  }

  /** Makes what waits: together, or one by one where that did not make all of them. */
  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#together = '';
    const [first] = waiting;
    const name = first === undefined ? undefined : this.#operations[first.index]?.collection;
    if (first === undefined || name === undefined) return;
    const schema = await schemaOf(this.#ctx);
    const plan = planCreateMany(callerOf(this.#ctx, schema), collectionNamed(schema, name), waiting);
    const made = waiting.length === 1 ? undefined : await createTogether(this.#ctx, plan, waiting.length);
    for (const { index, id, data } of waiting) {
      const written = made?.get(id);
      try {
        this.#done(index, written ?? (await createRecord(this.#ctx, name, data, id)));
      } catch (error) {
        throw placed(error, index);
      }
    }
  }

  #done(index: number, { json }: Written): void {
    this.#results[index] = json;
  }
}

/** The same refusal, told of the operation that it is about. One that was told already stays. */
function placed(error: unknown, index: number): unknown {
  if (!(error instanceof Failure) || error.details.errors?.some(({ pointer }) => pointer.startsWith('/operations/')) === true) return error;
  const at = `/operations/${index}`;
  if ((error.details.errors ?? []).length > 0) return below(`${at}/data`, error);
  const errors = [{ pointer: at, code: error.code, message: error.message }];
  return fail(error.code, { ...error.details, errors }, error.cause);
}

/** Write units of a batch for the limits of a caller: one for each operation, and never more than ten. */
export const writeUnits = (body: unknown): number => {
  const operations = typeof body === 'object' && body !== null && 'operations' in body ? body.operations : undefined;
  return Math.max(1, Math.min(limits.batch.units, Array.isArray(operations) ? operations.length : 1));
};
