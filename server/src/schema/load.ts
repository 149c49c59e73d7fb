/**
 * The schema in memory: one snapshot, replaced whole when the database's version is another.
 *
 * Every process hears of a change by NOTIFY and marks its snapshot as old; the next request loads the new one before
 * it is judged. While listening is silent the version is asked for each time, so that a rule that was tightened
 * elsewhere is never served from memory for longer than a second.
 */
import type { CollectionDef } from '@underpin/sdk/wire';
import { createHash } from 'node:crypto';
import { slot } from '../kit/cache.ts';
import { fail } from '../kit/errors.ts';
import type { Base, Ctx } from '../ctx.ts';
import type { Db } from '../db/connect.ts';
import { buildCollection, type Collection, type Inverse } from './collection.ts';
import { systemCollections } from './system.ts';

export interface Schema {
  readonly version: number;
  readonly hash: string;
  readonly collections: readonly Collection[];
  readonly byName: ReadonlyMap<string, Collection>;
  readonly byId: ReadonlyMap<string, Collection>;
}

interface Held {
  schema: Schema | undefined;
  /** What the database said last; the snapshot is old where its version is less. */
  stale: boolean;
  loading: Promise<Schema> | undefined;
}
const held = slot<Held>('schema', () => ({ schema: undefined, stale: true, loading: undefined }));

export function followSchema(base: Base): void {
  const state = base.cache.get(held);
  const forget = (): void => {
    state.stale = true;
  };
  base.listener.on('schema', forget, forget);
}

/** The schema in memory, where it is known to be that of the database. */
export function freshSchema(base: Base): Schema | undefined {
  const state = base.cache.get(held);
  return !state.stale && base.listener.isFresh() ? state.schema : undefined;
}

/** The schema as it stands now. */
export async function schemaOf(ctx: Ctx): Promise<Schema> {
  const fresh = freshSchema(ctx);
  if (fresh !== undefined) return fresh;
  const state = ctx.cache.get(held);
  // What is being loaded may have been read before the change that somebody heard of meanwhile: then it is loaded once more.
  for (;;) {
    state.loading ??= refresh(ctx, state).finally(() => {
      state.loading = undefined;
    });
    const schema = await state.loading;
    if (!state.stale) return schema;
  }
}

/** The hash of the schema that is loaded, for answers to carry. */
export const loadedHash = (base: Base): string | undefined => base.cache.get(held).schema?.hash;

/** Loads it anew whatever is remembered: after a change of ours, or when a statement met a schema it was not planned for. */
export async function reloadSchema(ctx: Ctx): Promise<Schema> {
  ctx.cache.get(held).stale = true;
  return schemaOf(ctx);
}

async function refresh(ctx: Ctx, state: Held): Promise<Schema> {
  // Before asking: a NOTIFY that comes while we load must not be lost.
  state.stale = false;
  try {
    const version = await versionOf(ctx.db);
    if (state.schema?.version !== version) state.schema = await loadSchema(ctx.db);
    return state.schema;
  } catch (error) {
    state.stale = true;
    throw error;
  }
}

async function versionOf(db: Db): Promise<number> {
  const { rows } = await db.run({ text: 'SELECT version FROM underpin.schema_version' });
  return Number(rows[0]?.['version']);
}

/** Reads all of it in one statement, so that version and definitions are of one moment. */
export async function loadSchema(db: Db): Promise<Schema> {
  const { rows } = await db.run({
    text: `SELECT v.version, c.id, c.definition FROM underpin.schema_version v LEFT JOIN underpin.collections c ON true ORDER BY c.name`,
  });
  const own = rows.flatMap((row) => {
    if (row['id'] === null) return [];
    // cast: only save.ts writes this column, and only definitions that were checked.
    return [buildCollection({ ...(row['definition'] as CollectionDef), id: String(row['id']) })];
  });
  return makeSchema(Number(rows[0]?.['version']), own);
}

export function makeSchema(version: number, own: readonly Collection[]): Schema {
  const collections = [...own.map((collection) => ({ ...collection, inverses: inversesOf(collection, own) })), ...systemCollections];
  return {
    version,
    hash: createHash('sha256')
      .update(own.map(({ name, hash }) => `${name}:${hash}`).join('\n'))
      .digest('hex')
      .slice(0, 16),
    collections,
    byName: new Map(collections.map((collection) => [collection.name, collection])),
    byId: new Map(collections.map((collection) => [collection.id, collection])),
  };
}

const inversesOf = (target: Collection, all: readonly Collection[]): ReadonlyMap<string, Inverse> =>
  new Map(
    all.flatMap((from) =>
      from.fields.flatMap((field) =>
        field.to === target.name && field.def.inverse !== undefined ? [[field.def.inverse, { from: from.name, field }] as const] : [],
      ),
    ),
  );

/** The collection of that name, or 404. */
export function collectionNamed(schema: Schema, name: string): Collection {
  const collection = schema.byName.get(name);
  if (collection === undefined) throw fail('not_found', `There is no collection "${name}".`);
  return collection;
}
