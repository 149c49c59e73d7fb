/** Indexes that would help, as the server found them; nothing where it has none, or does not say. */
import { useQuery } from '@tanstack/react-query';
import type { IndexAdvice as Advice } from '@underpin/sdk/wire';
import { Box, Button, Paper, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { request } from '../data/client.ts';

interface IndexAdviceProps {
  readonly collection: string;
  /** What is in the draft already needs no advice. */
  readonly known: readonly (readonly string[])[];
  readonly onAdd: (fields: readonly string[]) => void;
}

export const IndexAdvice = ({ collection, known, onAdd }: IndexAdviceProps) => {
  const t = useTranslate();
  const asked = useQuery({
    queryKey: ['index-advice', collection],
    queryFn: ({ signal }) => request<{ advice: readonly Advice[] }>('GET', `/collections/${collection}/advice`, { signal }),
    // Advice is an extra: a server without it is no fault of this page.
    retry: false,
  });
  const isKnown = new Set(known.map((fields) => fields.join()));
  const advice = (asked.data?.advice ?? []).filter(({ fields }) => !isKnown.has(fields.join()));
  if (advice.length === 0) return null;
  return (
    <Box component="section" aria-label={t('index.advice')} sx={{ display: 'grid', gap: 1 }}>
      <Typography variant="h2">{t('index.advice')}</Typography>
      <Typography sx={{ color: 'text.secondary' }}>{t('index.adviceNote')}</Typography>
      {advice.map(({ fields, because, statement }) => (
        <Paper key={fields.join()} variant="outlined" sx={{ p: 2, display: 'flex', gap: 2, alignItems: 'flex-start' }}>
          <Box sx={{ flex: 1, minWidth: 0 }}>
            <Typography sx={{ fontFamily: MONO, overflowWrap: 'anywhere' }}>{fields.join(', ')}</Typography>
            <Typography variant="body2">{because}</Typography>
            <Typography variant="body2" sx={{ color: 'text.secondary', fontFamily: MONO, fontSize: 12, overflowWrap: 'anywhere' }}>
              {statement}
            </Typography>
          </Box>
          <Button variant="outlined" aria-label={t('index.adoptNamed', { fields: fields.join(', ') })} onClick={() => onAdd(fields)}>
            {t('index.adopt')}
          </Button>
        </Paper>
      ))}
    </Box>
  );
};
