/** Trying the rules: who, what, and with which record; explained clause by clause, or really done and taken back. */
import { useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import { Alert, Box, Button, MenuItem, Paper, TextField, Typography } from '@mui/material';
import type { RuleAction } from '@underpin/sdk/expr/findings';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { messageOf } from '../../data/client.ts';
import { useCollections } from '../../data/schema-store.ts';
import { RelationEditor } from '../../fields/RelationEditor.tsx';
import { JsonEditor } from '../../fields/TextEditors.tsx';
import type { Draft } from '../../schema/draft.ts';
import { attempt, explain, type Attempt } from '../rule-api.ts';
import { ExplainResult } from './ExplainResult.tsx';
import { Expectations } from './Expectations.tsx';
import { TestOutcome } from './TestOutcome.tsx';
import { useExpectations } from './use-expectations.ts';

const ACTIONS: readonly RuleAction[] = ['list', 'view', 'create', 'update', 'delete'];
const noProblem = (): void => undefined;

export const Tester = ({ collection, draft }: { collection: CollectionInfo; draft: Draft }) => {
  const t = useTranslate();
  const accounts = useCollections().filter((one) => one.kind === 'auth' && one.system !== true);
  const [who, setWho] = useState('');
  const [account, setAccount] = useState<string | null>(null);
  const [action, setAction] = useState<RuleAction>('view');
  const [record, setRecord] = useState<string | null>(null);
  const [data, setData] = useState<unknown>(null);
  const [which, setWhich] = useState<'draft' | 'saved'>('draft');
  const expectations = useExpectations();

  const takesRecord = action !== 'create';
  const takesBody = action === 'create' || action === 'update';
  const wanted: Attempt = {
    collection: collection.name,
    action,
    as: who !== '' && account !== null ? { collection: who, id: account } : null,
    ...(takesRecord && record !== null ? { id: record } : {}),
    ...(takesBody && data !== null ? { data } : {}),
  };
  const isWhole = (who === '' || account !== null) && (!takesRecord || action === 'list' || record !== null);
  const rule = action === 'view' ? (draft.rules.view === undefined ? draft.rules.list : draft.rules.view) : draft.rules[action];
  const explained = useMutation({ mutationFn: () => explain({ ...wanted, ...(which === 'draft' ? { rule: rule ?? null } : {}) }) });
  const tried = useMutation({ mutationFn: () => attempt(wanted) });
  /** What was answered is about what was asked: another question begins anew. */
  const ask = (set: () => void) => {
    set();
    explained.reset();
    tried.reset();
  };
  const failed = explained.error ?? tried.error;
  return (
    <Paper
      component="section"
      variant="outlined"
      aria-label={t('tester.title')}
      sx={{ p: { xs: 2, sm: 2.5 }, display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}
    >
      <Box>
        <Typography variant="h2">{t('tester.title')}</Typography>
        <Typography sx={{ color: 'text.secondary' }}>{t('tester.note')}</Typography>
      </Box>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'repeat(2, minmax(0, 1fr))' } }}>
        <TextField
          select
          label={t('tester.who')}
          value={who}
          onChange={(event) =>
            ask(() => {
              setWho(event.target.value);
              setAccount(null);
            })
          }
          slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
        >
          <MenuItem value="">{t('tester.anyone')}</MenuItem>
          {accounts.map(({ name }) => (
            <MenuItem key={name} value={name}>
              {t('tester.accountOf', { collection: name })}
            </MenuItem>
          ))}
        </TextField>
        {who === '' ? (
          <Box sx={{ display: { xs: 'none', sm: 'block' } }} />
        ) : (
          <RelationEditor
            key={who}
            label={t('tester.account')}
            field={{ name: 'account', type: 'relation', to: who }}
            value={account}
            onChange={(value) => ask(() => setAccount(typeof value === 'string' ? value : null))}
            onProblem={noProblem}
          />
        )}
        <TextField
          select
          label={t('tester.action')}
          value={action}
          onChange={(event) => ask(() => setAction(ACTIONS.find((one) => one === event.target.value) ?? 'view'))}
        >
          {ACTIONS.map((one) => (
            <MenuItem key={one} value={one}>
              {t(`verb.${one}`)}
            </MenuItem>
          ))}
        </TextField>
        {takesRecord ? (
          <RelationEditor
            label={t(action === 'list' ? 'tester.recordMaybe' : 'tester.record')}
            field={{ name: 'record', type: 'relation', to: collection.name }}
            value={record}
            onChange={(value) => ask(() => setRecord(typeof value === 'string' ? value : null))}
            onProblem={noProblem}
          />
        ) : null}
        <TextField
          select
          label={t('tester.which')}
          value={which}
          onChange={(event) => ask(() => setWhich(event.target.value === 'saved' ? 'saved' : 'draft'))}
          helperText={t('tester.whichNote')}
        >
          <MenuItem value="draft">{t('tester.draft')}</MenuItem>
          <MenuItem value="saved">{t('tester.saved')}</MenuItem>
        </TextField>
      </Box>
      {takesBody ? (
        <JsonEditor
          label={t('tester.body')}
          field={{ name: 'body', type: 'json' }}
          value={data}
          onChange={(value) => ask(() => setData(value))}
          onProblem={noProblem}
        />
      ) : null}
      <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>
        <Button variant="contained" disabled={!isWhole || explained.isPending} onClick={() => explained.mutate()}>
          {t('tester.explain')}
        </Button>
        <Button variant="outlined" disabled={!isWhole || tried.isPending} onClick={() => tried.mutate()}>
          {t('tester.try')}
        </Button>
      </Box>
      {failed ? <Alert severity="error">{messageOf(failed)}</Alert> : null}
      {explained.data ? <ExplainResult collection={collection.name} explanation={explained.data} /> : null}
      {tried.data ? <TestOutcome result={tried.data} onKeep={() => expectations.add(wanted, tried.data?.allowed === true)} /> : null}
      <Expectations state={expectations} />
    </Paper>
  );
};
