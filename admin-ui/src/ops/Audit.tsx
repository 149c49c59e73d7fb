/** Who did what: the acts on schema, rules, accounts, keys and jobs, newest first, and what each changed. */
import { useState } from 'react';
import { Box, Button, Paper, TextField, Typography } from '@mui/material';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { request } from '../data/client.ts';
import { showDate } from '../fields/dates.ts';
import { CardList, COLUMN } from '../ui/CardList.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { useSettled } from '../ui/use-settled.ts';

interface Act {
  readonly id: string;
  readonly created: string;
  readonly action: string;
  readonly actor: string;
  readonly address: string;
  readonly target: string;
  readonly before: unknown;
  readonly after: unknown;
}
interface Acts {
  readonly data: readonly Act[];
  readonly page: { readonly next: string | null };
}

const newest = { sort: '-id', limit: 50, fields: 'id,created,action,actor,address,target,before,after' };
const about = 'action.contains($text) || actor.contains($text) || target.contains($text) || address.contains($text)';

export const Audit = () => {
  const t = useTranslate();
  const [text, setText] = useState('');
  const asked = useSettled(text.trim());
  const acts = useInfiniteQuery({
    queryKey: ['audit', asked],
    queryFn: ({ pageParam, signal }) => {
      const query = {
        ...newest,
        ...(asked === '' ? {} : { filter: about, 'p.text': asked }),
        ...(pageParam === '' ? {} : { cursor: pageParam }),
      };
      return request<Acts>('GET', '/records/_audit', { query, signal });
    },
    initialPageParam: '',
    getNextPageParam: ({ page }) => page.next,
    placeholderData: keepPreviousData,
  });
  const rows = acts.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <>
      <PageHeader title={t('audit.title')} note={t('audit.note')} />
      <Box sx={{ maxWidth: 760, ...COLUMN, gap: 2 }}>
        <TextField label={t('audit.about')} value={text} onChange={(event) => setText(event.target.value)} size="small" type="search" />
        {acts.error ? <Trouble error={acts.error} onRetry={acts.refetch} /> : null}
        {acts.data !== undefined && rows.length === 0 ? (
          <Typography sx={{ color: 'text.secondary' }}>{t(asked === '' ? 'audit.none' : 'audit.noneSuch')}</Typography>
        ) : null}
        <CardList label={t('audit.title')}>
          {rows.map((act) => (
            <ActRow key={act.id} act={act} />
          ))}
        </CardList>
        {acts.hasNextPage ? (
          <Button disabled={acts.isFetchingNextPage} onClick={() => void acts.fetchNextPage()} sx={{ justifySelf: 'start' }}>
            {t('audit.older')}
          </Button>
        ) : null}
      </Box>
    </>
  );
};

const ActRow = ({ act }: { act: Act }) => {
  const t = useTranslate();
  const [isOpen, setOpen] = useState(false);
  const changes = [
    ['audit.before', act.before],
    ['audit.after', act.after],
  ] as const;
  return (
    <Paper component="li" variant="outlined" sx={{ px: 2, py: 1.5 }}>
      <Box sx={{ display: 'flex', gap: 2, alignItems: 'flex-start' }}>
        <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
          <Typography>
            <Box component="span" sx={{ fontWeight: 600 }}>
              {act.action}
            </Box>{' '}
            {act.target}
          </Typography>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            {t('audit.facts', { actor: act.actor, address: act.address, created: showDate(act.created) })}
          </Typography>
        </Box>
        {act.before === null && act.after === null ? null : (
          <Button size="small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {t('audit.changes')}
          </Button>
        )}
      </Box>
      {isOpen
        ? changes.map(([label, value]) =>
            value === null ? null : (
              <Box key={label} component="section" sx={{ mt: 1 }}>
                <Typography variant="body2">{t(label)}</Typography>
                <Box component="pre" tabIndex={0} sx={{ m: 0, fontFamily: MONO, fontSize: 13, overflowX: 'auto' }}>
                  {JSON.stringify(value, null, 2)}
                </Box>
              </Box>
            ),
          )
        : null}
    </Paper>
  );
};
