/** One's own sessions: where one is signed in, and a way to end each. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SessionInfo } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { signOut } from '../data/session.ts';
import { PageHeader } from '../ui/PageHeader.tsx';
import { SessionList } from '../ui/SessionList.tsx';
import { Trouble } from '../ui/Trouble.tsx';

const PATH = '/auth/_admins/sessions';

export const Sessions = () => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: () => request<{ readonly data: readonly SessionInfo[] }>('GET', PATH),
  });
  const revoke = useMutation({
    mutationFn: async (session: SessionInfo) => (session.current ? signOut() : request('DELETE', `${PATH}/${session.id}`)),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  return (
    <>
      <PageHeader title={t('sessions.title')} note={t('sessions.note')} />
      {error ? <Trouble error={error} onRetry={refetch} /> : null}
      <SessionList label={t('sessions.title')} sessions={data?.data ?? []} isBusy={revoke.isPending} onEnd={revoke.mutate} />
    </>
  );
};
