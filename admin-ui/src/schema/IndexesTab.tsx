/** The indexes of a collection: which fields in which order, and whether two records may agree in them. */
import AddIcon from '@mui/icons-material/Add';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import {
  Autocomplete,
  Box,
  Button,
  Checkbox,
  FormControlLabel,
  FormHelperText,
  IconButton,
  Paper,
  TextField,
  Typography,
} from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { newKey, type DraftIndex } from './draft.ts';
import { IndexAdvice } from './IndexAdvice.tsx';
import { messageAt, type CollectionDraft } from './use-collection-draft.ts';

export const IndexesTab = ({ collection, state }: { collection: CollectionInfo | null; state: CollectionDraft }) => {
  const t = useTranslate();
  const { draft, errors, change } = state;
  const names = [...draft.fields.map(({ def }) => def.name), ...(collection?.systemFields ?? []).map((field) => field.name)].filter(
    (name) => name !== '',
  );
  const options = [...new Set(names)].flatMap((name) => [name, `-${name}`]);
  const set = (indexes: readonly DraftIndex[], touched = '/indexes') => change({ ...draft, indexes }, touched);
  const put = (position: number, index: DraftIndex) =>
    set(
      draft.indexes.map((one, at) => (at === position ? index : one)),
      `/indexes/${position}`,
    );
  return (
    <Box sx={{ display: 'grid', gap: 2, maxWidth: 760 }}>
      <Typography sx={{ color: 'text.secondary' }}>{t('index.note')}</Typography>
      {draft.indexes.map((index, position) => {
        const own = errors.filter((error) => error.pointer === `/indexes/${position}` || error.pointer.startsWith(`/indexes/${position}/`));
        return (
          <Paper key={index.key} variant="outlined" sx={{ p: 2 }}>
            <Box sx={{ display: 'flex', gap: 1, alignItems: 'flex-start' }}>
              <Autocomplete
                multiple
                disableCloseOnSelect
                sx={{ flex: 1, minWidth: 0 }}
                options={options}
                value={[...index.fields]}
                onChange={(_event, fields) => put(position, { ...index, fields })}
                renderInput={(params) => (
                  <TextField
                    {...params}
                    label={t('index.fields', { number: position + 1 })}
                    error={own.length > 0}
                    helperText={t('index.fieldsNote')}
                  />
                )}
              />
              <IconButton
                aria-label={t('index.remove', { number: position + 1 })}
                onClick={() => set(draft.indexes.filter((one) => one.key !== index.key))}
              >
                <DeleteIcon />
              </IconButton>
            </Box>
            <FormControlLabel
              label={t('index.unique')}
              control={
                <Checkbox
                  checked={index.unique === true}
                  onChange={(_event, unique) => put(position, { key: index.key, fields: index.fields, ...(unique ? { unique } : {}) })}
                />
              }
            />
            {own.map((error) => (
              <FormHelperText key={error.pointer} error>
                {messageAt(errors, error.pointer)}
              </FormHelperText>
            ))}
          </Paper>
        );
      })}
      <Box>
        <Button variant="outlined" startIcon={<AddIcon />} onClick={() => set([...draft.indexes, { key: newKey(), fields: [] }])}>
          {t('index.add')}
        </Button>
      </Box>
      {collection ? (
        <IndexAdvice
          collection={collection.name}
          known={draft.indexes.map(({ fields }) => fields)}
          onAdd={(fields) => set([...draft.indexes, { key: newKey(), fields }])}
        />
      ) : null}
    </Box>
  );
};
