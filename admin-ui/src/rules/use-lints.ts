/** The lints of a collection's rules as they would be saved. */
import { useDeferredValue, useMemo } from 'react';
import type { Lint, RuleSet, Vocabulary } from '@underpin/sdk/expr/findings';
import { lint } from '@underpin/sdk/expr/lint';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useCollections } from '../data/schema-store.ts';
import type { Draft } from '../schema/draft.ts';

/** One rule too odd to be judged must not take the page with it. */
const safely = (vocabulary: Vocabulary, set: RuleSet): readonly Lint[] => {
  try {
    return lint(vocabulary, set);
  } catch {
    return [];
  }
};

export const useLints = (vocabulary: Vocabulary, draft: Draft, collection: CollectionInfo | null): readonly Lint[] => {
  const collections = useCollections();
  const { rules, guard } = useDeferredValue(draft);
  return useMemo(() => {
    const othersAreGuarded = collections.some((one) => one.id !== collection?.id && typeof one.guard === 'string');
    return safely(vocabulary, { rules, guard, othersAreGuarded });
  }, [vocabulary, rules, guard, collections, collection]);
};
