/**
 * Changes of the schema: plan and apply in one transaction of the owner role.
 *
 * Worry: two admins change one collection at once; a rename breaks a rule elsewhere; a drop takes data that nobody
 * meant to lose; a crash leaves table and definition apart.
 * Decision: one advisory lock for all schema changes, and everything inside it: the definitions are read again, the
 * change is judged against them (`base` says which definition the caller saw), counted, confirmed by the hash of the
 * plan, and written together with DDL, definition and audit. Postgres's DDL is transactional, so all of it is done or
 * none, and the version that the trigger raises tells every process at the commit.
 */
import { createHash } from 'node:crypto';
import type { CollectionDef, FieldDef, Plan, PlanOperation, ProblemField } from '@underpin/sdk/wire';
import { audit } from '../changes/audit.ts';
import { withOwnerTx, type Ctx } from '../ctx.ts';
import { schemaLock } from '../db/migrate.ts';
import { fail } from '../kit/errors.ts';
import { newId } from '../kit/ids.ts';
import { limits } from '../kit/limits.ts';
import { canonical, type Collection } from './collection.ts';
import { parseDefinition } from './definition.ts';
import { diffCollection } from './diff.ts';
import { collectionNamed, loadSchema, reloadSchema, type Schema } from './load.ts';
import type { Operation } from './operation.ts';
import { followRenames } from './rename.ts';
import { renameInScopes } from './rename-scopes.ts';
import { canonicalText, mapExpressions, schemaWith, validateCollection, expressionProblems, withResults } from './validate.ts';

type Stored = CollectionDef & { readonly id: string };

/** What a PATCH may say. `fields` is the whole list; `rules` are merged by name; the rest replaces. */
export interface CollectionPatch {
  readonly name?: unknown;
  readonly fields?: unknown;
  readonly indexes?: unknown;
  readonly rules?: Readonly<Record<string, unknown>>;
  readonly guard?: unknown;
  readonly auth?: unknown;
  readonly history?: unknown;
  readonly ui?: unknown;
  /** The hash of the definition that the caller changed; another one now is 409 `conflict`. */
  readonly base?: string;
  readonly confirm?: string;
}

export const createCollection = (ctx: Ctx, input: unknown): Promise<Collection> =>
  change(ctx, async (inside, schema) => {
    const parsed = parseDefinition(input);
    const def = withMeaning({
      ...parsed,
      id: newId(ctx.now),
      fields: parsed.fields.map((field) => ({ ...field, id: newId(ctx.now) })),
    });
    await refuseForeignTable(inside, def.name);
    const after = schemaWith(schema, def.id, def);
    validateCollection(schema, after, def);
    await apply(inside, diffCollection(undefined, def));
    await store(inside, def);
    await audit(inside, 'collection.created', def.name, { after: def });
    return def.id;
  });

export const changeCollection = (ctx: Ctx, name: string, patch: CollectionPatch): Promise<Collection> =>
  change(ctx, async (inside, schema) => {
    const before = ownCollection(schema, name);
    if (patch.base !== undefined && patch.base !== before.hash)
      throw fail('conflict', `The collection "${name}" has been changed by somebody else meanwhile.`);
    const stored = storedOf(before);
    const def = withCanonicalRules(patched(ctx, stored, patch));
    if (def.name !== stored.name) await refuseForeignTable(inside, def.name);
    const { def: renamed, others } = followRenames(schema, stored, def);
    const followed = withResults(renamed);
    const after = schemaWith(schema, def.id, followed, others);
    validateCollection(schema, after, followed);
    const operations = diffCollection(stored, followed);
    await confirm(inside, before.hash, operations, patch.confirm, followed);
    await apply(inside, operations);
    for (const other of [followed, ...others]) await store(inside, other);
    await renameInScopes(inside, schema, stored, def);
    await audit(inside, 'collection.changed', followed.name, { before: stored, after: followed });
    return def.id;
  });

