/** What the tools of the rule editor say of rules: traces, lints, differences and the examples that prove them. Types only. */
import type { Span } from './ast.ts';
import type { ConstValue, Ir } from './ir.ts';
import type { SchemaModel, Ty } from './model.ts';

/** A row by its field names, values in the language's own form (`ConstValue` of ir.ts). */
export type Stored = Readonly<Record<string, ConstValue>>;

/** What rules of one collection are checked against. */
export interface Vocabulary {
  readonly schema: SchemaModel;
  /** The fields of accounts that stand behind `auth.…`. */
  readonly auth: ReadonlyMap<string, Ty>;
  readonly collection: string;
}

export type RuleAction = 'list' | 'view' | 'create' | 'update' | 'delete' | 'history';
/** Where a rule stands: of an action, the guard, or of a field. */
export type RuleKind = RuleAction | 'guard' | 'read' | 'write';

/** Why a rule came out as it did: one node per clause, with what it came to for one caller and one record. */
export interface Trace extends Span {
  readonly op: Ir['op'];
  /** The clause in canonical form. */
  readonly text: string;
  /** true or false for a condition, else the value; null where absent. */
  readonly value: ConstValue;
  /** Whether what the whole came to follows from this clause: it alone would have decided it. */
  readonly decisive: boolean;
  readonly children: readonly Trace[];
  /** Of a quantifier: for how many of how many items its condition holds, and the first few. */
  readonly items?: TraceItems;
}
export interface TraceItems {
  readonly total: number;
  readonly holding: number;
  readonly shown: readonly { readonly item: ConstValue; readonly trace: Trace }[];
}

/** One caller and one record, found by search: the proof of a lint or a difference. Not real data; times as ISO texts. */
export interface Example {
  readonly auth: Stored | null;
  readonly record: Stored;
  /** The row after the write, in rules that speak of it. */
  readonly next?: Stored;
  /** The records that the rule reaches from there. */
  readonly related: readonly { readonly collection: string; readonly record: Stored }[];
}

export type LintCode =
  | 'never_true'
  | 'always_true'
  | 'anonymous_may_write'
  | 'ownership_can_change'
  | 'written_unseen'
  | 'update_without_view'
  | 'all_over_empty'
  | 'depends_on_now'
  | 'missing_guard';

export interface Lint extends Span {
  readonly code: LintCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  /** The rule that it is about, and the span in its text; a lint of the whole collection has an empty span. */
  readonly rule: RuleKind | null;
  readonly example?: Example;
}

/** All rules of a collection, as they would be saved. */
export interface RuleSet {
  readonly rules: Readonly<Partial<Record<RuleAction, string | null>>>;
  readonly guard?: string | null;
  /** Read rules of fields, by name. */
  readonly reads?: Readonly<Record<string, string | null>>;
  /** Write rules of fields, by name. */
  readonly writes?: Readonly<Record<string, string | null>>;
  /** Whether other collections have a guard. */
  readonly othersAreGuarded?: boolean;
}

/** What an edit of a rule changes: for anonymous callers and for accounts, each with an example. */
export interface RuleDiff {
  readonly allowed: readonly DiffEntry[];
  readonly denied: readonly DiffEntry[];
  /** Whether all that the two rules can tell apart was tried; if not, no entry is no proof. */
  readonly exhaustive: boolean;
}
export interface DiffEntry {
  readonly who: 'anonymous' | 'account';
  readonly example: Example;
}
