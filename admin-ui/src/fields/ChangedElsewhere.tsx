/** Below a field that is being edited: somebody else has changed it meanwhile. The draft stays until the person says otherwise. */
import { useContext } from 'react';
import { Alert, Box, Button } from '@mui/material';
import { useFormContext } from 'react-hook-form';
import type { FieldDef } from '@underpin/sdk/wire';
import { useRecordContext, useTranslate } from 'react-admin';
import { labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';
import { MeanwhileContext } from './meanwhile.ts';
import { kindOf } from './registry.ts';

interface ChangedElsewhereProps {
  readonly field: FieldDef;
  /** The draft is given up, also where it is no value yet. */
  readonly onTake: () => void;
}
export const ChangedElsewhere = ({ field, onTake }: ChangedElsewhereProps) => {
  const t = useTranslate();
  const { theirs, settle } = useContext(MeanwhileContext);
  const collections = useCollections();
  const record = useRecordContext();
  const form = useFormContext();
  if (!theirs.has(field.name)) return null;
  const value = theirs.get(field.name);
  const { Cell } = kindOf(field);
  const isEmpty = value === null || value === undefined || value === '';
  const take = () => {
    onTake();
    form.setValue(field.name, value, { shouldDirty: true, shouldValidate: true });
    settle(field.name);
  };
  const label = labelOf(field);
  return (
    <Alert severity="warning" role="status" sx={{ mt: 1, '& .MuiAlert-message': { minWidth: 0, flex: 1 } }}>
      <Box sx={{ overflowWrap: 'anywhere' }}>
        {t(isEmpty ? 'meanwhile.emptied' : 'meanwhile.changed')}
        {isEmpty ? null : (
          <Box component="strong" sx={{ display: 'block', maxHeight: 96, overflow: 'auto' }}>
            <Cell value={value} field={field} record={record ?? {}} target={collections.find((one) => one.name === field.to)} />
          </Box>
        )}
      </Box>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1, mt: 0.5 }}>
        <Button size="small" color="inherit" variant="outlined" onClick={take} aria-label={t('meanwhile.takeOf', { field: label })}>
          {t('meanwhile.take')}
        </Button>
        <Button size="small" color="inherit" onClick={() => settle(field.name)} aria-label={t('meanwhile.keepOf', { field: label })}>
          {t('meanwhile.keep')}
        </Button>
      </Box>
    </Alert>
  );
};
