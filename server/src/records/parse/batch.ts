/** The operations of a batch, and what stands for what an earlier one made. */
import { z } from 'zod';
import { failAt } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import type { Collection } from '../../schema/collection.ts';
import { problemsOf, refused } from '../../schema/definition.ts';
import { isObject } from './input.ts';

export interface Operation {
  readonly op: 'create' | 'update' | 'upsert' | 'delete';
  readonly collection: string;
  readonly id?: unknown;
  readonly as?: string | undefined;
  readonly data?: unknown;
  readonly ifVersion?: number | undefined;
  readonly onConflict?: string | undefined;
}

const collection = z.string().max(limits.collections.name);
const as = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,47}$/, { error: 'must be a name of letters, digits and _' })
  .optional();
const data = z.record(z.string(), z.unknown(), { error: 'must be an object' });
const id = z.union([z.string(), z.strictObject({ $ref: z.string() })], { error: 'must be an id, or { "$ref": … }' });
const ifVersion = z.number().int().positive().optional();
const onConflict = z.union([z.string(), z.array(z.string()).transform((fields) => fields.join())]);

const operation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), collection, as, data }),
  z.strictObject({ op: z.literal('update'), collection, as, id, data, ifVersion }),
  z.strictObject({ op: z.literal('upsert'), collection, as, data, onConflict }),
  z.strictObject({ op: z.literal('delete'), collection, id, ifVersion }),
]);
const batch = z.strictObject({ operations: z.array(z.unknown()) });

export function parseBatch(body: unknown): readonly Operation[] {
  const whole = batch.safeParse(body);
  if (!whole.success) throw refused(problemsOf(whole.error, ''));
  const { operations } = whole.data;
  if (operations.length > limits.batch.operations)
    throw failAt('limit_exceeded', '/operations', `A batch takes at most ${limits.batch.operations} operations`);
  const names = new Set<string>();
  return operations.map((one, index) => {
    const parsed = operation.safeParse(one);
    if (!parsed.success) throw refused(problemsOf(parsed.error, `/operations/${index}`));
    const name = 'as' in parsed.data ? parsed.data.as : undefined;
    if (name !== undefined && names.has(name))
      throw failAt('invalid_request', `/operations/${index}/as`, `"${name}" is the name of an operation before this one`);
    if (name !== undefined) names.add(name);
    return parsed.data;
  });
}

/** What operations made, by their names. */
export type Known = Map<string, { readonly id: string }>;

/** A body with what its references stand for. In json fields every object is data. */
export function resolve(of: Collection | undefined, value: unknown, known: Known, pointer = ''): unknown {
  if (of !== undefined && isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        of.byName.get(name)?.ty.kind === 'json' ? one : resolve(undefined, one, known, `${pointer}/${name}`),
      ]),
    );
  if (Array.isArray(value)) return value.map((one: unknown, index) => resolve(undefined, one, known, `${pointer}/${index}`));
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.length !== 1 || keys[0] !== '$ref')
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(undefined, one, known, `${pointer}/${key}`)]));
  const text = value['$ref'];
  const [, name = ''] = (typeof text === 'string' ? /^([A-Za-z][A-Za-z0-9_]*)\.id$/.exec(text) : null) ?? [];
  const found = known.get(name);
  if (found === undefined)
    throw failAt(
      'invalid_request',
      `${pointer}/$ref`,
      `${JSON.stringify(text)} is not the id of an operation before this one, as "name.id"`,
    );
  return found.id;
}
