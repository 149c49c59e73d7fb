/** What goes over the wire, as types only: server and client compile against this one file. */

import type { Lint, Trace } from './expr/findings.ts';
import type { CompareClass } from './expr/ir.ts';

/** A problem answer (RFC 9457), `application/problem+json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly ProblemField[];
}
export interface ProblemField {
  /** JSON pointer into the body, or `/filter`, `/sort` … for a parameter. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

export interface PageInfo {
  readonly limit: number;
  readonly next: string | null;
  readonly prev: string | null;
  readonly total?: number;
  readonly totalIsExact?: boolean;
}
export interface Page<T> {
  readonly data: readonly T[];
  readonly page: PageInfo;
}

/** The fields that every record has. */
export interface SystemFields {
  readonly id: string;
  readonly created: string;
  readonly updated: string;
  readonly version: number;
}

/** A rule: an expression, or null for admins only. */
export type Rule = string | null;
export interface CollectionRules {
  readonly list?: Rule;
  readonly view?: Rule;
  readonly create?: Rule;
  readonly update?: Rule;
  readonly delete?: Rule;
  readonly history?: Rule;
}

/** A field as it is defined. What else stands in it depends on its type (docs/reference/fields.md). */
export interface FieldDef {
  readonly id?: string;
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly onUpdate?: unknown;
  readonly unique?: never;
  readonly rules?: { readonly read?: Rule; readonly write?: Rule };
  readonly secret?: boolean;
  readonly ui?: Readonly<Record<string, unknown>>;
  /** Relations: the collection pointed to, whether many, what happens when the target goes, the back-relation's name. */
  readonly to?: string;
  readonly many?: boolean;
  readonly onDelete?: 'restrict' | 'set null' | 'cascade';
  readonly inverse?: string;
  /** Select: the allowed values. */
  readonly values?: readonly string[];
  /** Texts: how much their words weigh in a search. */
  readonly searchable?: 'A' | 'B' | 'C' | 'D';
  readonly [setting: string]: unknown;
}

/** The value of a file field. `url` is a path on the server, never signed. */
export interface FileValue {
  readonly id: string;
  readonly name: string;
  /** As it was found in the bytes, whatever the uploader called it. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Of images, in pixels as they are shown. */
  readonly width?: number;
  readonly height?: number;
  readonly url: string;
}

/** `POST /files/:id/link`. */
export interface FileLink {
  readonly url: string;
  readonly expires: string;
}

export type FileState = 'begun' | 'pending' | 'attached' | 'orphaned';

/** How many files, and their bytes. */
export interface FileAmount {
  readonly count: number;
  readonly size: number;
}

/** `GET /ops/files`. */
export interface FilesSummary {
  readonly storage: 'local' | 's3';
  readonly states: Readonly<Record<FileState, FileAmount>>;
  readonly thumbs: FileAmount;
  readonly fields: readonly (FileAmount & {
    readonly collection: string;
    readonly field: string;
    readonly quota?: number;
    readonly quotaPerAccount?: number;
  })[];
}

/** A place that names a file: a record, or a kept version of one. */
export interface FileUse {
  readonly collection: string;
  readonly field: string;
  readonly record: string;
  readonly version?: number;
}

/** `GET /ops/files/:id`. */
export interface FileDetails {
  readonly file: FileValue & { readonly state: FileState; readonly created: string; readonly owner: string };
  readonly uses: readonly FileUse[];
  readonly thumbs: readonly { readonly size: string; readonly bytes: number }[];
}

/** `POST /ops/files/sweep`. `stray`: bytes without a row. */
export interface SweepAnswer extends FileAmount {
  readonly dryRun: boolean;
  /** The first hundred of them. */
  readonly files: readonly {
    readonly id: string;
    readonly name: string;
    readonly size: number;
    readonly why: 'begun' | 'pending' | 'orphaned' | 'stray';
    readonly since: string;
  }[];
}

export interface IndexDef {
  readonly fields: readonly string[];
  readonly unique?: boolean;
}

/** How people get into a collection of accounts. What is absent is off. */
export interface AuthOptions {
  /** Nobody signs in before the address is proven, and no answer tells whether it has an account. */
  readonly verification?: boolean;
  /** Sign-in by a code that is mailed. */
  readonly code?: boolean;
  /** Accounts without address and password, to begin with. */
  readonly guests?: boolean;
  /** The app's own pages for the links in mails, instead of ours. */
  readonly urls?: { readonly [Page in 'verify' | 'reset' | 'code' | 'email']?: string };
  /** Where a page of ours may lead on to: exactly these. */
  readonly redirects?: readonly string[];
}

