/** Where an account is signed in, below its record: each session can be ended, or all of them. */
import { Box, Button, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionInfo } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { SessionList } from '../ui/SessionList.tsx';
import { Trouble } from '../ui/Trouble.tsx';

export const AccountSessions = ({ collection, id }: { collection: string; id: string }) => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const path = `/ops/accounts/${collection}/${id}/sessions`;
  const key = ['account-sessions', collection, id];
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => request<{ readonly data: readonly SessionInfo[] }>('GET', path, { signal }),
  });
  const end = useMutation({
    mutationFn: (session?: SessionInfo) => request('DELETE', session === undefined ? path : `${path}/${session.id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: key }),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const sessions = data?.data ?? [];
  return (
    <Box component="section" aria-label={t('sessions.ofAccount')} sx={{ display: 'grid', gap: 1, mt: 4, maxWidth: 760 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
        <Typography variant="h2" sx={{ flex: 1 }}>
          {t('sessions.ofAccount')}
        </Typography>
        {sessions.length > 1 ? (
          <Button color="error" disabled={end.isPending} onClick={() => end.mutate(undefined)}>
            {t('sessions.endAll')}
          </Button>
        ) : null}
      </Box>
      {error ? <Trouble error={error} onRetry={refetch} /> : null}
      {data !== undefined && sessions.length === 0 ? <Typography sx={{ color: 'text.secondary' }}>{t('sessions.none')}</Typography> : null}
      {sessions.length > 0 ? (
        <SessionList label={t('sessions.ofAccount')} sessions={sessions} isBusy={end.isPending} onEnd={(session) => end.mutate(session)} />
      ) : null}
    </Box>
  );
};
