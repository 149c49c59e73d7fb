/** What the server does in the background: queues, what failed with a way to do it again, what the clock starts. */
import { Box, Button, Paper, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNotify, useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { messageOf, request } from '../data/client.ts';
import { showDate } from '../fields/dates.ts';
import { MONO } from '../app/theme.ts';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';

const states = ['waiting', 'active', 'failed', 'delayed', 'done', 'cancelled'] as const;
type Counts = { readonly name: string } & Readonly<Record<(typeof states)[number], number>>;
interface Schedule {
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  readonly next: string;
}
interface Overview {
  readonly queues: readonly Counts[];
  readonly schedules: readonly Schedule[];
}
interface FailedJob {
  readonly id: string;
  readonly kind: string;
  readonly failures: number;
  readonly error: string | null;
  readonly ended: string;
}

/** ms after which it is looked at again. */
const pause = 3_000;
const failedOnes = { filter: 'state == "failed"', sort: '-ended', limit: 50, fields: 'id,kind,failures,error,ended' };

export const Jobs = () => {
  const t = useTranslate();
  const overview = useQuery({
    queryKey: ['jobs', 'overview'],
    queryFn: ({ signal }) => request<Overview>('GET', '/ops/queues', { signal }),
    refetchInterval: pause,
  });
  return (
    <>
      <PageHeader title={t('jobs.title')} note={t('jobs.note')} />
      {overview.error ? <Trouble error={overview.error} onRetry={overview.refetch} /> : null}
      {overview.data === undefined ? null : (
        <Box sx={{ display: 'grid', gap: 4, maxWidth: 760 }}>
          <Queues queues={overview.data.queues} />
          <Failures />
          <Schedules schedules={overview.data.schedules} />
        </Box>
      )}
    </>
  );
};

const Queues = ({ queues }: { queues: readonly Counts[] }) => {
  const t = useTranslate();
  return (
    <Box component="section" aria-label={t('jobs.queues')} sx={{ overflowX: 'auto' }}>
      <Table size="small">
        <TableHead>
          <TableRow>
            <TableCell>{t('jobs.queue')}</TableCell>
            {states.map((state) => (
              <TableCell key={state} align="right">
                {t(`jobs.${state}`)}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {queues.map((queue) => (
            <TableRow key={queue.name}>
              <TableCell component="th" scope="row" sx={{ fontFamily: MONO }}>
                {queue.name}
              </TableCell>
              {states.map((state) => (
                <TableCell key={state} align="right" sx={state === 'failed' && queue.failed > 0 ? { color: 'error.main' } : {}}>
                  {queue[state].toLocaleString()}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <Button component={Link} to="/_jobs" sx={{ mt: 1 }}>
        {t('jobs.all')}
      </Button>
    </Box>
  );
};

const Failures = () => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['jobs', 'failed'],
    queryFn: ({ signal }) => request<{ data: readonly FailedJob[] }>('GET', '/records/_jobs', { query: failedOnes, signal }),
    refetchInterval: pause,
  });
  const again = useMutation({
    mutationFn: async (id?: string) => {
      if (id === undefined) return (await request<{ retried: number }>('POST', '/ops/queues/retry')).retried;
      await request('POST', `/ops/queues/jobs/${id}/retry`);
      return 1;
    },
    onSuccess: async (count) => {
      notify(t('jobs.retried', { smart_count: count }), { type: 'info' });
      await client.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  if (error) return <Trouble error={error} onRetry={refetch} />;
  const jobs = data?.data ?? [];
  return (
    <Box component="section" aria-label={t('jobs.failures')} sx={{ display: 'grid', gap: 1 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 2, flexWrap: 'wrap' }}>
        <Typography variant="h2" sx={{ flex: 1 }}>
          {t('jobs.failures')}
        </Typography>
        {jobs.length > 1 ? (
          <Button disabled={again.isPending} onClick={() => again.mutate(undefined)}>
            {t('jobs.retryAll')}
          </Button>
        ) : null}
      </Box>
      {data !== undefined && jobs.length === 0 ? <Typography sx={{ color: 'text.secondary' }}>{t('jobs.noFailures')}</Typography> : null}
      {jobs.map((job) => (
        <Paper key={job.id} variant="outlined" sx={{ p: 2, display: 'flex', gap: 2, alignItems: 'flex-start', flexWrap: 'wrap' }}>
          <Box sx={{ flex: '1 1 240px', minWidth: 0, overflowWrap: 'anywhere' }}>
            <Typography variant="body2">
              {t('jobs.facts', { kind: job.kind, smart_count: job.failures, ended: showDate(job.ended) })}
            </Typography>
            <Typography sx={{ fontFamily: MONO, fontSize: 13 }}>{job.error}</Typography>
          </Box>
          <Button
            variant="outlined"
            aria-label={t('jobs.retryOne', { kind: job.kind })}
            disabled={again.isPending}
            onClick={() => again.mutate(job.id)}
          >
            {t('jobs.retry')}
          </Button>
        </Paper>
      ))}
    </Box>
  );
};

const Schedules = ({ schedules }: { schedules: readonly Schedule[] }) => {
  const t = useTranslate();
  return (
    <Box component="section" aria-label={t('jobs.schedules')} sx={{ display: 'grid', gap: 1 }}>
      <Typography variant="h2">{t('jobs.schedules')}</Typography>
      {schedules.map(({ name, cron, zone, next }) => (
        <Box key={name}>
          <Typography sx={{ fontFamily: MONO }}>{name}</Typography>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            {t('jobs.next', { cron, zone, next: showDate(next) })}
          </Typography>
        </Box>
      ))}
    </Box>
  );
};
