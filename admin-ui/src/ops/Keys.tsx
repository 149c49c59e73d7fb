/** API keys: which there are, what each may, and how they are turned off, replaced and ended. */
import { useState } from 'react';
import { Box, Button, Chip, Paper, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ApiKeyInfo, KeyScope } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { ApiFailure, messageOf, request } from '../data/client.ts';
import { askForProof } from '../data/session.ts';
import { showDate } from '../fields/dates.ts';
import { CardList, COLUMN } from '../ui/CardList.tsx';
import { CopyBlock } from '../ui/CopyBlock.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { NewKey } from './NewKey.tsx';

interface Change {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

const PATH = '/records/_api_keys';
const LIST = ['api-keys'];

export const Keys = () => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: LIST,
    queryFn: ({ signal }) => request<{ data: readonly ApiKeyInfo[] }>('GET', PATH, { query: { sort: '-created', limit: 100 }, signal }),
  });
  const change = useMutation({
    mutationFn: ({ method, path, body }: Change) => request<{ key?: string } | undefined>(method, path, { body }),
    onSuccess: async () => {
      setMaking(false);
      await client.invalidateQueries({ queryKey: LIST });
    },
    onError: (cause) => {
      const isProof = cause instanceof ApiFailure && cause.code === 'proof_required';
      if (isProof) askForProof();
      notify(isProof ? t('keys.proof') : messageOf(cause), { type: isProof ? 'info' : 'error' });
    },
  });
  const keys = data?.data ?? [];
  const shown = change.data?.key;
  return (
    <>
      <PageHeader title={t('keys.title')} note={t('keys.note')}>
        <Button variant="contained" onClick={() => setMaking(!isMaking)} aria-expanded={isMaking}>
          {t('keys.make')}
        </Button>
      </PageHeader>
      <Box sx={{ maxWidth: 760, ...COLUMN, gap: 2 }}>
        {error ? <Trouble error={error} onRetry={refetch} /> : null}
        {shown === undefined ? null : <CopyBlock title={t('keys.once')} text={shown} />}
        {isMaking ? <NewKey isBusy={change.isPending} onCreate={(body) => change.mutate({ method: 'POST', path: PATH, body })} /> : null}
        {data !== undefined && keys.length === 0 && !isMaking ? (
          <Typography sx={{ color: 'text.secondary' }}>{t('keys.none')}</Typography>
        ) : null}
        <CardList label={t('keys.title')}>
          {keys.map((key) => (
            <KeyRow key={key.id} record={key} isBusy={change.isPending} onChange={change.mutate} />
          ))}
        </CardList>
      </Box>
    </>
  );
};

const inWords = ({ on, actions, filter }: KeyScope): string =>
  `${on} ${actions.join(' ')}${filter === undefined ? '' : ` where ${filter}`}`;

interface KeyRowProps {
  readonly record: ApiKeyInfo;
  readonly isBusy: boolean;
  readonly onChange: (change: Change) => void;
}

const KeyRow = ({ record, isBusy, onChange }: KeyRowProps) => {
  const t = useTranslate();
  const path = `${PATH}/${record.id}`;
  const isOver = record.expires !== null && Date.parse(record.expires) <= Date.now();
  const action = (what: 'enable' | 'disable' | 'rotate' | 'remove', change: Change) => (
    <Button
      size="small"
      color={what === 'remove' ? 'error' : 'primary'}
      aria-label={t('keys.of', { what: t(`keys.${what}`), name: record.name })}
      disabled={isBusy}
      onClick={() => onChange(change)}
    >
      {t(`keys.${what}`)}
    </Button>
  );
  return (
    <Paper component="li" variant="outlined" sx={{ p: 2, display: 'flex', gap: 1, alignItems: 'flex-start', flexWrap: 'wrap' }}>
      <Box sx={{ flex: '1 1 280px', minWidth: 0, overflowWrap: 'anywhere' }}>
        <Typography>
          {record.name} {record.disabled ? <Chip size="small" label={t('keys.disabled')} /> : null}{' '}
          {isOver ? <Chip size="small" label={t('keys.expired')} /> : null}
        </Typography>
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          {t('keys.facts', {
            prefix: record.prefix,
            scopes: record.scopes.map(inWords).join('; '),
            used: record.last_used === null ? t('keys.never') : showDate(record.last_used),
          })}
          {record.expires === null || isOver ? null : ` · ${t('keys.ends', { expires: showDate(record.expires) })}`}
        </Typography>
      </Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap' }}>
        {record.disabled
          ? action('enable', { method: 'PATCH', path, body: { disabled: false } })
          : action('disable', { method: 'PATCH', path, body: { disabled: true } })}
        {action('rotate', { method: 'POST', path: `${path}/rotate`, body: {} })}
        {action('remove', { method: 'DELETE', path })}
      </Box>
    </Paper>
  );
};
