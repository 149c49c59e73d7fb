/** What an edit of a rule changes in meaning: who may now what was not allowed before, and who no longer. */
import type { RuleDiff, RuleKind, Vocabulary } from './findings.ts';

/** null is the absence of a rule: nobody but admins. Throws ExprError where one of the texts does not check. */
export function diff(vocabulary: Vocabulary, rule: RuleKind, before: string | null, after: string | null): RuleDiff {
  throw new Error(`not yet: ${vocabulary.collection}${rule}${before ?? ''}${after ?? ''}`);
}
