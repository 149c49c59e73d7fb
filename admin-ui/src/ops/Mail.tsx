/** Mails: whether they can be sent, what became of the last ones, and their texts. */
import { useState } from 'react';
import { Box, Button, Chip, Paper, Tab, Tabs, TextField, Typography } from '@mui/material';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { showDate } from '../fields/dates.ts';
import { MONO } from '../app/theme.ts';
import { CardList, COLUMN } from '../ui/CardList.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { Templates } from './Templates.tsx';

interface OutboxState {
  readonly sends: boolean;
  readonly from: string;
}
interface Message {
  readonly id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly state: 'queued' | 'sent' | 'kept' | 'failed';
  readonly error: string | null;
  readonly created: string;
}
interface Body {
  readonly text: string | null;
}

/** ms after which the outbox is looked at again. */
const pause = 3_000;
const colors = { queued: 'info', sent: 'success', kept: 'default', failed: 'error' } as const;
const newest = { filter: 'recipient != ""', sort: '-created', limit: 50, fields: 'id,recipient,subject,state,error,created' };

export const Mail = () => {
  const t = useTranslate();
  const [tab, setTab] = useState<'outbox' | 'templates'>('outbox');
  return (
    <>
      <PageHeader title={t('mail.title')} note={t('mail.note')} />
      <Tabs value={tab} onChange={(_event, next) => setTab(next)} aria-label={t('mail.title')} sx={{ mb: 2 }}>
        <Tab value="outbox" label={t('mail.outbox')} />
        <Tab value="templates" label={t('mail.templates')} />
      </Tabs>
      <Box sx={{ maxWidth: 760 }}>{tab === 'outbox' ? <Outbox /> : <Templates />}</Box>
    </>
  );
};

const Outbox = () => {
  const t = useTranslate();
  const state = useQuery({
    queryKey: ['outbox', 'state'],
    queryFn: ({ signal }) => request<OutboxState>('GET', '/ops/outbox', { signal }),
  });
  const list = useQuery({
    queryKey: ['outbox', 'list'],
    queryFn: ({ signal }) => request<{ data: readonly Message[] }>('GET', '/records/_messages', { query: newest, signal }),
    refetchInterval: pause,
  });
  const error = state.error ?? list.error;
  if (error) return <Trouble error={error} onRetry={() => Promise.all([state.refetch(), list.refetch()])} />;
  const messages = list.data?.data ?? [];
  return (
    <Box sx={{ ...COLUMN, gap: 2 }}>
      {state.data === undefined ? null : (
        <Typography>{state.data.sends ? t('mail.sends', { from: state.data.from }) : t('mail.keeps')}</Typography>
      )}
      {state.data?.sends === true ? <SendTest /> : null}
      {list.data !== undefined && messages.length === 0 ? <Typography sx={{ color: 'text.secondary' }}>{t('mail.none')}</Typography> : null}
      <CardList label={t('mail.outbox')}>
        {messages.map((message) => (
          <MessageRow key={message.id} message={message} />
        ))}
      </CardList>
    </Box>
  );
};

const MessageRow = ({ message }: { message: Message }) => {
  const t = useTranslate();
  const notify = useNotify();
  const read = useMutation({
    mutationFn: () => request<Body>('GET', `/ops/outbox/${message.id}`),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  return (
    <Paper component="li" variant="outlined" sx={{ p: 2, display: 'grid', gap: 1 }}>
      <Box sx={{ display: 'flex', gap: 2, alignItems: 'flex-start', flexWrap: 'wrap' }}>
        <Box sx={{ flex: '1 1 240px', minWidth: 0, overflowWrap: 'anywhere' }}>
          <Typography>{message.subject}</Typography>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            {t('mail.facts', { to: message.recipient, created: showDate(message.created) })}
          </Typography>
          {message.error === null ? null : (
            <Typography variant="body2" color="error">
              {message.error}
            </Typography>
          )}
        </Box>
        <Chip size="small" color={colors[message.state]} label={t(`mail.${message.state}`)} />
        <Button aria-label={t('mail.readOne', { subject: message.subject })} disabled={read.isPending} onClick={() => read.mutate()}>
          {t('mail.read')}
        </Button>
      </Box>
      {read.data === undefined ? null : (
        <Box component="pre" tabIndex={0} sx={{ m: 0, fontFamily: MONO, fontSize: 13, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {read.data.text ?? t('mail.gone')}
        </Box>
      )}
    </Paper>
  );
};

const SendTest = () => {
  const t = useTranslate();
  const notify = useNotify();
  const [to, setTo] = useState('');
  const send = useMutation({
    mutationFn: () => request<{ answer: string }>('POST', '/ops/outbox/test', { body: { to } }),
    onSuccess: ({ answer }) => notify(t('mail.accepted', { answer }), { type: 'info' }),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  return (
    <Box
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
      sx={{ display: 'flex', gap: 1, alignItems: 'center', flexWrap: 'wrap' }}
    >
      <TextField
        size="small"
        type="email"
        label={t('mail.testTo')}
        value={to}
        onChange={(event) => setTo(event.target.value)}
        sx={{ flex: '1 1 220px', maxWidth: 360 }}
      />
      <Button type="submit" variant="outlined" disabled={to === '' || send.isPending}>
        {t('mail.test')}
      </Button>
    </Box>
  );
};
