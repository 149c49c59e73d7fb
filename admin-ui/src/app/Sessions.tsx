/** One's own sessions: where one is signed in, and a way to end each. */
import { Box, Button, Chip, Paper, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionInfo } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { signOut } from '../data/session.ts';
import { showDate } from '../fields/dates.ts';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';

const PATH = '/auth/_admins/sessions';
// The list comes plain or as a page of records; both are read.
type Answer = readonly SessionInfo[] | { readonly data: readonly SessionInfo[] };

export const Sessions = () => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ['sessions'], queryFn: () => request<Answer>('GET', PATH) });
  const revoke = useMutation({
    mutationFn: async (session: SessionInfo) => (session.current ? signOut() : request('DELETE', `${PATH}/${session.id}`)),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const rows: readonly SessionInfo[] = data === undefined ? [] : 'data' in data ? data.data : data;
  return (
    <>
      <PageHeader title={t('sessions.title')} note={t('sessions.note')} />
      {error ? <Trouble error={error} onRetry={refetch} /> : null}
      <Paper component="ul" variant="outlined" aria-label={t('sessions.title')} sx={{ listStyle: 'none', m: 0, p: 0, maxWidth: 760 }}>
        {rows.map((session) => (
          <Box
            component="li"
            key={session.id}
            sx={{ display: 'flex', alignItems: 'center', gap: 2, p: 2, '& + &': { borderTop: 1, borderColor: 'divider' } }}
          >
            <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
              <Typography>
                {session.device} {session.current ? <Chip size="small" color="primary" label={t('sessions.current')} /> : null}
              </Typography>
              <Typography variant="body2" sx={{ color: 'text.secondary' }}>
                {t('sessions.facts', {
                  address: session.address,
                  created: showDate(session.created),
                  lastUsed: showDate(session.lastUsed),
                })}
              </Typography>
            </Box>
            <Button
              color="error"
              aria-label={t('sessions.endOne', { device: session.device })}
              disabled={revoke.isPending}
              onClick={() => revoke.mutate(session)}
            >
              {t('sessions.end')}
            </Button>
          </Box>
        ))}
      </Paper>
    </>
  );
};
