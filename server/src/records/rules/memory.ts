/**
 * Rows as the evaluator of the language takes them, and the world around them, loaded as far as an evaluation asks for it.
 * Conditions that need no query (classify.ts of the language) are decided here, everything else by Postgres.
 */
import { toConst } from '@underpin/sdk/expr/context';
import type { Decision } from '@underpin/sdk/expr/evaluate';
import type { Stored } from '@underpin/sdk/expr/findings';
import type { MemoryView, Missing, World } from '@underpin/sdk/expr/world';
import type { Db, ResultRow } from '../../db/connect.ts';
import { fail } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import { ident } from '../../kit/sql.ts';
import type { Collection } from '../../schema/collection.ts';
import type { Schema } from '../../schema/load.ts';
import { naming } from '../../schema/model.ts';
import type { Caller } from '../policy.ts';
import { callerView } from '../reading/select.ts';

/** Every field of a row as rules see it: lists of ids too. */
export const rowColumns = (collection: Collection, alias: string): string =>
  collection.fields
    .map((field) =>
      field.junction === undefined
        ? `${alias}.${ident(field.name)}`
        : `ARRAY(SELECT j.target FROM ${field.junction} j WHERE j.source = ${alias}."id" ORDER BY j.position) AS ${ident(field.name)}`,
    )
    .join(', ');

/** What `rowColumns` answered, in the forms of the language. */
export const storedRow = (collection: Collection, row: ResultRow): Stored =>
  Object.fromEntries(collection.fields.map((field) => [field.name, toConst(row[field.name], field.ty)]));

/** The guards and masks of a client's own filter, for decisions in memory. */
export function memoryView(caller: Caller): MemoryView {
  const names = naming(caller.schema);
  return {
    ...callerView(caller),
    back: (collection, field) => {
      const link = names.many(collection, field);
      const isOwn = link.kind === 'junction' && link.here === 'source';
      return isOwn ? undefined : { collection: link.owner, field: link.field };
    },
  };
}

/** A world that is filled from Postgres by what was missing in it. */
export class LoadedWorld implements World {
  readonly #schema: Schema;
  readonly #records = new Map<string, Stored | null>();
  readonly #lists = new Map<string, readonly string[]>();
  constructor(schema: Schema) {
    this.#schema = schema;
  }

  record(collection: string, id: string): Stored | null | undefined {
    return this.#records.get(`${collection}/${id}`);
  }
  list(collection: string, field: string, id: string): readonly string[] | undefined {
    return this.#lists.get(`${collection}/${id}/${field}`);
  }
  all(collection: string): readonly string[] | undefined {
    return this.#lists.get(collection);
  }

  /** Decides, loading what is missing and deciding again; each round looks one step further, and rules are of bounded depth. */
  async decide(db: Db, decide: () => Decision): Promise<boolean> {
    for (;;) {
      const { holds, missing } = decide();
      if (missing.length === 0) return holds;
      await this.load(db, missing);
    }
  }

  async load(db: Db, missing: readonly Missing[]): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    for (const one of missing) {
      if (one.kind === 'record') wanted.set(one.collection, (wanted.get(one.collection) ?? new Set()).add(one.id));
      else if (one.kind === 'list') await this.#loadList(db, one.collection, one.field, one.id);
      else await this.#loadAll(db, one.collection);
    }
    for (const [name, ids] of wanted) await this.#loadRecords(db, name, [...ids]);
  }

  async #loadRecords(db: Db, name: string, ids: readonly string[]): Promise<void> {
    const collection = this.#collection(name);
    const { rows } = await db.run({
      text: `SELECT ${rowColumns(collection, 't')} FROM ${collection.table} t WHERE t."id" = ANY($1::uuid[])`,
      values: [ids],
    });
    for (const id of ids) this.#records.set(`${name}/${id}`, null);
    for (const row of rows) this.#records.set(`${name}/${String(row['id'])}`, storedRow(collection, row));
  }

  async #loadList(db: Db, name: string, field: string, id: string): Promise<void> {
    const key = `${name}/${id}/${field}`;
    if (this.#lists.has(key)) return;
    const link = naming(this.#schema).many(name, field);
    const text =
      link.kind === 'column'
        ? `SELECT t."id" FROM ${this.#collection(link.owner).table} t WHERE t.${ident(link.field)} = $1 ORDER BY t."id"`
        : `SELECT j.${link.there} AS id FROM ${link.table} j WHERE j.${link.here} = $1 ORDER BY j.position, j.${link.there}`;
    this.#lists.set(key, await this.#ids(db, text, [id]));
  }

  async #loadAll(db: Db, name: string): Promise<void> {
    if (!this.#lists.has(name)) this.#lists.set(name, await this.#ids(db, `SELECT t."id" FROM ${this.#collection(name).table} t`, []));
  }

  async #ids(db: Db, text: string, values: readonly unknown[]): Promise<readonly string[]> {
    const { rows } = await db.run({ text: `${text} LIMIT ${limits.explain.records + 1}`, values });
    if (rows.length > limits.explain.records)
      throw fail('limit_exceeded', `The rule looks into more than ${limits.explain.records} records here.`);
    return rows.map((row) => String(row['id']));
  }

  #collection(name: string): Collection {
    const collection = this.#schema.byName.get(name);
    if (collection === undefined) throw new Error(`a checked expression names "${name}", which is not in its schema`);
    return collection;
  }
}
