/** The records, and the kept versions of records, that name a file. */
import { Box, Link as TextLink, Typography } from '@mui/material';
import type { FileUse } from '@underpin/sdk/wire';
import { useGetManyAggregate, useTranslate, type RaRecord } from 'react-admin';
import { Link } from 'react-router-dom';
import { displayOf } from '../data/collection.ts';
import { useCollection } from '../data/schema-store.ts';

export const FileUses = ({ uses }: { uses: readonly FileUse[] }) => {
  const t = useTranslate();
  return (
    <Box component="section" aria-label={t('look.usedIn')}>
      <Typography variant="h3" sx={{ mb: 0.5 }}>
        {t('look.usedIn')}
      </Typography>
      {uses.length === 0 ? (
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          {t('look.unused')}
        </Typography>
      ) : (
        <Box component="ul" sx={{ m: 0, pl: 2.5 }}>
          {uses.map((use) => (
            <UseLine key={`${use.collection} ${use.field} ${use.record} ${use.version ?? ''}`} use={use} />
          ))}
        </Box>
      )}
    </Box>
  );
};

const UseLine = ({ use }: { use: FileUse }) => {
  const t = useTranslate();
  const collection = useCollection(use.collection);
  const { data } = useGetManyAggregate<RaRecord>(use.collection, { ids: [use.record] }, { retry: false });
  const [record] = data ?? [];
  return (
    <Typography component="li" variant="body2" sx={{ overflowWrap: 'anywhere' }}>
      <TextLink component={Link} to={`/${use.collection}/${encodeURIComponent(use.record)}`}>
        {record === undefined ? use.record : displayOf(collection, record)}
      </TextLink>{' '}
      <Box component="span" sx={{ color: 'text.secondary' }}>
        {[`${use.collection}.${use.field}`, ...(use.version === undefined ? [] : [t('look.version', { version: use.version })])].join(', ')}
      </Box>
    </Typography>
  );
};