/** `GET /records/:collection/:id/history`: one version, as the caller may see it. */
export interface Version<R = Readonly<Record<string, unknown>>> {
  /** The record's version, as it stands in the record; a record that was made again begins at 1 again. */
  readonly version: number;
  readonly action: 'created' | 'updated' | 'deleted';
  readonly at: string;
  /** `users:<id>`, `_admins:<id>`, `_api_keys:<id>` …; null where it was not written through the API. */
  readonly by: string | null;
  readonly request: string | null;
  /** As it was then; of a deletion as it was last. */
  readonly record: R;
  /** What an update made it from, where the caller may see that. */
  readonly before: R | null;
}

/** `GET /auth/:collection/me/data`. */
export interface OwnData {
  readonly account: Readonly<Record<string, unknown>>;
  readonly sessions: readonly SessionInfo[];
  readonly audit: readonly {
    readonly created: string;
    readonly action: string;
    readonly target: string | null;
    readonly address: string;
  }[];
  readonly records: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

/** `GET /auth/:collection/methods`. */
export interface AuthMethods {
  readonly password: boolean;
  readonly verification: boolean;
  readonly code: boolean;
  readonly guests: boolean;
}

export interface CollectionDef {
  readonly id?: string;
  readonly name: string;
  readonly kind: 'base' | 'auth';
  readonly fields: readonly FieldDef[];
  readonly indexes?: readonly IndexDef[];
  readonly rules?: CollectionRules;
  readonly guard?: Rule;
  readonly auth?: AuthOptions;
  /** Whether versions of its records are kept, and for how long: `{ keep: "1 year" }`. */
  readonly history?: boolean | { readonly keep: string };
  readonly ui?: Readonly<Record<string, unknown>>;
}

/** A collection as an admin reads it: the definition with ids, and what belongs to the server. */
export interface CollectionInfo extends CollectionDef {
  readonly id: string;
  /** True for our own (`_admins` …): its fields cannot be changed here. */
  readonly system?: boolean;
  /** Fields the server adds (id, created, … and those of accounts), in order. */
  readonly systemFields: readonly FieldDef[];
  readonly hash: string;
}

/** An index that would help: its fields in order, `-field` descending, and the statement that it stands for. */
export interface IndexAdvice {
  readonly fields: readonly string[];
  readonly because: string;
  readonly statement: string;
}

/** One field type as the editor needs it: its settings as JSON Schema. */
export interface FieldTypeInfo {
  readonly name: string;
  readonly widget: string;
  readonly group: string;
  readonly operators: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** `GET /schema`. */
export interface SchemaInfo {
  readonly hash: string;
  readonly collections: readonly CollectionInfo[];
  readonly types: readonly FieldTypeInfo[];
}

export interface PlanOperation {
  readonly kind: string;
  readonly collection: string;
  readonly field?: string;
  readonly summary: string;
  readonly hazards: readonly string[];
  readonly counts?: Readonly<Record<string, number>>;
}
export interface Plan {
  readonly base: string;
  readonly hash: string;
  readonly operations: readonly PlanOperation[];
  readonly sql: readonly string[];
}

/** The answer to sign-in, sign-up and refresh; in cookie mode without the tokens. */
export interface SessionAnswer<U = Readonly<Record<string, unknown>>> {
  readonly record: U;
  readonly accessToken?: string;
  readonly refreshToken?: string;
  /** When the access token (or, in cookie mode, the session) ends: ISO 8601. */
  readonly expiresAt: string;
}

export interface SessionInfo {
  readonly id: string;
  readonly created: string;
  readonly lastUsed: string;
  /** `Chrome on Linux`; of what is no browser, its user agent as it came. */
  readonly device: string;
  readonly address: string;
  readonly current: boolean;
}

/** What an API key may: `records:posts`, `accounts:users` with list, view, create, update, delete; `schema` with read, change; `explain` with read, test. */
export interface KeyScope {
  readonly on: string;
  readonly actions: readonly string[];
  /** Which records, in the language of rules. */
  readonly filter?: string;
}
/** A record of `_api_keys`; `key` stands only in the answer that made or rotated it. */
export interface ApiKeyInfo {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly kind: 'service' | 'account';
  /** The account that it acts as: `users:0190…`. */
  readonly owner: string | null;
  readonly scopes: readonly KeyScope[];
  readonly addresses: readonly string[];
  readonly expires: string | null;
  readonly rate: number | null;
  readonly forward: boolean;
  readonly disabled: boolean;
  readonly last_used: string | null;
  readonly created: string;
  readonly updated: string;
  readonly version: number;
  readonly key?: string;
}

/** `POST /ops/signing-keys/rotate`: the key that signs now, and when the tokens of the one before it are refused. */
export interface KeyRotation {
  readonly key: string;
  readonly before: { readonly key: string; readonly ends: string };
}

/** `POST /ops/rules/explain`. */
export interface RuleExplanation {
  /** The rule that was explained: the draft, or the one in force. null: admins only. */
  readonly rule: Rule;
  /** What rule and guard come to for this caller before any record is looked at. */
  readonly verdict: 'always' | 'never' | 'depends';
  /** For the record or the data that was named. */
  readonly allowed?: boolean;
  readonly trace?: Trace;
  /** What is left to Postgres; null where it is not asked. */
  readonly sql: { readonly text: string; readonly values: readonly unknown[] } | null;
  readonly lints: readonly Lint[];
  readonly counts?: RuleCounts;
  readonly impact?: readonly RuleImpact[];
  /** What could not be counted in time. */
  readonly timedOut?: readonly ('counts' | 'impact')[];
}
export interface RuleCounts {
  readonly visible: number;
  readonly total: number;
  /** At most five. */
  readonly sampleHidden: readonly string[];
  /** There are more records than were looked at: both numbers mean "at least". */
  readonly capped: boolean;
}
/** What a draft changes of the real data for one caller. */
export interface RuleImpact {
  readonly who: 'anonymous' | 'account';
  readonly before: number;
  readonly after: number;
  readonly appears: number;
  readonly disappears: number;
  /** At most five of those that appear or disappear. */
  readonly sample: readonly string[];
  readonly capped: boolean;
}

/** `POST /ops/rules/test`: what happened to one operation, before it was rolled back. */
export interface RuleTestResult {
  readonly name: string;
  /** Whether it was as expected; true where nothing was. */
  readonly ok: boolean;
  readonly allowed: boolean;
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly record?: unknown;
}

/** A place in the change log: texts of one length, which compare as they follow each other within an epoch. */
export type Position = string;

/** How the rows of a live query are ordered, so that both sides put a row in the same place. */
export interface OrderKey {
  readonly field: string;
  readonly as: CompareClass;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Where a subscription stands: sent again after a break, it brings what was missed. */
export interface LivePlace {
  readonly group: string;
  readonly epoch: string;
  readonly position: Position;
}

/** `subscribe`: what `POST …/query` takes, without pages and counts. Without `limit` all rows, 5,000 at most. */
export interface SubscribeRequest {
  readonly id: string;
  readonly collection: string;
  readonly filter?: string;
  readonly where?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly sort?: readonly string[];
  readonly limit?: number;
  readonly fields?: readonly string[];
  readonly expand?: unknown;
  readonly at?: LivePlace;
}

/** `null` as the content of a row: it is not there (any more). */
export type LiveOp =
  | readonly ['put', id: string, row: LiveRow]
  | readonly ['patch', id: string, fields: Readonly<Record<string, unknown>>]
  | readonly ['leave', id: string]
  | readonly ['truncate'];
export type LiveRow = { readonly id: string } & Readonly<Record<string, unknown>>;

/** `snapshot`: all rows (`more` of them follow in `snapshot` messages). `delta`: what was missed. `current`: nothing was. */
export type SubscribeAnswer =
  | ({ readonly ok: true; readonly seq: number; readonly order: readonly OrderKey[] } & LivePlace &
      (
        | { readonly mode: 'snapshot'; readonly rows: readonly LiveRow[]; readonly more: number }
        | { readonly mode: 'delta'; readonly ops: readonly LiveOp[] }
        | { readonly mode: 'current' }
      ))
  | { readonly ok: false; readonly problem: Problem };

export type ResetReason = 'schema' | 'auth' | 'bulk' | 'lag' | 'epoch';

/** What the server says by itself. */
export interface LiveMessages {
  snapshot: (message: readonly [id: string, n: number, rows: readonly LiveRow[], last: boolean], done: () => void) => void;
  changes: (message: readonly [group: string, seq: number, position: Position, ops: readonly LiveOp[]]) => void;
  watermark: (message: readonly [position: Position]) => void;
  reset: (message: readonly [group: string, reason: ResetReason]) => void;
  problem: (message: readonly [id: string, problem: Problem]) => void;
}
/** What a client says. */
export interface LiveRequests {
  subscribe: (request: SubscribeRequest, answer: (answer: SubscribeAnswer) => void) => void;
  widen: (request: { readonly id: string; readonly limit: number }, answer: (answer: SubscribeAnswer) => void) => void;
  unsubscribe: (request: { readonly id: string }) => void;
  auth: (
    request: { readonly token: string | null },
    answer: (answer: { readonly ok: true } | { readonly ok: false; readonly problem: Problem }) => void,
  ) => void;
}
