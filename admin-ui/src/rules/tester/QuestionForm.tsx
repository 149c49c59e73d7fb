/** Who, what, with which record and by which rule. */
import { Box, MenuItem, TextField } from '@mui/material';
import type { RuleAction } from '@underpin/sdk/expr/findings';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { useCollections } from '../../data/schema-store.ts';
import { RelationEditor } from '../../fields/RelationEditor.tsx';
import { JsonEditor } from '../../fields/TextEditors.tsx';
import { takesBody, takesRecord, type Asked } from './use-question.ts';

const ACTIONS: readonly RuleAction[] = ['list', 'view', 'create', 'update', 'delete', 'history'];
const noProblem = (): void => undefined;
const idOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

interface QuestionFormProps {
  readonly collection: CollectionInfo;
  /** Those with a rule of their own for what is asked. */
  readonly fields: readonly string[];
  readonly asked: Asked;
  readonly onChange: (part: Partial<Asked>) => void;
}

export const QuestionForm = ({ collection, fields, asked, onChange }: QuestionFormProps) => {
  const t = useTranslate();
  return (
    <>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'repeat(2, minmax(0, 1fr))' } }}>
        <Who asked={asked} onChange={onChange} />
        <Choice
          label={t('tester.action')}
          value={asked.action}
          options={ACTIONS.map((one) => [one, t(`verb.${one}`)])}
          onChange={(value) => onChange({ action: ACTIONS.find((one) => one === value) ?? 'view', field: '' })}
        />
        {takesRecord(asked) ? (
          <RelationEditor
            label={t(asked.action === 'list' ? 'tester.recordMaybe' : 'tester.record')}
            field={{ name: 'record', type: 'relation', to: collection.name }}
            value={asked.record}
            onChange={(value) => onChange({ record: idOf(value) })}
            onProblem={noProblem}
          />
        ) : null}
        <Choice
          label={t('tester.which')}
          helper={t('tester.whichNote')}
          value={asked.which}
          options={[
            ['draft', t('tester.draft')],
            ['saved', t('tester.saved')],
          ]}
          onChange={(value) => onChange({ which: value === 'saved' ? 'saved' : 'draft' })}
        />
        {fields.length > 0 ? (
          <Choice
            label={t('tester.field')}
            value={asked.field}
            options={[['', t('tester.wholeRecord')], ...fields.map((name) => [name, name] as const)]}
            onChange={(field) => onChange({ field })}
          />
        ) : null}
      </Box>
      {takesBody(asked) ? (
        <JsonEditor
          label={t('tester.body')}
          field={{ name: 'body', type: 'json' }}
          value={asked.data}
          onChange={(data) => onChange({ data })}
          onProblem={noProblem}
        />
      ) : null}
    </>
  );
};

const Who = ({ asked, onChange }: Pick<QuestionFormProps, 'asked' | 'onChange'>) => {
  const t = useTranslate();
  const accounts = useCollections().filter((one) => one.kind === 'auth' && one.system !== true);
  return (
    <>
      <Choice
        label={t('tester.who')}
        value={asked.who}
        options={[['', t('tester.anyone')], ...accounts.map(({ name }) => [name, t('tester.accountOf', { collection: name })] as const)]}
        onChange={(who) => onChange({ who, account: null })}
      />
      {asked.who === '' ? (
        <Box sx={{ display: { xs: 'none', sm: 'block' } }} />
      ) : (
        <RelationEditor
          key={asked.who}
          label={t('tester.account')}
          field={{ name: 'account', type: 'relation', to: asked.who }}
          value={asked.account}
          onChange={(value) => onChange({ account: idOf(value) })}
          onProblem={noProblem}
        />
      )}
    </>
  );
};

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly helper?: string;
  readonly onChange: (value: string) => void;
}
const Choice = ({ label, value, options, helper, onChange }: ChoiceProps) => (
  <TextField
    select
    label={label}
    value={value}
    helperText={helper}
    onChange={(event) => onChange(event.target.value)}
    slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
  >
    {options.map(([one, name]) => (
      <MenuItem key={one} value={one}>
        {name}
      </MenuItem>
    ))}
  </TextField>
);
