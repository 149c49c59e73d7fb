/**
 * What rules mean, found by trying many callers and records: an edit compared with what it replaces, and what is suspicious. That
 * may take a while, so it is asked of a worker; a question is therefore plain data.
 */
import { ExprError } from '@underpin/sdk/expr/ast';
import { diff } from '@underpin/sdk/expr/diff';
import type { Lint, RuleDiff, RuleKind, RuleSet } from '@underpin/sdk/expr/findings';
import { lint } from '@underpin/sdk/expr/lint';
import type { CollectionInfo, Rule } from '@underpin/sdk/wire';
import { vocabularyOf } from '../vocabulary.ts';

interface World {
  readonly collections: readonly CollectionInfo[];
  readonly edited: CollectionInfo;
}
export interface DiffQuestion extends World {
  readonly kind: 'diff';
  readonly rule: RuleKind;
  readonly before: Rule;
  readonly after: Rule;
}
export interface LintQuestion extends World {
  readonly kind: 'lint';
  readonly set: RuleSet;
}
export type Judgement =
  { readonly kind: 'diff'; readonly diff: RuleDiff | null } | { readonly kind: 'lint'; readonly lints: readonly Lint[] };

/** A difference is null where one of the texts means nothing, as half a rule, or one about fields that are gone. */
export const judge = (question: DiffQuestion | LintQuestion): Judgement => {
  const vocabulary = vocabularyOf(question.collections, question.edited);
  if (question.kind === 'lint') return { kind: 'lint', lints: lint(vocabulary, question.set) };
  try {
    return { kind: 'diff', diff: diff(vocabulary, question.rule, question.before, question.after) };
  } catch (error) {
    if (error instanceof ExprError) return { kind: 'diff', diff: null };
    throw error;
  }
};