export async function dropCollection(ctx: Ctx, name: string, confirmed: string | undefined): Promise<void> {
  await inLock(ctx, async (inside, schema) => {
    const before = ownCollection(schema, name);
    if (before.name === 'users') throw fail('conflict', 'The collection "users" holds the accounts and stays.');
    const pointing = schema.collections.flatMap((other) =>
      other.fields.filter((field) => field.to === name && other.id !== before.id).map((field) => `${other.name}.${field.name}`),
    );
    if (pointing.length > 0) {
      throw fail('reference_violation', { status: 409, detail: `${pointing.join(', ')} point to "${name}"; drop or change them first.` });
    }
    const broken = expressionProblems(schemaWith(schema, before.id, undefined), undefined);
    if (broken.length > 0) throw fail('conflict', { detail: `Rules of other collections mention "${name}".`, errors: broken });
    const operations = diffCollection(storedOf(before), undefined);
    await confirm(inside, before.hash, operations, confirmed, undefined);
    await apply(inside, operations);
    await inside.db.run({ text: 'DELETE FROM underpin.collections WHERE id = $1', values: [before.id] });
    await audit(inside, 'collection.dropped', name, { before: storedOf(before) });
  });
  await reloadSchema(ctx);
}

async function change(ctx: Ctx, work: (inside: Ctx, schema: Schema) => Promise<string>): Promise<Collection> {
  const id = await inLock(ctx, work);
  const collection = (await reloadSchema(ctx)).byId.get(id);
  if (collection === undefined) throw fail('conflict', 'The collection was dropped by somebody else meanwhile.');
  return collection;
}

const inLock = <T>(ctx: Ctx, work: (inside: Ctx, schema: Schema) => Promise<T>): Promise<T> =>
  withOwnerTx(ctx, async (inside) => {
    await inside.db.run({ text: `SET LOCAL lock_timeout = ${limits.database.lock}` });
    await inside.db.run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [schemaLock] });
    return work(inside, await loadSchema(inside.db));
  });

function ownCollection(schema: Schema, name: string): Collection {
  const collection = collectionNamed(schema, name);
  if (collection.system) throw fail('forbidden', `"${name}" is one of Underpin's own collections.`);
  return collection;
}

const storedOf = (collection: Collection): Stored => ({ ...collection.def, id: collection.id });

const withCanonicalRules = (def: Stored): Stored => mapExpressions(def, ({ text }) => canonicalText(text));
const withMeaning = (def: Stored): Stored => withResults(withCanonicalRules(def));

/** A table of that name that is none of ours is left alone. */
async function refuseForeignTable(ctx: Ctx, name: string): Promise<void> {
  const { rows } = await ctx.db.run({ text: `SELECT to_regclass(format('public.%I', $1::text)) IS NOT NULL AS there`, values: [name] });
  if (rows[0]?.['there'] === true) {
    throw fail('unique_violation', {
      detail: `There is a table "${name}" in the database already.`,
      errors: [{ pointer: '/name', code: 'unique_violation', message: 'is taken' }],
    });
  }
}

/** The definition after a PATCH. A field is known by its id, else by its name; what is neither is new. */
function patched(ctx: Ctx, before: Stored, patch: CollectionPatch): Stored {
  const merged = parseDefinition({
    ...before,
    ...(patch.name === undefined ? {} : { name: patch.name }),
    ...(patch.fields === undefined ? {} : { fields: patch.fields }),
    ...(patch.indexes === undefined ? { indexes: indexesAfter(before, patch.fields) } : { indexes: patch.indexes }),
    ...(patch.rules === undefined ? {} : { rules: { ...before.rules, ...patch.rules } }),
    // null takes the guard away; that nobody but admins may is said by the rules.
    ...(patch.guard === undefined ? {} : { guard: patch.guard ?? undefined }),
    ...(patch.auth === undefined ? {} : { auth: patch.auth }),
    ...(patch.history === undefined ? {} : { history: patch.history }),
    ...(patch.ui === undefined ? {} : { ui: patch.ui }),
  });
  const ids = new Set(before.fields.map(({ id }) => id));
  const problems: ProblemField[] = [];
  const sent = new Set(merged.fields.map(({ id }) => id).filter((id) => id !== undefined));
  const fields = merged.fields.map((field, index): FieldDef => {
    if (field.id !== undefined && !ids.has(field.id))
      problems.push({ pointer: `/fields/${index}/id`, code: 'invalid_request', message: 'is no field of this collection' });
    const sameName = before.fields.find((was) => was.name === field.name && was.id !== undefined && !sent.has(was.id));
    return { ...field, id: field.id ?? sameName?.id ?? newId(ctx.now) };
  });
  if (new Set(fields.map(({ id }) => id)).size < fields.length)
    problems.push({ pointer: '/fields', code: 'invalid_request', message: 'name one field twice' });
  if (problems.length > 0) throw fail('invalid_request', { detail: problems.map(({ message }) => message).join('; '), errors: problems });
  return { ...merged, id: before.id, fields };
}

