/** What is known of a file. */
import { Box, Typography } from '@mui/material';
import type { FileDetails } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { showSize } from '../data/bytes.ts';
import { useAuthor } from '../data/use-author.ts';
import { showDate } from '../fields/dates.ts';
import { StateChip } from './StateChip.tsx';

export const FileFacts = ({ details: { file, thumbs } }: { details: FileDetails }) => {
  const t = useTranslate();
  const owner = useAuthor(file.owner);
  const uploaded = owner ? `${showDate(file.created)}, ${t('look.by', { owner })}` : showDate(file.created);
  const bytes = file.size < 1024 ? showSize(file.size) : `${showSize(file.size)} (${file.size.toLocaleString()} B)`;
  const facts = [
    { label: t('look.type'), value: file.type },
    { label: t('look.size'), value: bytes },
    ...(file.width && file.height ? [{ label: t('look.pixels'), value: `${file.width} × ${file.height}` }] : []),
    { label: t('look.state'), value: <StateChip state={file.state} /> },
    { label: t('look.uploaded'), value: uploaded },
    {
      label: 'SHA-256',
      value: (
        <Box component="code" sx={{ fontFamily: MONO, fontSize: 12 }}>
          {file.sha256}
        </Box>
      ),
    },
    ...(thumbs.length > 0
      ? [{ label: t('look.thumbs'), value: thumbs.map(({ size, bytes: taken }) => `${size} (${showSize(taken)})`).join(', ') }]
      : []),
  ];
  return (
    <Box component="dl" sx={{ m: 0, display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', columnGap: 2, rowGap: 0.75 }}>
      {facts.map(({ label, value }) => (
        <Box key={label} sx={{ display: 'contents' }}>
          <Typography component="dt" variant="body2" sx={{ color: 'text.secondary' }}>
            {label}
          </Typography>
          <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>
            {value}
          </Typography>
        </Box>
      ))}
    </Box>
  );
};
