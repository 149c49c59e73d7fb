/**
 * One record, kept up with what others change. Saving sends only what was changed, with the version that was seen last; if
 * somebody else was faster, the person chooses: take theirs, or write over it.
 */
import { useMemo, useState } from 'react';
import { Alert, AlertTitle, Box, Button, Paper } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import {
  DeleteWithConfirmButton,
  EditContextProvider,
  Form,
  RecordContextProvider,
  useEditController,
  useResourceContext,
  useTranslate,
  type RaRecord,
} from 'react-admin';
import { Link } from 'react-router-dom';
import { ApiFailure } from '../data/client.ts';
import { displayOf, isSystem, labelOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { showDate } from '../fields/dates.ts';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { AccountSessions } from './AccountSessions.tsx';
import { ConflictDialog } from './ConflictDialog.tsx';
import { RecordFields } from './RecordFields.tsx';
import { RecordHistory } from './RecordHistory.tsx';
import { refusalText } from './refusal.ts';
import { TakeChanges } from './TakeChanges.tsx';
import { useLiveRecord } from './use-live-record.ts';

const QUERY = { onError: () => undefined };
const NOTHING: ReadonlyMap<string, unknown> = new Map();

export const RecordEdit = () => {
  const resource = useResourceContext();
  const collection = useCollection(resource);
  return collection ? <EditPage collection={collection} /> : null;
};

const factsOf = (record: RaRecord, t: ReturnType<typeof useTranslate>): string =>
  [
    String(record.id),
    ...(['created', 'updated'] as const).flatMap((name) => (record[name] ? [t(`record.${name}`, { date: showDate(record[name]) })] : [])),
  ].join(' · ');

const EditPage = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  const [refusal, setRefusal] = useState<string | null>(null);
  /** What was to be saved when the version turned out to be old. */
  const [refused, setRefused] = useState<Partial<RaRecord> | null>(null);
  const [reading, setReading] = useState(0);
  /** What fields that are edited here have become elsewhere. */
  const [theirs, setTheirs] = useState(NOTHING);
  const keep = useMemo(() => ({ keepDirtyValues: true }), []);
  const controller = useEditController({
    mutationMode: 'pessimistic',
    redirect: 'list',
    disableAuthentication: true,
    queryOptions: QUERY,
    mutationOptions: {
      onError: (error: unknown, variables) => {
        const stale = error instanceof ApiFailure && error.status === 412;
        setRefused(stale ? (variables.data ?? {}) : null);
        setRefusal(stale ? null : refusalText(error, collection));
      },
    },
  });
  const { record, error } = controller;
  const { latest, isGone } = useLiveRecord(collection, record && String(record.id));
  const readOnly = isSystem(collection);
  if (error && !record) {
    return (
      <>
        <PageHeader title={labelOf(collection)} />
        <Trouble error={error} onRetry={controller.refetch} />
      </>
    );
  }
  if (!record) return null;
  const reload = async () => {
    setRefused(null);
    setTheirs(NOTHING);
    await controller.refetch();
    // A new form: the draft was given up.
    setReading((count) => count + 1);
  };
  const save = (data: Partial<RaRecord>) => {
    if (theirs.size === 0) return controller.save?.(data);
    setRefused(data);
    return undefined;
  };
  return (
    <EditContextProvider value={controller}>
      <PageHeader
        title={displayOf(collection, record)}
        note={factsOf(record, t)}
        back={{ to: `/${collection.name}`, label: labelOf(collection) }}
      />
      <Paper variant="outlined" sx={{ p: { xs: 2, sm: 3 }, maxWidth: 760 }}>
        <RecordContextProvider value={record}>
          <Form key={reading} record={record} resetOptions={keep} noValidate onSubmit={save}>
            {refusal !== null ? (
              <Alert severity="error" sx={{ mb: 2 }}>
                {refusal}
              </Alert>
            ) : null}
            {isGone ? (
              <Alert severity="error" sx={{ mb: 2 }}>
                <AlertTitle>{t('meanwhile.gone')}</AlertTitle>
                {t('meanwhile.goneNote')}
              </Alert>
            ) : null}
            <TakeChanges resource={collection.name} record={record} latest={latest} theirs={theirs} onTheirs={setTheirs}>
              <RecordFields collection={collection} create={false} readOnly={readOnly} />
            </TakeChanges>
            <Box sx={{ mt: 3, display: 'flex', gap: 1, flexWrap: 'wrap' }}>
              {readOnly ? null : (
                <Button type="submit" variant="contained" disabled={controller.saving === true || isGone}>
                  {t('record.save')}
                </Button>
              )}
              <Button component={Link} to={`/${collection.name}`}>
                {t(readOnly ? 'app.back' : 'app.cancel')}
              </Button>
              <Box sx={{ flex: 1 }} />
              {readOnly || isGone ? null : (
                <DeleteWithConfirmButton
                  mutationMode="pessimistic"
                  confirmTitle={t('record.deleteTitle')}
                  confirmContent={t('record.deleteNote')}
                />
              )}
            </Box>
          </Form>
        </RecordContextProvider>
      </Paper>
      {collection.kind === 'auth' || collection.name === '_admins' ? (
        <AccountSessions collection={collection.name} id={String(record.id)} />
      ) : null}
      {collection.history !== undefined && collection.history !== false ? (
        <RecordHistory collection={collection} id={String(record.id)} version={record['version']} onRestored={() => void reload()} />
      ) : null}
      <ConflictDialog
        open={refused !== null}
        onReload={() => void reload()}
        onClose={() => setRefused(null)}
        onOverwrite={() => {
          const data = refused ?? {};
          setRefused(null);
          setTheirs(NOTHING);
          void controller.save?.(data, { meta: { overwrite: true } });
        }}
      />
    </EditContextProvider>
  );
};
