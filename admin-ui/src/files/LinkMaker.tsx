/** Makes a link to a file that is good for a while, for somebody without an account. */
import { useState } from 'react';
import LinkIcon from '@mui/icons-material/LinkOutlined';
import { Box, Button, Checkbox, FormControlLabel, MenuItem, TextField, Typography } from '@mui/material';
import { useMutation } from '@tanstack/react-query';
import type { FileLink } from '@underpin/sdk/wire';
import { useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { showDate } from '../fields/dates.ts';
import { CopyBlock } from '../ui/CopyBlock.tsx';

/** In seconds. */
const lengths = { minutes: 120, hour: 3_600, day: 86_400, week: 604_800 } as const;

export const LinkMaker = ({ id, thumbs }: { id: string; thumbs: readonly string[] }) => {
  const t = useTranslate();
  const notify = useNotify();
  const [seconds, setSeconds] = useState<number>(lengths.hour);
  const [thumb, setThumb] = useState('');
  const [download, setDownload] = useState(false);
  const make = useMutation({
    mutationFn: () =>
      request<FileLink>('POST', `/files/${id}/link`, {
        body: { expiresIn: seconds, ...(thumb === '' ? {} : { thumb }), ...(download ? { download } : {}) },
      }),
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
  });
  const change = (apply: () => void) => {
    apply();
    make.reset();
  };
  return (
    <Box component="section" aria-label={t('link.title')} sx={{ display: 'grid', gap: 1.5, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Box>
        <Typography variant="h3">{t('link.title')}</Typography>
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          {t('link.note')}
        </Typography>
      </Box>
      <Box sx={{ display: 'grid', gap: 1, gridTemplateColumns: thumbs.length > 0 ? '1fr 1fr' : '1fr' }}>
        <TextField
          select
          label={t('link.lasts')}
          value={seconds}
          onChange={(event) => change(() => setSeconds(Number(event.target.value)))}
        >
          {Object.entries(lengths).map(([name, length]) => (
            <MenuItem key={name} value={length}>
              {t(`link.${name}`)}
            </MenuItem>
          ))}
        </TextField>
        {thumbs.length > 0 ? (
          <TextField
            select
            label={t('link.what')}
            value={thumb}
            onChange={(event) => change(() => setThumb(event.target.value))}
            slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
          >
            <MenuItem value="">{t('link.whole')}</MenuItem>
            {thumbs.map((size) => (
              <MenuItem key={size} value={size}>
                {size}
              </MenuItem>
            ))}
          </TextField>
        ) : null}
      </Box>
      <FormControlLabel
        label={t('link.download')}
        control={<Checkbox checked={download} onChange={(_event, next) => change(() => setDownload(next))} />}
      />
      {make.data === undefined ? (
        <Button
          variant="outlined"
          startIcon={<LinkIcon />}
          disabled={make.isPending}
          onClick={() => make.mutate()}
          sx={{ justifySelf: 'start' }}
        >
          {t('link.make')}
        </Button>
      ) : (
        <CopyBlock title={t('link.made', { expires: showDate(make.data.expires) })} text={make.data.url} />
      )}
    </Box>
  );
};
