/**
 * What a rule is judged on in memory: rows, and the records around them as far as they are known.
 *
 * A world may be partial. What is not known is noted as missing and taken for absent while the evaluation goes on, so that
 * one pass finds all that is missing at its depth; the answer counts only if nothing that it needed was missing.
 */
import type { Stored } from './findings.ts';
import type { ConstValue, Ir } from './ir.ts';

/** The records around a row. `undefined` means: not known here. */
export interface World {
  /** null: there is no such record. */
  record(collection: string, id: string): Stored | null | undefined;
  /** The ids of a list as they are stored: a to-many field or a back-relation of the record `id`. */
  list(collection: string, field: string, id: string): readonly string[] | undefined;
  /** The ids of all records of a collection. */
  all(collection: string): readonly string[] | undefined;
}

/** What is judged: the stored row, the row to be, and the world around them. A row may carry its own to-many lists as arrays of ids. */
export interface Subject {
  readonly record: Stored | null;
  readonly next?: Stored;
  /** Whether a write changes a field; needed where `changed.f` was not folded. */
  readonly changed?: (field: string) => boolean;
  readonly world: World;
}

/** What a caller sees of the collections that a filter touches, as in SQL: conditions on a root `record`, folded for the caller. */
export interface MemoryView {
  guard(collection: string): readonly Ir[];
  mask(collection: string, field: string): readonly Ir[];
  /** The field that makes a back-relation; undefined for a list of the record's own. */
  back(collection: string, field: string): { readonly collection: string; readonly field: string } | undefined;
}

export type Missing =
  | { readonly kind: 'record'; readonly collection: string; readonly id: string }
  | { readonly kind: 'list'; readonly collection: string; readonly field: string; readonly id: string }
  | { readonly kind: 'all'; readonly collection: string };

/** One evaluation under way: the subject, the items that the quantifiers stand at, and what was missing so far. */
export interface Frame {
  readonly subject: Subject;
  readonly rows: (Stored | null)[];
  readonly elements: ConstValue[];
  readonly missing: Missing[];
}

/** A world in which nothing is known: enough for what speaks of the row and the caller alone. */
export const emptyWorld: World = { record: () => undefined, list: () => undefined, all: () => undefined };

/** The value of a field; null where the row has none of that name. */
export const fieldOf = (row: Stored, field: string): ConstValue => (Object.hasOwn(row, field) ? (row[field] ?? null) : null);
