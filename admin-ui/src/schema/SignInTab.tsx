/** How people get into a collection of accounts: by what means, and where the links in mails lead. */
import { Box, FormControlLabel, FormHelperText, Switch, TextField, Typography } from '@mui/material';
import type { AuthOptions } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { messageAt, type CollectionDraft } from './use-collection-draft.ts';

const MEANS = ['verification', 'code', 'guests'] as const;
const PAGES = ['verify', 'reset', 'code', 'email'] as const;

export const SignInTab = ({ state: { draft, errors, change } }: { state: CollectionDraft }) => {
  const t = useTranslate();
  const { auth } = draft;
  const put = (next: AuthOptions, touched: string) => change({ ...draft, auth: next }, `/auth/${touched}`);
  const putPage = (page: (typeof PAGES)[number], text: string) => {
    const { [page]: _before, ...rest } = auth.urls ?? {};
    put({ ...auth, urls: text === '' ? rest : { ...rest, [page]: text } }, `urls/${page}`);
  };
  const wrong = (pointer: string) => errors.find((error) => error.pointer.startsWith(pointer))?.message;
  return (
    <Box sx={{ display: 'grid', gap: 2, maxWidth: 760 }}>
      {MEANS.map((means) => (
        <Box key={means}>
          <FormControlLabel
            control={<Switch checked={auth[means] === true} onChange={(_event, checked) => put({ ...auth, [means]: checked }, means)} />}
            label={t(`means.${means}`)}
          />
          <FormHelperText>{t(`means.${means}Note`)}</FormHelperText>
        </Box>
      ))}
      <Typography variant="h2">{t('means.pages')}</Typography>
      <Typography sx={{ color: 'text.secondary' }}>{t('means.pagesNote')}</Typography>
      {PAGES.map((page) => (
        <TextField
          key={page}
          size="small"
          type="url"
          label={t(`means.page_${page}`)}
          value={auth.urls?.[page] ?? ''}
          onChange={(event) => putPage(page, event.target.value.trim())}
          error={messageAt(errors, `/auth/urls/${page}`) !== undefined}
          helperText={messageAt(errors, `/auth/urls/${page}`)}
        />
      ))}
      <TextField
        label={t('means.redirects')}
        value={(auth.redirects ?? []).join('\n')}
        multiline
        minRows={2}
        onChange={(event) => put({ ...auth, redirects: event.target.value === '' ? [] : event.target.value.split('\n') }, 'redirects')}
        error={wrong('/auth/redirects') !== undefined}
        helperText={wrong('/auth/redirects') ?? t('means.redirectsNote')}
      />
    </Box>
  );
};
