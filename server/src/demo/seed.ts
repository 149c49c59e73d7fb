/**
 * `npm start -- --demo`: collections and records for looking around, made through the same line as everything else, in
 * process. It can be cut short and started again: what is there already, by name or by id, is left as it is.
 */
import { systemCtx, type Base, type Ctx } from '../ctx.ts';
import { Failure } from '../kit/errors.ts';
import { createAccountRecord, createRecord } from '../records/create.ts';
import { schemaOf } from '../schema/load.ts';
import { createCollection } from '../schema/save.ts';
import { demoId, readMovies } from './movies.ts';
import { demoCollections } from './schema.ts';

export type Progress = (done: number, all: number) => void;

const atOnce = 8;
const names = ['ada', 'ben', 'chen', 'dana', 'emil'];
const opinions = ['Worth an evening.', 'Better than I remembered.', 'Too long by half an hour.', 'Would see it again.', 'Not for me.'];

export async function seedDemo(base: Base, progress: Progress): Promise<number> {
  const ctx = systemCtx(base);
  const schema = await schemaOf(ctx);
  for (const { name, fields } of demoCollections) {
    const there = schema.byName.get(name);
    if (there !== undefined && fields.some((field) => !there.byName.has(field.name)))
      throw new Error(`There is a collection "${name}" of your own; the demo needs a place of its own: set DATA_DIR to an empty folder`);
  }
  for (const collection of demoCollections) if (!schema.byName.has(collection.name)) await createCollection(ctx, collection);
  const movies = readMovies();
  const unique = (of: (movie: (typeof movies)[number]) => string | null): readonly string[] =>
    [...new Set(movies.map(of))].filter((name) => name !== null);
  const missing = new Map<string, ReadonlySet<string>>();
  for (const { name } of demoCollections) missing.set(name, await knownIds(ctx, name));
  const make = (collection: string, kind: string, list: readonly string[]) =>
    list.map((name) => ({ collection, id: demoId(kind, name), body: { name } }));
  const link = (kind: string, name: string | null): string | null => (name === null ? null : demoId(kind, name));
  const accounts = await demoAccounts(ctx);
  const stages = [
    [
      ...make(
        'genres',
        'genre',
        unique(({ genre }) => genre),
      ),
      ...make(
        'people',
        'person',
        unique(({ director }) => director),
      ),
    ],
    movies.map(({ id, genre, director, fields }) => ({
      collection: 'movies',
      id,
      body: { ...fields, genre: link('genre', genre), director: link('person', director) },
    })),
    movies
      .filter((_movie, index) => index % 8 === 0)
      .map(({ id }, index) => ({
        collection: 'reviews',
        id: demoId('review', index),
        body: {
          movie: id,
          author: accounts[index % accounts.length],
          stars: 1 + ((index * 7) % 5),
          text: opinions[index % opinions.length],
          hidden: index % 11 === 0,
        },
      })),
  ];
  const all = stages.reduce((sum, stage) => sum + stage.length, 0);
  let done = 0;
  for (const stage of stages) {
    const queue = stage.values();
    const worker = async (): Promise<void> => {
      for (const { collection, id, body } of queue) {
        if (missing.get(collection)?.has(id) !== true) await createRecord(ctx, collection, { id, ...body }).catch(unlessThere);
        progress(++done, all);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }
  return movies.length;
}

async function knownIds(ctx: Ctx, name: string): Promise<ReadonlySet<string>> {
  const table = (await schemaOf(ctx)).byName.get(name)?.table;
  if (table === undefined) return new Set();
  return new Set((await ctx.db.run({ text: `SELECT "id" FROM ${table}` })).rows.map((row) => String(row['id'])));
}

/** Accounts that write reviews; nobody can sign in as them, because they have no password. */
async function demoAccounts(ctx: Ctx): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const email = `${name}@demo.invalid`;
    const { rows } = await ctx.db.run({ text: 'SELECT "id" FROM public.users WHERE "email" = $1', values: [email] });
    ids.push(rows[0] === undefined ? (await createAccountRecord(ctx, 'users', email, { name })).id : String(rows[0]['id']));
  }
  return ids;
}

/** A process beside us may have made it a moment ago. */
const unlessThere = (error: unknown): void => {
  if (!(error instanceof Failure && error.code === 'unique_violation')) throw error;
};
