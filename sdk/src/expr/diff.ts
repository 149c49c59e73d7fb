/** What an edit of a rule changes in meaning: who may now what was not allowed before, and who no longer. */
import type { DiffEntry, RuleDiff, RuleKind, Vocabulary } from './findings.ts';
import type { Ir } from './ir.ts';
import { checkRule, scopeOf } from './rule.ts';
import { findExample } from './search.ts';

/** null is the absence of a rule: nobody but admins. Throws ExprError where one of the texts does not check. */
export function diff(vocabulary: Vocabulary, rule: RuleKind, before: string | null, after: string | null): RuleDiff {
  const scope = scopeOf(rule);
  const read = (text: string | null): Ir | undefined => (text === null ? undefined : checkRule(vocabulary, scope, text));
  const [old, edited] = [read(before), read(after)];
  const rules = [old, edited].filter((ir) => ir !== undefined);
  let exhaustive = true;
  const only = (wanted: Ir | undefined, not: Ir | undefined): readonly DiffEntry[] =>
    (['anonymous', 'account'] as const).flatMap((who) => {
      if (wanted === undefined) return [];
      const found = findExample(vocabulary, rules, scope, who, (holds) => holds(wanted) && !(not !== undefined && holds(not)));
      exhaustive &&= found.exhaustive;
      return found.example === undefined ? [] : [{ who, example: found.example }];
    });
  return { allowed: only(edited, old), denied: only(old, edited), exhaustive };
}
