/** The lints of a collection's rules as they would be saved. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Lint, RuleSet } from '@underpin/sdk/expr/findings';
import type { Draft } from '../schema/draft.ts';
import { useSettled } from '../ui/use-settled.ts';
import { ask } from './change/ask-worker.ts';
import { useRuleWorld } from './world.tsx';

const NONE: readonly Lint[] = [];

export const useLints = (draft: Draft): readonly Lint[] => {
  const { collections, edited, key } = useRuleWorld();
  const { rules, guard, fields } = useSettled(draft, 500);
  const writes = Object.fromEntries(
    fields.flatMap(({ def }) => (def.rules?.write === undefined ? [] : [[def.name, def.rules.write] as const])),
  );
  const othersAreGuarded = collections.some((one) => one.id !== edited.id && typeof one.guard === 'string');
  const set: RuleSet = { rules, guard, writes, othersAreGuarded };
  const asked = useQuery({
    queryKey: ['rules', 'lint', key, set],
    queryFn: ({ signal }) => ask({ kind: 'lint', collections, edited, set }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
  return asked.data?.kind === 'lint' ? asked.data.lints : NONE;
};
