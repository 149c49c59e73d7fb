/** What the change log tells: the transactions of the database in the order of their commits, whoever wrote them. */

/** Where a transaction ended in Postgres's own log: 16 hex digits, so that places compare as texts. */
export type Position = string;

/** A table as the log describes it. One object until the table changes, so that what follows from it can be kept by it. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** What is told of the row before: all of it, its key, or nothing. */
  readonly identity: 'full' | 'key' | 'nothing';
}

/** A row in the order of the relation's columns, each as Postgres's text; undefined where it was not sent. */
export type Image = readonly (string | null | undefined)[];

export type Change =
  | { readonly op: 'insert'; readonly relation: Relation; readonly row: Image }
  /** `old` is absent where only the key is told and it stayed the same. */
  | { readonly op: 'update'; readonly relation: Relation; readonly old?: Image; readonly row: Image }
  | { readonly op: 'delete'; readonly relation: Relation; readonly old: Image }
  | { readonly op: 'truncate'; readonly relation: Relation };

/** What was written with `pg_logical_emit_message(true, …)` in a transaction. */
export interface LogMessage {
  readonly prefix: string;
  readonly content: string;
}

export interface Txn {
  readonly position: Position;
  /** The 32 bits of it that the log tells. */
  readonly xid: number;
  readonly changes: readonly Change[];
  /** In place of `changes`, where they are too many to be held: the tables that they touched. */
  readonly bulk?: ReadonlySet<Relation>;
  readonly messages: readonly LogMessage[];
}