/** Where only the fields are sent, indexes follow them: renamed with them, gone where one of theirs is. */
function indexesAfter(before: Stored, fields: unknown): CollectionDef['indexes'] {
  if (!Array.isArray(fields)) return before.indexes;
  const names = new Map<string, string>();
  for (const was of before.fields) {
    for (const sent of fields) {
      if (
        sent !== null &&
        typeof sent === 'object' &&
        'name' in sent &&
        typeof sent.name === 'string' &&
        (('id' in sent && sent.id === was.id) || sent.name === was.name)
      )
        names.set(was.name, sent.name);
    }
  }
  const own = new Set(before.fields.map(({ name }) => name));
  const follow = (part: string): string | undefined => {
    const plain = part.replace(/^-/, '');
    const now = own.has(plain) ? names.get(plain) : plain;
    return now === undefined ? undefined : part.startsWith('-') ? `-${now}` : now;
  };
  return (before.indexes ?? []).flatMap((index) => {
    const parts = index.fields.map(follow);
    return parts.includes(undefined) ? [] : [{ ...index, fields: parts.filter((part) => part !== undefined) }];
  });
}

/** Counts what the plan would cost, and refuses until it is confirmed by its hash. What cannot succeed is refused at once. */
async function confirm(
  ctx: Ctx,
  base: string,
  operations: readonly Operation[],
  confirmed: string | undefined,
  after: Stored | undefined,
): Promise<void> {
  const counted: PlanOperation[] = [];
  for (const operation of operations) counted.push(await count(ctx, operation));
  const impossible = counted
    .flatMap(({ hazards, counts, field, summary }) =>
      hazards.includes('MAY_FAIL') ? [{ field, summary, rows: Object.values(counts ?? {})[0] ?? 0 }] : [],
    )
    .filter(({ rows }) => rows > 0);
  if (impossible.length > 0) {
    throw fail('validation_failed', {
      detail: impossible.map(({ summary, rows }) => `${summary}: ${rows} records do not fit`).join('; '),
      errors: impossible.map(({ field, rows }) => ({
        pointer: `/fields/${after?.fields.findIndex(({ name }) => name === field) ?? ''}`,
        code: 'validation_failed',
        message: `${rows} records do not fit; give a default or change them first`,
      })),
    });
  }
  const hash = createHash('sha256')
    .update(canonical([base, operations.map(({ kind, collection, field, sql }) => [kind, collection, field, sql])]))
    .digest('hex')
    .slice(0, 16);
  const needed = counted.some(
    ({ hazards, counts }) => hazards.includes('DELETES_DATA') && Object.values(counts ?? {}).some((rows) => rows > 0),
  );
  if (needed && confirmed !== hash) {
    const plan: Plan = { base, hash, operations: counted, sql: operations.flatMap(({ sql }) => sql) };
    throw fail('confirmation_required', { detail: `This deletes data; send confirm: "${hash}" to do it.`, extra: { plan } });
  }
}

async function count(ctx: Ctx, operation: Operation): Promise<PlanOperation> {
  const counts: Record<string, number> = {};
  for (const [name, text] of Object.entries(operation.counts ?? {})) counts[name] = Number((await ctx.db.run({ text })).rows[0]?.['count']);
  const { kind, collection, field, summary, hazard } = operation;
  return { kind, collection, ...(field === undefined ? {} : { field }), summary, hazards: hazard === undefined ? [] : [hazard], counts };
}

async function apply(ctx: Ctx, operations: readonly Operation[]): Promise<void> {
  for (const text of operations.flatMap(({ sql }) => sql)) await ctx.db.run({ text });
}

async function store(ctx: Ctx, def: Stored): Promise<void> {
  await ctx.db.run({
    text: `INSERT INTO underpin.collections (id, name, definition, created, updated) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, definition = excluded.definition, updated = excluded.updated`,
    values: [def.id, def.name, JSON.stringify(def), new Date(ctx.now)],
  });
}

/** Makes the collection of accounts that every installation has. Called at start; does nothing where it is there. */
export async function ensureUsers(ctx: Ctx): Promise<void> {
  await inLock(ctx, async (inside, schema) => {
    if (schema.byName.has('users')) return;
    const def: Stored = {
      id: newId(ctx.now),
      name: 'users',
      kind: 'auth',
      fields: [{ id: newId(ctx.now), name: 'name', type: 'text', required: false, max: 200 }],
      indexes: [],
      rules: { list: 'id == auth.id', view: 'id == auth.id', create: 'true', update: 'id == auth.id', delete: null },
    };
    await apply(inside, diffCollection(undefined, def));
    await store(inside, def);
  });
}
