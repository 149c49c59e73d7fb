/** A row of a collection as the change log told it: its values are read when somebody asks, each once for all who do. */
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Stored } from '@underpin/sdk/expr/findings';
import { emptyWorld, type Subject } from '@underpin/sdk/expr/world';
import type { Change, Image, Relation } from '../changes/change.ts';
import { ident } from '../kit/sql.ts';
import { columnFields, type Collection } from '../schema/collection.ts';
import { fromText, imageJson, type FromText } from '../schema/image-text.ts';
import type { ToJson } from '../schema/json-text.ts';

interface Column {
  readonly at: number;
  readonly value: FromText;
  readonly json: ToJson;
}
/**
 * The columns that a relation tells, an object with all of them to begin with (rows of one form are read faster), and those that
 * conditions have asked for so far: a row is read for all of them at once, and not looked through again by each.
 */
interface Columns {
  readonly byName: ReadonlyMap<string, Column>;
  readonly empty: Readonly<Record<string, undefined>>;
  readonly asked: Set<readonly string[]>;
  readonly wanted: Set<string>;
}

const known = new WeakMap<Collection, WeakMap<Relation, Columns>>();
function columnsOf(collection: Collection, relation: Relation): Columns {
  const byRelation = known.get(collection) ?? new WeakMap<Relation, Columns>();
  known.set(collection, byRelation);
  const before = byRelation.get(relation);
  if (before !== undefined) return before;
  const columns = columnFields(collection).flatMap(({ name, ty }) => {
    const at = relation.columns.indexOf(name);
    return at < 0 ? [] : [[name, { at, value: fromText(ty), json: imageJson(ty) }] as const];
  });
  const made = {
    byName: new Map(columns),
    empty: Object.fromEntries(columns.map(([name]) => [name, undefined])),
    asked: new Set<readonly string[]>(),
    wanted: new Set<string>(),
  };
  byRelation.set(relation, made);
  return made;
}

export class Row {
  readonly #columns: Columns;
  readonly #image: Image;
  readonly #values: Record<string, ConstValue | undefined>;
  #texts: Record<string, string | undefined> | undefined;
  /** Whether all of it was told. */
  readonly #isWhole: boolean;
  /** Of how many who asked it was read. */
  #read = 0;
  #written: Map<string, string> | undefined;
  /** For the evaluator: once `read` was asked for them, it has the columns. */
  readonly subject: Subject;

  constructor(collection: Collection, relation: Relation, image: Image) {
    this.#columns = columnsOf(collection, relation);
    this.#image = image;
    this.#values = { ...this.#columns.empty };
    this.#isWhole = !image.includes(undefined);
    // cast: the evaluator takes undefined for absent, and asks for nothing that was not read before.
    this.subject = { record: this.#values as Stored, world: emptyWorld };
  }

  /** Undefined where it was not told. */
  get id(): string | undefined {
    return this.#text('id') ?? undefined;
  }

  /** In the form of the language; undefined where it was not told. */
  value(field: string): ConstValue | undefined {
    const before = this.#values[field];
    if (before !== undefined) return before;
    const column = this.#columns.byName.get(field);
    const text = column && this.#image[column.at];
    if (column === undefined || text === undefined) return undefined;
    return (this.#values[field] = text === null ? null : column.value(text));
  }

  /** As JSON; `null` for what was not told, so ask `tells` first. */
  json(field: string): string {
    const texts = (this.#texts ??= { ...this.#columns.empty });
    const before = texts[field];
    if (before !== undefined) return before;
    const column = this.#columns.byName.get(field);
    const text = column && this.#image[column.at];
    if (column === undefined || text === undefined) return 'null';
    return (texts[field] = text === null ? 'null' : column.json(text));
  }

  tells(fields: readonly string[]): boolean {
    for (const field of fields) if (this.#isWhole ? !this.#columns.byName.has(field) : this.#text(field) === undefined) return false;
    return true;
  }

  /** Sees to it that the evaluator finds these fields. `fields`: one object for each program. */
  read(fields: readonly string[]): void {
    const { asked, wanted } = this.#columns;
    if (!asked.has(fields)) {
      asked.add(fields);
      for (const field of fields) wanted.add(field);
    }
    if (this.#read === asked.size) return;
    for (const field of wanted) this.value(field);
    this.#read = asked.size;
  }

  /** What is the same for all who are shown the same fields is written once. */
  written(name: string, write: () => string): string {
    const before = this.#written?.get(name);
    if (before !== undefined) return before;
    const text = write();
    (this.#written ??= new Map<string, string>()).set(name, text);
    return text;
  }

  #text(field: string): string | null | undefined {
    const column = this.#columns.byName.get(field);
    return column === undefined ? undefined : this.#image[column.at];
  }
}

/**
 * A change of one collection's row, read once for all groups, or that the table was emptied. `isBlind`: the row was there before,
 * under the same id, and the log does not tell how it was.
 */
export type RowChange = { readonly old?: Row; readonly row?: Row; readonly isBlind?: true } | 'truncate';

/** A value too long to be kept in its row is not told again where it stayed the same: then it is that of the row before. */
export function toRowChange(collection: Collection, change: Change): RowChange {
  if (change.op === 'truncate') return 'truncate';
  const row = (image: Image): Row => new Row(collection, change.relation, image);
  if (change.op === 'insert') return { row: row(change.row) };
  if (change.op === 'delete') return { old: row(change.old) };
  const { old } = change;
  if (old === undefined) return { row: row(change.row), isBlind: true };
  const whole = change.row.includes(undefined) ? change.row.map((text, at) => (text === undefined ? old[at] : text)) : change.row;
  return { old: row(old), row: row(whole) };
}

/** How tables are named here, as in `public.posts`. */
export const tableOf = ({ schema, name }: Pick<Relation, 'schema' | 'name'>): string => `${schema}.${name}`;
export const unquoted = (table: string): string => table.replaceAll('"', '');

/** A collection's columns as a query asks for them, so that its rows are images too. */
export function queried(collection: Collection): { readonly relation: Relation; readonly columns: (alias: string) => string } {
  const columns = columnFields(collection).map(({ name }) => name);
  const [schema = '', name = ''] = unquoted(collection.table).split('.');
  return {
    relation: { oid: 0, schema, name, columns, identity: 'full' },
    columns: (alias) => columns.map((column) => `${alias}.${ident(column)}`).join(', '),
  };
}
