/** A row of a collection as the change log told it: its values are read when somebody asks, each once for all who do. */
import type { ConstValue } from '@underpin/sdk/expr/ir';
import type { Stored } from '@underpin/sdk/expr/findings';
import { emptyWorld, type Subject } from '@underpin/sdk/expr/world';
import type { Change, Image, Relation } from '../../changes/change.ts';
import { ident } from '../../kit/sql.ts';
import { columnFields, type Collection } from '../../schema/collection.ts';
import { fromText, imageJson, type FromText } from '../../schema/image-text.ts';
import type { ToJson } from '../../schema/json-text.ts';

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
/** Rows of one table mostly come together. */
let last: { readonly collection: Collection; readonly relation: Relation; readonly columns: Columns } | undefined;
function columnsOf(collection: Collection, relation: Relation): Columns {
  if (last?.collection === collection && last.relation === relation) return last.columns;
  const byRelation = known.get(collection) ?? new WeakMap<Relation, Columns>();
  known.set(collection, byRelation);
  const columns = byRelation.get(relation) ?? toColumns(collection, relation);
  byRelation.set(relation, columns);
  last = { collection, relation, columns };
  return columns;
}

function toColumns(collection: Collection, relation: Relation): Columns {
  const columns = columnFields(collection).flatMap(({ name, ty }) => {
    const at = relation.columns.indexOf(name);
    return at < 0 ? [] : [[name, { at, value: fromText(ty), json: imageJson(ty) }] as const];
  });
  return {
    byName: new Map(columns),
    empty: Object.fromEntries(columns.map(([name]) => [name, undefined])),
    asked: new Set<readonly string[]>(),
    wanted: new Set<string>(),
  };
}

export class Row {
  readonly #columns: Columns;
  readonly #image: Image;
  #values: Record<string, ConstValue | undefined> | undefined;
  #subject: Subject | undefined;
  #texts: Record<string, string | undefined> | undefined;
  /** Whether all of it was told. */
  #isWhole: boolean | undefined;
  /** Of how many who asked it was read. */
  #read = 0;
  #written: Map<string, string> | undefined;

  constructor(collection: Collection, relation: Relation, image: Image) {
    this.#columns = columnsOf(collection, relation);
    this.#image = image;
  }

  /** Undefined where it was not told. */
  get id(): string | undefined {
    return this.text('id') ?? undefined;
  }

  /** In the form of the language; undefined where it was not told. */
  value(field: string): ConstValue | undefined {
    const column = this.#columns.byName.get(field);
    const text = column && this.#image[column.at];
    return column === undefined || text === undefined || text === null ? text : column.value(text);
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
    this.#isWhole ??= !this.#image.includes(undefined);
    for (const field of fields) if (this.#isWhole ? !this.#columns.byName.has(field) : this.text(field) === undefined) return false;
    return true;
  }

  /** For the evaluator, which finds these fields in it. `fields`: one object for each program. */
  subject(fields: readonly string[]): Subject {
    const { asked, wanted, empty } = this.#columns;
    if (!asked.has(fields)) {
      asked.add(fields);
      for (const field of fields) wanted.add(field);
    }
    const values = (this.#values ??= { ...empty });
    if (this.#read !== asked.size) {
      for (const field of wanted) values[field] ??= this.value(field);
      this.#read = asked.size;
    }
    // cast: the evaluator takes undefined for absent, and asks for nothing that was not read before.
    return (this.#subject ??= { record: values as Stored, world: emptyWorld });
  }

  /** What is the same for all who are shown the same fields is written once. */
  written(name: string, write: () => string): string {
    const before = this.#written?.get(name);
    if (before !== undefined) return before;
    const text = write();
    (this.#written ??= new Map<string, string>()).set(name, text);
    return text;
  }

  /** As Postgres writes it. */
  text(field: string): string | null | undefined {
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

const tables = new WeakMap<object, string>();
/** How tables are named here, as in `public.posts`. */
export function tableOf(relation: Pick<Relation, 'schema' | 'name'>): string {
  const before = tables.get(relation);
  if (before !== undefined) return before;
  const table = `${relation.schema}.${relation.name}`;
  tables.set(relation, table);
  return table;
}
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
