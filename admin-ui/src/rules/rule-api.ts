/** What the server says about rules: explained for one caller, tried for real and taken back, and what an edit changes in the data. */
import type { RuleAction } from '@underpin/sdk/expr/findings';
import type { RuleExplanation, RuleTestResult } from '@underpin/sdk/wire';
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
export interface Expectation extends Attempt {
  readonly name: string;
  /** A record made up for it, instead of one that is stored. */
  readonly record?: unknown;
  readonly allowed: boolean;
}
export type Attempt = Omit<Question, 'field' | 'rule'>;

/** How many expectations one request takes. */
const MOST = 100;

export const explain = (question: Question, signal?: AbortSignal): Promise<RuleExplanation> =>
  request('POST', '/ops/rules/explain', { body: question, ...(signal ? { signal } : {}) });
export const attempt = async (wanted: Attempt): Promise<RuleTestResult | undefined> =>
  (await request<Tested>('POST', '/ops/rules/test', { body: wanted })).results[0];
/** In the order of the expectations. */
export const runExpectations = async (expectations: readonly Expectation[]): Promise<readonly RuleTestResult[]> => {
  const results: RuleTestResult[] = [];
  for (let at = 0; at < expectations.length; at += MOST) {
    const body = { expectations: expectations.slice(at, at + MOST) };
    results.push(...(await request<Tested>('POST', '/ops/rules/test', { body })).results);
  }
  return results;
};

interface Tested {
  readonly results: readonly RuleTestResult[];
}
