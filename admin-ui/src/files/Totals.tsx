/** How much room files take: in all, by state, and of the fields that have a quota how full they are. */
import { Box, LinearProgress, Paper, Typography } from '@mui/material';
import type { FileAmount, FilesSummary } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { showSize } from '../data/bytes.ts';
import { STATES } from './query.ts';

/** Shares from which a quota is shown as nearly used up. */
const NEARLY = 0.9;

export const Totals = ({ summary }: { summary: FilesSummary }) => {
  const t = useTranslate();
  const amount = ({ count, size }: FileAmount) => t('files.room', { smart_count: count, size: showSize(size) });
  const limited = summary.fields.filter(({ quota, quotaPerAccount }) => quota !== undefined || quotaPerAccount !== undefined);
  const parts = [
    ...STATES.map((state) => ({ label: t(`state.${state}`), note: t(`meaning.${state}`), amount: summary.states[state] })),
    { label: t('files.smallOnes'), note: undefined, amount: summary.thumbs },
  ].filter((part, index) => index === 0 || part.amount.count > 0);
  if (limited.length === 0 && parts.every((part) => part.amount.count === 0)) return null;
  return (
    <Box sx={{ display: 'grid', gap: 2, mb: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', md: limited.length > 0 ? '1fr 1fr' : '1fr' } }}>
      <Paper component="section" variant="outlined" aria-label={t('files.totals')} sx={{ p: 2 }}>
        <Box component="dl" sx={{ m: 0, display: 'flex', flexWrap: 'wrap', columnGap: 4, rowGap: 1.5 }}>
          {parts.map((part) => (
            <Box key={part.label} title={part.note}>
              <Typography
                component="dt"
                variant="body2"
                sx={{ color: 'text.secondary', '&::first-letter': { textTransform: 'uppercase' } }}
              >
                {part.label}
              </Typography>
              <Typography component="dd" sx={{ m: 0 }}>
                {amount(part.amount)}
              </Typography>
            </Box>
          ))}
        </Box>
        <Typography variant="body2" sx={{ color: 'text.secondary', mt: 1.5 }}>
          {t(summary.storage === 's3' ? 'files.storageS3' : 'files.storageLocal')}
        </Typography>
      </Paper>
      {limited.length === 0 ? null : (
        <Paper
          component="section"
          variant="outlined"
          aria-label={t('files.quotas')}
          sx={{ p: 2, display: 'grid', gap: 1.5, alignContent: 'start' }}
        >
          {limited.map((one) => (
            <Quota key={`${one.collection}.${one.field}`} of={one} />
          ))}
        </Paper>
      )}
    </Box>
  );
};

const Quota = ({ of: { collection, field, size, quota, quotaPerAccount } }: { of: FilesSummary['fields'][number] }) => {
  const t = useTranslate();
  const name = `${collection}.${field}`;
  const share = quota === undefined || quota === 0 ? 0 : Math.min(1, size / quota);
  const words = [
    quota === undefined ? showSize(size) : t('files.quota', { size: showSize(size), quota: showSize(quota) }),
    ...(quotaPerAccount === undefined ? [] : [t('files.perAccount', { quota: showSize(quotaPerAccount) })]),
  ].join(' · ');
  return (
    <Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2, justifyContent: 'space-between' }}>
        <Typography variant="body2" sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>
          {name}
        </Typography>
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          {words}
        </Typography>
      </Box>
      {quota === undefined ? null : (
        <LinearProgress
          variant="determinate"
          value={share * 100}
          color={share >= NEARLY ? 'error' : 'primary'}
          aria-label={`${name}: ${words}`}
          sx={{ mt: 0.5, height: 6, borderRadius: 3 }}
        />
      )}
    </Box>
  );
};
