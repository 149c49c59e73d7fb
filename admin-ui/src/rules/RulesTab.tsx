/** Who may do what with the records of a collection: five rules, the guard and those of fields, what is odd about them, and a place to try them. */
import { Alert, Box } from '@mui/material';
import type { CollectionInfo, CollectionRules, Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { CollectionDraft } from '../schema/use-collection-draft.ts';
import { FieldRuleList } from './FieldRuleList.tsx';
import { RuleField } from './RuleField.tsx';
import { RuleLints } from './RuleLints.tsx';
import { Tester } from './tester/Tester.tsx';
import { useLints } from './use-lints.ts';
import { useOwners } from './use-owners.ts';

const RULES = ['list', 'view', 'create', 'update', 'delete'] as const;
const KEEPING = [...RULES, 'history'] as const;
type RuleName = (typeof KEEPING)[number];

export const RulesTab = ({ collection, state }: { collection: CollectionInfo | null; state: CollectionDraft }) => {
  const t = useTranslate();
  const { draft, errors, change } = state;
  const owners = useOwners(collection, draft);
  const lints = useLints(draft);
  const set = (name: RuleName, wanted: Rule | undefined) => {
    // The server merges rules by name, so one that is stored cannot be left out again: "same as list" then says what list says.
    const stored = collection?.rules?.[name] !== undefined;
    const rule = wanted === undefined && stored ? (draft.rules.list ?? null) : wanted;
    const rules: Record<string, Rule | undefined> = { ...draft.rules, [name]: rule };
    const said = Object.entries(rules).filter((entry): entry is [string, Rule] => entry[1] !== undefined);
    const next: CollectionRules = Object.fromEntries(said);
    change({ ...draft, rules: next }, `/rules/${name}`);
  };
  /** Before and after the edit: what changes is said beside the list rule. */
  const isLikeList = (name: RuleName): boolean =>
    name === 'view' && collection?.rules?.view === undefined && draft.rules.view === undefined;
  /** What is not said of `view` is what `list` says. */
  const effective = (rules: CollectionRules | undefined, name: RuleName): Rule =>
    (name === 'view' && rules?.view === undefined ? rules?.list : rules?.[name]) ?? null;
  return (
    <Box sx={{ display: 'grid', gap: 3, maxWidth: 860, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Alert severity="info">{t('rule.note')}</Alert>
      <RuleLints lints={lints.filter(({ rule }) => rule === null)} />
      {(draft.history === false ? RULES : KEEPING).map((name) => (
        <RuleField
          key={name}
          name={name}
          rule={draft.rules[name]}
          before={isLikeList(name) ? null : effective(collection?.rules, name)}
          after={isLikeList(name) ? null : effective(draft.rules, name)}
          owners={owners}
          lints={lints}
          error={errors.find((error) => error.pointer === `/rules/${name}`)}
          onChange={(rule) => set(name, rule)}
        />
      ))}
      <RuleField
        name="guard"
        note={t('rule.guardNote')}
        rule={draft.guard}
        before={collection?.guard}
        after={draft.guard}
        owners={owners}
        lints={lints}
        error={errors.find((error) => error.pointer === '/guard')}
        onChange={(rule) => change({ ...draft, guard: rule ?? null }, '/guard')}
      />
      {draft.fields.length > 0 ? <FieldRuleList collection={collection} state={state} owners={owners} /> : null}
      {collection ? <Tester collection={collection} draft={draft} /> : null}
    </Box>
  );
};
