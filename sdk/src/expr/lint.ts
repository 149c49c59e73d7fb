/** What is suspicious about a collection's rules, each finding with an example where one can be found. */
import type { Lint, RuleSet, Vocabulary } from './findings.ts';

/** Rules that do not check are passed over: the checker says what is wrong with them. */
export function lint(vocabulary: Vocabulary, set: RuleSet): readonly Lint[] {
  throw new Error(`not yet: ${vocabulary.collection}${Object.keys(set.rules).length}`);
}
