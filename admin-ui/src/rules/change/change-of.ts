/** An edit of a rule: from which text to which, and what that changes in meaning. */
import { diff } from '@underpin/sdk/expr/diff';
import type { RuleDiff, Vocabulary } from '@underpin/sdk/expr/findings';
import type { Rule } from '@underpin/sdk/wire';
import type { RuleName } from '../presets.ts';

/** A guard or a field's rule that is not there keeps nobody out; any other keeps everybody out. */
const said = (name: RuleName, rule: Rule | undefined): Rule => {
  if (name === 'guard') return rule ?? 'true';
  return rule === undefined && (name === 'read' || name === 'write') ? 'true' : (rule ?? null);
};

/** Null where nothing changes, or where one of the texts is about fields that are not there (any more). */
export const changeOf = (vocabulary: Vocabulary, name: RuleName, before: Rule | undefined, after: Rule | undefined): RuleDiff | null => {
  const [from, to] = [said(name, before), said(name, after)];
  if (from === to) return null;
  try {
    return diff(vocabulary, name, from, to);
  } catch {
    // What cannot be compared must not take the page with it.
    return null;
  }
};
