/** What the server says about rules: explained for one caller, tried for real and taken back, and what an edit changes in the data. */
import type { Lint, RuleAction, Trace } from '@underpin/sdk/expr/findings';
import { request } from '../data/client.ts';

export interface Caller {
  readonly collection: string;
  readonly id: string;
}
export interface Question {
  readonly collection: string;
  readonly action: RuleAction;
  /** Of one field instead of its record. */
  readonly field?: { readonly name: string; readonly of: 'read' | 'write' };
  /** A draft; absent is the rule as it is saved. */
  readonly rule?: string | null;
  /** null: somebody without an account. */
  readonly as: Caller | null;
  readonly id?: string;
  readonly data?: unknown;
}
export interface Impact {
  readonly who: string;
  readonly before: number;
  readonly after: number;
  readonly appears: number;
  readonly disappears: number;
  readonly sample: readonly string[];
  /** There are more records than were counted. */
  readonly capped: boolean;
}
export interface Explanation {
  readonly rule: string | null;
  readonly verdict: 'always' | 'never' | 'depends';
  readonly allowed?: boolean;
  readonly trace?: Trace;
  readonly sql: { readonly text: string; readonly values: readonly unknown[] } | null;
  readonly lints: readonly Lint[];
  readonly counts?: {
    readonly visible: number;
    readonly total: number;
    readonly sampleHidden: readonly string[];
    readonly capped: boolean;
  };
  readonly impact?: readonly Impact[];
  readonly timedOut?: readonly ('counts' | 'impact')[];
}

export interface Expectation {
  readonly name: string;
  readonly collection: string;
  readonly action: RuleAction;
  readonly as: Caller | null;
  readonly id?: string;
  readonly data?: unknown;
  readonly allowed: boolean;
}
export interface TestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly allowed: boolean;
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
  readonly record?: unknown;
}
export type Attempt = Omit<Question, 'field' | 'rule'>;

export const explain = (question: Question, signal?: AbortSignal): Promise<Explanation> =>
  request('POST', '/ops/rules/explain', { body: question, ...(signal ? { signal } : {}) });
export const attempt = async (wanted: Attempt): Promise<TestResult | undefined> =>
  (await request<{ results: readonly TestResult[] }>('POST', '/ops/rules/test', { body: wanted })).results[0];
export const runExpectations = async (expectations: readonly Expectation[]): Promise<readonly TestResult[]> =>
  (await request<{ results: readonly TestResult[] }>('POST', '/ops/rules/test', { body: { expectations } })).results;
