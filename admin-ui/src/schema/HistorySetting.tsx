/** Whether versions of the records of a collection are kept, and for how long. */
import { Box, FormControlLabel, FormHelperText, Switch, TextField } from '@mui/material';
import { useTranslate } from 'react-admin';
import type { CollectionDraft } from './use-collection-draft.ts';

export const HistorySetting = ({ state: { draft, errors, change } }: { state: CollectionDraft }) => {
  const t = useTranslate();
  const { history } = draft;
  const error = errors.find(({ pointer }) => pointer.startsWith('/history'))?.message;
  const set = (next: typeof history) => change({ ...draft, history: next }, '/history');
  return (
    <Box component="section" aria-label={t('history.title')} sx={{ mt: 3, display: 'grid', gap: 1, maxWidth: 480 }}>
      <Box>
        <FormControlLabel
          label={t('history.keep')}
          control={<Switch checked={history !== false} onChange={(_event, on) => set(on)} slotProps={{ input: { role: 'switch' } }} />}
        />
        <FormHelperText>{t('history.keepNote')}</FormHelperText>
      </Box>
      {history === false ? null : (
        <TextField
          label={t('history.length')}
          value={history === true ? '' : history.keep}
          error={error !== undefined}
          helperText={error ?? t('history.lengthNote')}
          onChange={({ target: { value } }) => set(value === '' ? true : { keep: value })}
        />
      )}
    </Box>
  );
};
