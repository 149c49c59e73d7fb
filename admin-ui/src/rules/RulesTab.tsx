/** Who may do what with the records of a collection: five rules, and what the two ends of the scale mean. */
import { Alert, Box } from '@mui/material';
import type { CollectionInfo, CollectionRules, Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { useCollections } from '../data/schema-store.ts';
import type { CollectionDraft } from '../schema/use-collection-draft.ts';
import { RuleField } from './RuleField.tsx';

const RULES = ['list', 'view', 'create', 'update', 'delete'] as const;
type RuleName = (typeof RULES)[number];

export const RulesTab = ({ collection, state }: { collection: CollectionInfo | null; state: CollectionDraft }) => {
  const t = useTranslate();
  const collections = useCollections();
  const { draft, errors, change } = state;
  const accounts = new Set(collections.filter((one) => one.kind === 'auth').map((one) => one.name));
  const owners = draft.fields
    .filter(({ def }) => def.type === 'relation' && def.many !== true && def.to !== undefined && accounts.has(def.to))
    .map(({ def }) => def.name);
  // An account is its own owner.
  const candidates = collection?.kind === 'auth' ? ['id', ...owners] : owners;
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
          owners={candidates}
          error={errors.find((error) => error.pointer === `/rules/${name}`)}
          onChange={(rule) => set(name, rule)}
        />
      ))}
    </Box>
  );
};
