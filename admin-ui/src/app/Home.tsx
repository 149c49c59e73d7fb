/** Home: the collections with how many rows each holds. */
import AddIcon from '@mui/icons-material/Add';
import GroupIcon from '@mui/icons-material/GroupOutlined';
import TableIcon from '@mui/icons-material/TableRowsOutlined';
import { Box, Button, Card, CardActionArea, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { CollectionInfo, Page } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { request } from '../data/client.ts';
import { isSystem, labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';
import { PageHeader } from '../ui/PageHeader.tsx';

const COUNT_CAP = 1000;

export const Home = () => {
  const t = useTranslate();
  const collections = useCollections().filter((collection) => !isSystem(collection));
  const none = collections.every((collection) => collection.kind === 'auth');
  return (
    <>
      <PageHeader title={t('home.title')}>
        <Button variant="contained" startIcon={<AddIcon />} component={Link} to="/-/new-collection">
          {t('schema.newCollection')}
        </Button>
      </PageHeader>
      {none ? <Typography sx={{ mb: 2, maxWidth: '60ch' }}>{t('home.none')}</Typography> : null}
      <Box
        component="ul"
        sx={{
          listStyle: 'none',
          p: 0,
          m: 0,
          display: 'grid',
          gap: 2,
          gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 240px), 1fr))',
        }}
      >
        {collections.map((collection) => (
          <li key={collection.id}>
            <CollectionCard collection={collection} />
          </li>
        ))}
      </Box>
    </>
  );
};

const CollectionCard = ({ collection }: { collection: CollectionInfo }) => {
  const t = useTranslate();
  const Icon = collection.kind === 'auth' ? GroupIcon : TableIcon;
  return (
    <Card variant="outlined" sx={{ height: '100%' }}>
      <CardActionArea component={Link} to={`/${collection.name}`} sx={{ p: 2, height: '100%' }}>
        <Box sx={{ display: 'flex', gap: 1, alignItems: 'center', mb: 1 }}>
          <Icon color="primary" fontSize="small" />
          <Typography variant="h2" sx={{ overflowWrap: 'anywhere' }}>
            {labelOf(collection)}
          </Typography>
        </Box>
        <Typography sx={{ color: 'text.secondary' }}>
          <RowCount name={collection.name} />
          {' · '}
          {t('home.fields', { smart_count: collection.fields.length })}
        </Typography>
      </CardActionArea>
    </Card>
  );
};

const RowCount = ({ name }: { name: string }) => {
  const t = useTranslate();
  const { data, isError } = useQuery({
    queryKey: [name, 'rows'],
    queryFn: ({ signal }) => request<Page<unknown>>('GET', `/records/${name}`, { query: { limit: 1, count: COUNT_CAP }, signal }),
    staleTime: 5000,
  });
  if (isError) return t('home.countFailed');
  if (!data) return '…';
  const { total = 0, totalIsExact } = data.page;
  return totalIsExact === false ? t('home.recordsMore', { count: total.toLocaleString() }) : t('home.records', { smart_count: total });
};
