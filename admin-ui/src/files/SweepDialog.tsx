/** Deletes what no record names: first it is said what would go and why, then it is done. */
import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, LinearProgress, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SweepAnswer } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { showSize } from '../data/bytes.ts';
import { messageOf, request } from '../data/client.ts';
import { useIsViewer } from '../data/session.ts';
import { showDate } from '../fields/dates.ts';
import { Trouble } from '../ui/Trouble.tsx';

const sweep = (dryRun: boolean) => request<SweepAnswer>('POST', '/ops/files/sweep', { body: { dryRun } });

export const SweepDialog = ({ onClose }: { onClose: () => void }) => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const isViewer = useIsViewer();
  const trial = useQuery({ queryKey: ['files', 'trial'], queryFn: () => sweep(true), gcTime: 0 });
  const real = useMutation({
    mutationFn: () => sweep(false),
    onSuccess: async ({ count, size }) => {
      notify(t('sweep.done', { smart_count: count, size: showSize(size) }), { type: 'success' });
      onClose();
      await client.invalidateQueries({ queryKey: ['files'] });
    },
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const { data } = trial;
  return (
    <Dialog open onClose={onClose} aria-labelledby="sweep-title" fullWidth maxWidth="sm">
      <DialogTitle id="sweep-title">{t('sweep.title')}</DialogTitle>
      <DialogContent>
        <Typography sx={{ color: 'text.secondary', mb: 2 }}>{t('sweep.note')}</Typography>
        {trial.isPending ? <LinearProgress aria-label={t('app.loading')} /> : null}
        {trial.error ? <Trouble error={trial.error} onRetry={trial.refetch} /> : null}
        {data === undefined ? null : (
          <Typography sx={{ fontWeight: 600 }}>
            {data.count === 0 ? t('sweep.nothing') : t('sweep.would', { smart_count: data.count, size: showSize(data.size) })}
          </Typography>
        )}
        {data !== undefined && data.files.length < data.count ? (
          <Typography variant="body2" sx={{ mt: 1 }}>
            {t('sweep.first')}
          </Typography>
        ) : null}
        {data !== undefined && data.files.length > 0 ? (
          <Box component="ul" aria-label={t('sweep.title')} sx={{ listStyle: 'none', p: 0, m: 0, mt: 1 }}>
            {data.files.map((file) => (
              <Box
                component="li"
                key={`${file.id} ${file.name}`}
                sx={{ py: 0.75, '& + &': { borderTop: 1, borderColor: 'divider' }, overflowWrap: 'anywhere' }}
              >
                <Typography variant="body2">{file.name}</Typography>
                <Typography variant="body2" sx={{ color: 'text.secondary' }}>
                  {t('sweep.since', { size: showSize(file.size), why: t(`why.${file.why}`), since: showDate(file.since) })}
                </Typography>
              </Box>
            ))}
          </Box>
        ) : null}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{t('sweep.close')}</Button>
        {isViewer || data === undefined || data.count === 0 ? null : (
          <Button variant="contained" color="error" disabled={real.isPending} onClick={() => real.mutate()}>
            {t('sweep.do', { smart_count: data.count })}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
};
