/** The rules of single fields beside those of the records: of each field that has some, and of one that is to have some. */
import { useState } from 'react';
import { Box, MenuItem, TextField, Typography } from '@mui/material';
import type { CollectionInfo, FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { withSetting } from '../schema/draft.ts';
import type { CollectionDraft } from '../schema/use-collection-draft.ts';
import { FieldRules } from './FieldRules.tsx';

interface FieldRuleListProps {
  readonly collection: CollectionInfo | null;
  readonly state: CollectionDraft;
  readonly owners: readonly string[];
}

export const FieldRuleList = ({ collection, state, owners }: FieldRuleListProps) => {
  const t = useTranslate();
  const { draft, errors, change } = state;
  // One whose last rule is taken away stays where it is until the page is left.
  const [opened, setOpened] = useState<readonly string[]>(() => draft.fields.filter(({ def }) => def.rules).map(({ key }) => key));
  const isShown = ({ key, def }: { key: string; def: FieldDef }) => def.rules !== undefined || opened.includes(key);
  const rest = draft.fields.filter((field) => !isShown(field) && field.def.name !== '');
  const put = (index: number, def: FieldDef, touched: string) =>
    change(
      { ...draft, fields: draft.fields.map((field, at) => (at === index ? { ...field, def } : field)) },
      `/fields/${index}/${touched}`,
    );
  return (
    <Box component="section" aria-label={t('rule.ofFields')} sx={{ display: 'grid', gap: 3, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Box>
        <Typography variant="h2">{t('rule.ofFields')}</Typography>
        <Typography sx={{ color: 'text.secondary' }}>{t('rule.ofFieldNote')}</Typography>
      </Box>
      {draft.fields.map((field, index) =>
        isShown(field) ? (
          <FieldRules
            key={field.key}
            title={t('rule.ofNamed', { field: field.def.name })}
            def={field.def}
            saved={collection?.fields.find(({ id }) => id !== undefined && id === field.def.id)}
            owners={owners}
            errors={errors}
            pointer={`/fields/${index}`}
            onChange={(rules, touched) => put(index, withSetting(field.def, 'rules', rules), touched)}
          />
        ) : null,
      )}
      {rest.length > 0 ? (
        <TextField
          select
          label={t('rule.addOfField')}
          value=""
          sx={{ maxWidth: 420 }}
          onChange={(event) => setOpened([...opened, event.target.value])}
        >
          {rest.map(({ key, def }) => (
            <MenuItem key={key} value={key}>
              {def.name}
            </MenuItem>
          ))}
        </TextField>
      ) : null}
    </Box>
  );
};
