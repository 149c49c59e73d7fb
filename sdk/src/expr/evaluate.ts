/** Typed expression → a function in memory that decides exactly as the SQL of the same expression does. */
import type { Stored } from './findings.ts';

/** The records around a row, as far as they are known here. `undefined` means not known: it is noted as missing. */
export interface World {
  /** null: there is no such record. */
  record(collection: string, id: string): Stored | null | undefined;
  /** The ids of a list of records as they are stored: a to-many field or a back-relation of the record `id`. */
  list(collection: string, field: string, id: string): readonly string[] | undefined;
  /** The ids of all records of a collection. */
  all(collection: string): readonly string[] | undefined;
}

/** What is judged: the stored row, the row to be, and the world around them. */
export interface Subject {
  readonly record: Stored | null;
  readonly next?: Stored;
  /** Whether a write changes a field; needed where `changed.f` was not folded. */
  readonly changed?: (field: string) => boolean;
  readonly world: World;
}
