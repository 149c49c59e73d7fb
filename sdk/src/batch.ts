/**
 * Several writes as one: all are done or none, and each sees those before it. The function that says them only notes them down;
 * what a later one needs of an earlier one is its id, which stands in as a reference until the server knows it.
 */
import type { Transport } from './client.ts';
import type { Give } from './files/wanted.ts';
import type { CallOptions } from './request.ts';
import { withoutRead } from './body.ts';
import type { CreateOf, RowOf, UpdateOf } from './types.ts';

declare const row: unique symbol;
/** A record that is to be. Its `id` may stand where an id is expected in the same batch, and nowhere else. */
export interface Pending<R> {
  readonly id: string;
  readonly [row]: R;
}
/** What the function gave back, with the records in place of what stood for them. */
export type Settled<T> =
  T extends Pending<infer R> ? R : T extends readonly unknown[] | Plain ? { readonly [K in keyof T]: Settled<T[K]> } : T;
type Plain = { readonly [key: string]: unknown };

export interface BatchRecords<S, C extends keyof S> {
  create(data: CreateOf<S, C>): Pending<RowOf<S, C>>;
  update(id: string, data: UpdateOf<S, C>, options?: { readonly ifVersion?: number }): Pending<RowOf<S, C>>;
  upsert(data: CreateOf<S, C>, options: { readonly onConflict: readonly (keyof RowOf<S, C> & string)[] }): Pending<RowOf<S, C>>;
  delete(id: string, options?: { readonly ifVersion?: number }): void;
}
export interface Batch<S> {
  collection<C extends keyof S & string>(name: C): BatchRecords<S, C>;
}

interface Operation {
  readonly op: 'create' | 'update' | 'upsert' | 'delete';
  readonly collection: string;
  readonly id?: unknown;
  readonly data?: object;
  readonly ifVersion?: number;
  readonly onConflict?: readonly string[];
  /** Given once something refers to it. */
  as?: string;
}

/** The most that one batch takes. */
const mostOperations = 200;

/** Stands for an id; as text it would be a wrong id that nobody notices. */
class Reference {
  readonly $ref: string;
  constructor(name: string) {
    this.$ref = name;
  }
  [Symbol.toPrimitive](): never {
    throw new TypeError('The id of a record in a batch is not known yet; it can only be handed on within the batch');
  }
}
class Note {
  readonly #operation: Operation;
  readonly index: number;
  constructor(operation: Operation, index: number) {
    this.#operation = operation;
    this.index = index;
  }
  get id(): Reference {
    this.#operation.as ??= `op${this.index}`;
    return new Reference(`${this.#operation.as}.id`);
  }
}

export async function sendBatch<S, T>(
  transport: Transport,
  give: Give,
  say: (tx: Batch<S>) => T,
  options?: CallOptions,
): Promise<Settled<T>> {
  const operations: Operation[] = [];
  let isOver = false;
  const note = <R>(operation: Operation): Pending<R> => {
    if (isOver) throw new TypeError('The batch has been sent; its function may not wait for anything');
    if (operations.length === mostOperations) throw new RangeError(`A batch takes at most ${mostOperations} operations`);
    const index = operations.push(operation) - 1;
    // cast: what stands for a record has of it the id only, and that as a reference; `settle` puts the record in its place
    return new Note(operation, index) as unknown as Pending<R>;
  };
  const said = say({ collection: (name) => recordsOf(name, note) });
  isOver = true;
  if (said instanceof Promise) throw new TypeError('The function of a batch may not be async: it only says what is to be done');
  const send = (bodies: readonly object[]): Promise<{ readonly results: readonly unknown[] }> => {
    const body = { operations: operations.map((one, index) => (one.data ? { ...one, data: bodies[index] } : one)) };
    return transport.send({ ...options, method: 'POST', path: '/batch', body });
  };
  const bodies = operations.map(({ collection, data = {} }) => ({ collection, data }));
  const { results } = operations.length === 0 ? { results: [] } : await give(bodies, options, send);
  // cast: `settle` does to the value what `Settled` does to its type
  return settle(said, results) as Settled<T>;
}

function recordsOf<S, C extends keyof S & string>(collection: C, note: <R>(operation: Operation) => Pending<R>): BatchRecords<S, C> {
  return {
    create: (data) => note({ op: 'create', collection, data: withoutRead(data, false) }),
    update: (id, data, { ifVersion } = {}) => note({ op: 'update', collection, id, data: withoutRead(data, true), ifVersion }),
    upsert: (data, { onConflict }) => note({ op: 'upsert', collection, data: withoutRead(data, false), onConflict }),
    delete: (id, { ifVersion } = {}) => void note({ op: 'delete', collection, id, ifVersion }),
  };
}

function settle(value: unknown, results: readonly unknown[]): unknown {
  if (value instanceof Note) return results[value.index];
  if (value instanceof Reference) return idOf(results[Number(/^op(\d+)/.exec(value.$ref)?.[1])]);
  if (Array.isArray(value)) return value.map((item) => settle(item, results));
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settle(item, results)])) : value;
}

const idOf = (record: unknown): unknown => (typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined);
