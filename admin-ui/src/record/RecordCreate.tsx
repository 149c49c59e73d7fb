/** A new record. */
import { useMemo, useState } from 'react';
import { Alert, Box, Button, Paper } from '@mui/material';
import { CreateContextProvider, Form, useCreateController, useResourceContext, useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { labelOf, ownFields } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { initialValues } from '../fields/FieldInput.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { RecordFields } from './RecordFields.tsx';
import { refusalText } from './refusal.ts';

export const RecordCreate = () => {
  const t = useTranslate();
  const resource = useResourceContext();
  const collection = useCollection(resource);
  const [refusal, setRefusal] = useState<string | null>(null);
  const controller = useCreateController({
    redirect: 'list',
    disableAuthentication: true,
    mutationOptions: { onError: (error: unknown) => setRefusal(collection ? refusalText(error, collection) : null) },
  });
  // The defaults are taken once: a change of the schema must not reset what was typed.
  const [defaults] = useState(() => (collection ? initialValues(ownFields(collection)) : {}));
  const keep = useMemo(() => ({ keepDirtyValues: true }), []);
  if (!collection) return null;
  return (
    <CreateContextProvider value={controller}>
      <PageHeader
        title={t('record.newIn', { collection: labelOf(collection) })}
        back={{ to: `/${collection.name}`, label: labelOf(collection) }}
      />
      <Paper variant="outlined" sx={{ p: { xs: 2, sm: 3 }, maxWidth: 760 }}>
        <Form defaultValues={defaults} resetOptions={keep} noValidate onSubmit={controller.save}>
          {refusal !== null ? (
            <Alert severity="error" sx={{ mb: 2 }}>
              {refusal}
            </Alert>
          ) : null}
          <RecordFields collection={collection} create readOnly={false} />
          <Box sx={{ mt: 3, display: 'flex', gap: 1 }}>
            <Button type="submit" variant="contained" disabled={controller.saving === true}>
              {t('record.create')}
            </Button>
            <Button component={Link} to={`/${collection.name}`}>
              {t('app.cancel')}
            </Button>
          </Box>
        </Form>
      </Paper>
    </CreateContextProvider>
  );
};
