/** A rule's text as the tools of the editor take it: checked in the scope of the place where it stands. */
import { ExprError, ruleLimits } from './ast.ts';
import { check } from './check.ts';
import type { RuleKind, Vocabulary } from './findings.ts';
import type { Ir } from './ir.ts';
import type { Scope } from './model.ts';
import { parse } from './parse.ts';

export const scopeOf = (rule: RuleKind): Scope =>
  rule === 'create' ? 'create' : rule === 'update' || rule === 'write' ? 'update' : 'read';

/** Throws ExprError where it means nothing. */
export const checkRule = (vocabulary: Vocabulary, scope: Scope, text: string): Ir =>
  check(parse(text, ruleLimits), { ...vocabulary, scope, limits: ruleLimits }).ir;

/** The same, or undefined where it means nothing: the checker says why. */
export function tryRule(vocabulary: Vocabulary, scope: Scope, text: string): Ir | undefined {
  try {
    return checkRule(vocabulary, scope, text);
  } catch (error) {
    if (error instanceof ExprError) return undefined;
    throw error;
  }
}
