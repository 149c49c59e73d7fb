/** Who may do what with the records of a collection: five rules, and what the two ends of the scale mean. */
import { Alert, Box } from '@mui/material';
import type { CollectionInfo, CollectionRules, Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { CollectionDraft } from '../schema/use-collection-draft.ts';
import { RuleField } from './RuleField.tsx';
import { useOwners } from './use-owners.ts';

const RULES = ['list', 'view', 'create', 'update', 'delete'] as const;
type RuleName = (typeof RULES)[number];

export const RulesTab = ({ collection, state }: { collection: CollectionInfo | null; state: CollectionDraft }) => {
  const t = useTranslate();
  const { draft, errors, change } = state;
  const owners = useOwners(collection, draft);
  const set = (name: RuleName, wanted: Rule | undefined) => {
    // The server merges rules by name, so one that is stored cannot be left out again: "same as list" then says what list says.
    const stored = collection?.rules?.[name] !== undefined;
    const rule = wanted === undefined && stored ? (draft.rules.list ?? null) : wanted;
    const rules: Record<string, Rule | undefined> = { ...draft.rules, [name]: rule };
    const said = Object.entries(rules).filter((entry): entry is [string, Rule] => entry[1] !== undefined);
    const next: CollectionRules = Object.fromEntries(said);
    change({ ...draft, rules: next }, `/rules/${name}`);
  };
  return (
    <Box sx={{ display: 'grid', gap: 3, maxWidth: 860 }}>
      <Alert severity="info">{t('rule.note')}</Alert>
      {RULES.map((name) => (
        <RuleField
          key={name}
          name={name}
          rule={draft.rules[name]}
          owners={owners}
          error={errors.find((error) => error.pointer === `/rules/${name}`)}
          onChange={(rule) => set(name, rule)}
        />
      ))}
      <RuleField
        name="guard"
        note={t('rule.guardNote')}
        rule={draft.guard}
        owners={owners}
        error={errors.find((error) => error.pointer === '/guard')}
        onChange={(rule) => change({ ...draft, guard: rule ?? null }, '/guard')}
      />
    </Box>
  );
};
