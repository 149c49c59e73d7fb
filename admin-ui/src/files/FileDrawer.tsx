/** One file, beside the list of all: what it is, where it is used, a link to it for a while, and its end. */
import { useState } from 'react';
import CloseIcon from '@mui/icons-material/Close';
import DownloadIcon from '@mui/icons-material/DownloadOutlined';
import OpenIcon from '@mui/icons-material/OpenInNew';
import { Box, Button, Drawer, IconButton, Typography } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FileDetails } from '@underpin/sdk/wire';
import { Confirm, useNotify, useTranslate } from 'react-admin';
import { messageOf, request } from '../data/client.ts';
import { downloadOf, isShown } from '../data/files.ts';
import { useIsViewer } from '../data/session.ts';
import { COLUMN } from '../ui/CardList.tsx';
import { Trouble } from '../ui/Trouble.tsx';
import { FilePicture } from '../fields/file/FilePicture.tsx';
import { FilePlayer } from '../fields/file/FilePlayer.tsx';
import { FileFacts } from './FileFacts.tsx';
import { FileUses } from './FileUses.tsx';
import { LinkMaker } from './LinkMaker.tsx';
import { useThumbs } from './use-thumbs.ts';

/** Null: none is open. */
export const FileDrawer = ({ id, onClose }: { id: string | null; onClose: () => void }) => {
  const t = useTranslate();
  const { data, error, refetch } = useQuery({
    queryKey: ['files', 'one', id],
    queryFn: ({ signal }) => request<FileDetails>('GET', `/ops/files/${id}`, { signal }),
    enabled: id !== null,
  });
  const name = data?.file.name ?? '';
  return (
    <Drawer
      anchor="right"
      open={id !== null}
      onClose={onClose}
      slotProps={{ paper: { role: 'dialog', 'aria-label': t('look.details', { name }), sx: { width: { xs: '100%', sm: 480 } } } }}
    >
      <Box sx={{ p: { xs: 2, sm: 3 }, ...COLUMN, gap: 2.5 }}>
        <Box sx={{ display: 'flex', gap: 1, alignItems: 'flex-start' }}>
          <Typography variant="h2" sx={{ flex: 1, overflowWrap: 'anywhere', pt: 1 }}>
            {name}
          </Typography>
          <IconButton onClick={onClose} aria-label={t('look.close')}>
            <CloseIcon />
          </IconButton>
        </Box>
        {error ? <Trouble error={error} onRetry={refetch} /> : null}
        {data === undefined ? null : <Details key={data.file.id} details={data} onGone={onClose} />}
      </Box>
    </Drawer>
  );
};

const Details = ({ details, onGone }: { details: FileDetails; onGone: () => void }) => {
  const t = useTranslate();
  const { file } = details;
  const isPlayed = /^(audio|video)\//.test(file.type);
  const thumbs = useThumbs();
  const kept = details.thumbs.map(({ size }) => size);
  const sizes = [...new Set(details.uses.flatMap(({ collection, field }) => thumbs(collection, field)))];
  return (
    <>
      {isPlayed ? (
        <FilePlayer file={file} />
      ) : (
        <FilePicture file={file} thumbs={sizes.length > 0 ? sizes : kept} width="100%" height={240} pixels={480} fit="contain" />
      )}
      <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>
        {isShown(file.type) ? (
          <Button component="a" href={file.url} target="_blank" rel="noopener" startIcon={<OpenIcon />}>
            {t('look.open')}
          </Button>
        ) : null}
        <Button component="a" href={downloadOf(file.url)} startIcon={<DownloadIcon />}>
          {t('look.download')}
        </Button>
      </Box>
      <FileFacts details={details} />
      <FileUses uses={details.uses} />
      <LinkMaker id={file.id} thumbs={sizes} />
      <Removal file={file} onGone={onGone} />
    </>
  );
};

const Removal = ({ file, onGone }: { file: FileDetails['file']; onGone: () => void }) => {
  const t = useTranslate();
  const notify = useNotify();
  const client = useQueryClient();
  const isViewer = useIsViewer();
  const [isAsking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => request('DELETE', `/files/${file.id}`),
    onSuccess: async () => {
      notify(t('look.removed', { name: file.name }), { type: 'info' });
      onGone();
      await client.invalidateQueries({ queryKey: ['files'], predicate: ({ queryKey }) => queryKey[1] !== 'one' });
    },
    onError: (cause) => notify(messageOf(cause), { type: 'error' }),
    onSettled: () => setAsking(false),
  });
  if (isViewer) return null;
  if (file.state === 'attached')
    return (
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        {t('look.attachedNote')}
      </Typography>
    );
  return (
    <>
      <Button color="error" variant="outlined" sx={{ justifySelf: 'start' }} onClick={() => setAsking(true)}>
        {t('look.remove')}
      </Button>
      <Confirm
        isOpen={isAsking}
        loading={remove.isPending}
        title={t('look.removeTitle', { name: file.name })}
        content={t('look.removeNote')}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </>
  );
};
