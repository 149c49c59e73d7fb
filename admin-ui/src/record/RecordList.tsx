/** The records of a collection: sorted, filtered and paged by the server; a table, or cards on a phone. */
import AddIcon from '@mui/icons-material/Add';
import { Box, Button, CircularProgress, Paper, Typography, useMediaQuery, type Theme } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { ColumnsButton, ListBase, Pagination, useListContext, useResourceContext, useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { isSystem, labelOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';
import { CollectionTabs } from '../schema/CollectionTabs.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { FilterBar, isFilterFault } from './FilterBar.tsx';
import { RecordCards } from './RecordCards.tsx';
import { RecordTable } from './RecordTable.tsx';
import { useLiveList } from './use-live-list.ts';

const NEWEST_FIRST = { field: 'created', order: 'DESC' } as const;
const PAGE_SIZES = [10, 25, 50, 100];
// The page itself says what went wrong, where it went wrong.
const QUERY = { onError: () => undefined };

export const RecordList = () => {
  const resource = useResourceContext();
  const collection = useCollection(resource);
  if (!collection) return null;
  return (
    <ListBase perPage={25} sort={NEWEST_FIRST} queryOptions={QUERY} exporter={false} disableAuthentication>
      <ListPage collection={collection} />
    </ListBase>
  );
};

const ListPage = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  const { total, filterValues } = useListContext();
  const phone = useMediaQuery<Theme>((theme) => theme.breakpoints.down('sm'));
  const flashing = useLiveList(collection);
  const filtered = typeof filterValues?.['filter'] === 'string' && filterValues['filter'] !== '';
  const empty = total === 0 && !filtered;
  return (
    <>
      <PageHeader title={labelOf(collection)}>
        {!phone && !empty ? <ColumnsButton /> : null}
        {!isSystem(collection) ? (
          <Button variant="contained" startIcon={<AddIcon />} component={Link} to={`/${collection.name}/create`}>
            {t('record.new')}
          </Button>
        ) : null}
      </PageHeader>
      <CollectionTabs collection={collection} current="records" />
      {empty ? <EmptyState collection={collection} /> : <Filled collection={collection} phone={phone} flashing={flashing} />}
    </>
  );
};

interface FilledProps {
  readonly collection: CollectionInfo;
  readonly phone: boolean;
  /** Ids of rows that have just changed or come. */
  readonly flashing: ReadonlySet<string>;
}
const Filled = ({ collection, phone, flashing }: FilledProps) => {
  const t = useTranslate();
  const { error, isPending, refetch, data } = useListContext();
  const body = () => {
    if (error) return isFilterFault(error) ? null : <Trouble error={error} onRetry={refetch} />;
    if (isPending) {
      return (
        <Box role="status" aria-label={t('app.loading')} sx={{ p: 6, display: 'grid', placeItems: 'center' }}>
          <CircularProgress />
        </Box>
      );
    }
    if (data?.length === 0) return <Typography sx={{ p: 3 }}>{t('record.noneMatch')}</Typography>;
    return (
      <Paper variant="outlined" sx={{ minWidth: 0 }}>
        {phone ? <RecordCards collection={collection} flashing={flashing} /> : <RecordTable collection={collection} flashing={flashing} />}
        <Pagination rowsPerPageOptions={PAGE_SIZES} />
      </Paper>
    );
  };
  return (
    <>
      <FilterBar key={collection.id} collection={collection} />
      {body()}
    </>
  );
};

const EmptyState = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  return (
    <Box sx={{ py: 8, textAlign: 'center' }}>
      <Typography variant="h2" sx={{ mb: 1 }}>
        {t('record.empty', { collection: labelOf(collection) })}
      </Typography>
      {isSystem(collection) ? null : (
        <>
          <Typography sx={{ color: 'text.secondary', mb: 3 }}>
            {t(collection.fields.length === 0 && collection.kind === 'base' ? 'record.noFields' : 'record.emptyNote')}
          </Typography>
          <Button variant="contained" startIcon={<AddIcon />} component={Link} to={`/${collection.name}/create`}>
            {t('record.createFirst')}
          </Button>
        </>
      )}
    </Box>
  );
};
