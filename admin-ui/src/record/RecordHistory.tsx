/** Who changed a record, when and what; each version can be written again. */
import { Box, Button, Paper, Typography } from '@mui/material';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import type { CollectionInfo, Page, Version } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { allFields } from '../data/collection.ts';
import { filesOf } from '../data/files.ts';
import { useAuthor } from '../data/use-author.ts';
import { showDate } from '../fields/dates.ts';
import { FileCell } from '../fields/file/FileCell.tsx';
import { Trouble } from '../ui/Trouble.tsx';

interface RecordHistoryProps {
  readonly collection: CollectionInfo;
  readonly id: string;
  /** The record's version as the page shows it: another one has another history. */
  readonly version: unknown;
  /** The record was written. */
  readonly onRestored: () => void;
}
const PAGE = 10;

export const RecordHistory = ({ collection, id, version, onRestored }: RecordHistoryProps) => {
  const t = useTranslate();
  const notify = useNotify();
  const path = `/records/${collection.name}/${id}`;
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ['history', collection.name, id, version],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const after = pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return request<Page<Version>>('GET', `${path}/history?limit=${PAGE}${after}`, { signal });
    },
    getNextPageParam: ({ page }) => page.next ?? undefined,
  });
  const restore = useMutation({
    mutationFn: (wanted: number) => request('POST', `${path}/restore`, { body: { version: wanted } }),
    onSuccess: (_answer, wanted) => {
      notify(t('history.restored', { version: wanted }), { type: 'success' });
      onRestored();
    },
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const versions = (data?.pages ?? []).flatMap((page) => page.data);
  return (
    <Box component="section" aria-label={t('history.title')} sx={{ display: 'grid', gap: 1, mt: 4, maxWidth: 760 }}>
      <Typography variant="h2">{t('history.title')}</Typography>
      {error ? <Trouble error={error} onRetry={refetch} /> : null}
      {data !== undefined && versions.length === 0 ? <Typography sx={{ color: 'text.secondary' }}>{t('history.none')}</Typography> : null}
      {versions.length > 0 ? (
        <Paper component="ul" variant="outlined" aria-label={t('history.title')} sx={{ listStyle: 'none', m: 0, p: 0 }}>
          {versions.map((one, index) => (
            <Box
              component="li"
              key={`${one.version} ${one.action} ${one.at}`}
              sx={{ display: 'flex', alignItems: 'start', gap: 2, p: 2, '& + &': { borderTop: 1, borderColor: 'divider' } }}
            >
              <Entry collection={collection} version={one} />
              {index === 0 ? null : (
                <Button
                  aria-label={t('history.restoreOne', { version: one.version })}
                  disabled={restore.isPending}
                  onClick={() => restore.mutate(one.version)}
                >
                  {t('history.restore')}
                </Button>
              )}
            </Box>
          ))}
        </Paper>
      ) : null}
      {hasNextPage ? (
        <Button sx={{ justifySelf: 'start' }} disabled={isFetching} onClick={() => void fetchNextPage()}>
          {t('history.more')}
        </Button>
      ) : null}
    </Box>
  );
};

/** What changes with every write. */
const KEPT_BY_US = new Set(['id', 'created', 'updated', 'version']);
const textOf = (value: unknown, empty: string): string =>
  value === null || value === undefined || value === '' ? empty : typeof value === 'string' ? value : JSON.stringify(value);

const Shown = ({ collection, name, record }: { collection: CollectionInfo; name: string; record: Version['record'] | null }) => {
  const t = useTranslate();
  const value = record?.[name];
  const field = allFields(collection).find((one) => one.name === name);
  // A file is told by its name; everything else by what is stored.
  if (field?.type !== 'file') return textOf(value, t('history.empty'));
  if (filesOf(value).length === 0) return t('history.empty');
  return <FileCell value={value} field={field} record={record ?? {}} target={undefined} />;
};

const Entry = ({ collection, version: { action, at, by, version, record, before } }: { collection: CollectionInfo; version: Version }) => {
  const t = useTranslate();
  const author = useAuthor(by);
  const changed = Object.keys(record).filter(
    (name) => before !== null && !KEPT_BY_US.has(name) && JSON.stringify(record[name]) !== JSON.stringify(before[name]),
  );
  return (
    <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
      <Typography>{t(`history.${action}`)}</Typography>
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        {t('history.facts', { at: showDate(at), by: author ?? t('history.nobody'), version })}
      </Typography>
      {changed.map((name) => (
        <Typography key={name} variant="body2">
          {name}:{' '}
          <del>
            <Shown collection={collection} name={name} record={before} />
          </del>{' '}
          → <Shown collection={collection} name={name} record={record} />
        </Typography>
      ))}
    </Box>
  );
};
