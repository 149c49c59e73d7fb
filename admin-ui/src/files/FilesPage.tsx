/** All files: how much there is, each with what it is used for, and the way to be rid of what nobody uses. */
import { useState } from 'react';
import SweepIcon from '@mui/icons-material/CleaningServicesOutlined';
import { Box, Button, CircularProgress, Typography } from '@mui/material';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { FilesSummary, Page } from '@underpin/sdk/wire';
import { useStore, useTranslate } from 'react-admin';
import { useSearchParams } from 'react-router-dom';
import { request } from '../data/client.ts';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { useSettled } from '../ui/use-settled.ts';
import { FileDrawer } from './FileDrawer.tsx';
import { FileFilterBar, type Look } from './FileFilterBar.tsx';
import { FileGrid } from './FileGrid.tsx';
import { FileLines } from './FileLines.tsx';
import { isFiltered, parseFilters, queryOf, type FileRow } from './query.ts';
import { SweepDialog } from './SweepDialog.tsx';
import { Totals } from './Totals.tsx';

export const FilesPage = () => {
  const t = useTranslate();
  const [params, setParams] = useSearchParams();
  const [look, setLook] = useStore<Look>('filesLook', 'grid');
  const [isSweeping, setSweeping] = useState(false);
  const filters = parseFilters(params);
  const name = useSettled(filters.name);
  const query = queryOf({ ...filters, name });
  const summary = useQuery({
    queryKey: ['files', 'summary'],
    queryFn: ({ signal }) => request<FilesSummary>('GET', '/ops/files', { signal }),
  });
  const list = useInfiniteQuery({
    queryKey: ['files', 'list', query],
    queryFn: ({ pageParam, signal }) =>
      request<Page<FileRow>>('GET', '/records/_files', { query: pageParam === '' ? query : { ...query, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: ({ page }) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows = list.data?.pages.flatMap(({ data }) => data) ?? [];
  const set = (key: string, value: string) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        if (value === '') next.delete(key);
        else next.set(key, value);
        return next;
      },
      // Typing is no journey; opening a file is one that the way back ends.
      { replace: key !== 'file' },
    );
  const open = (row: FileRow) => set('file', row.id);
  const error = summary.error ?? list.error;
  const Rows = look === 'grid' ? FileGrid : FileLines;
  return (
    <>
      <PageHeader title={t('files.title')} note={t('files.note')}>
        <Button variant="outlined" startIcon={<SweepIcon />} onClick={() => setSweeping(true)}>
          {t('sweep.title')}
        </Button>
      </PageHeader>
      {error ? <Trouble error={error} onRetry={() => Promise.all([summary.refetch(), list.refetch()])} /> : null}
      {summary.data === undefined ? null : <Totals summary={summary.data} />}
      <FileFilterBar filters={filters} places={summary.data?.fields ?? []} look={look} onSet={set} onLook={setLook} />
      {list.isPending ? (
        <Box role="status" aria-label={t('app.loading')} sx={{ p: 6, display: 'grid', placeItems: 'center' }}>
          <CircularProgress />
        </Box>
      ) : null}
      {list.data !== undefined && rows.length === 0 ? <Nothing isFiltered={isFiltered(filters)} /> : null}
      {rows.length > 0 ? <Rows rows={rows} onOpen={open} /> : null}
      {list.hasNextPage ? (
        <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} sx={{ mt: 2 }}>
          {t('files.more')}
        </Button>
      ) : null}
      <FileDrawer id={params.get('file')} onClose={() => set('file', '')} />
      {isSweeping ? <SweepDialog onClose={() => setSweeping(false)} /> : null}
    </>
  );
};

const Nothing = ({ isFiltered: isNarrowed }: { isFiltered: boolean }) => {
  const t = useTranslate();
  if (isNarrowed) return <Typography sx={{ p: 3 }}>{t('files.noneSuch')}</Typography>;
  return (
    <Box sx={{ py: 8, textAlign: 'center' }}>
      <Typography variant="h2" sx={{ mb: 1 }}>
        {t('files.none')}
      </Typography>
      <Typography sx={{ color: 'text.secondary' }}>{t('files.noneNote')}</Typography>
    </Box>
  );
};
