/** One file of a field: what it looks like, what it is, and what can be done with it. */
import DownloadIcon from '@mui/icons-material/DownloadOutlined';
import { Box, IconButton, Link as TextLink, Paper, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import type { FileValue } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { showSize } from '../../data/bytes.ts';
import { downloadOf, isShown } from '../../data/files.ts';
import { FilePicture } from './FilePicture.tsx';
import { FilePlayer } from './FilePlayer.tsx';

/** `image/png · 1.2 MB · 400 × 300` */
export const factsOf = ({ type, size, width, height }: Pick<FileValue, 'type' | 'size' | 'width' | 'height'>): string =>
  [type, showSize(size), ...(width && height ? [`${width} × ${height}`] : [])].join(' · ');

interface FileItemProps {
  readonly file: FileValue;
  readonly thumbs: readonly string[];
  /** Buttons besides the download. */
  readonly children?: ReactNode;
}
const SIDE = 72;
const ELSEWHERE = { target: '_blank', rel: 'noopener' } as const;

export const FileItem = ({ file, thumbs, children }: FileItemProps) => {
  const t = useTranslate();
  return (
    <Paper component="li" variant="outlined" sx={{ p: 1, display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 1 }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1.5, flexWrap: 'wrap' }}>
        <FilePicture file={file} thumbs={thumbs} width={SIDE} height={SIDE} pixels={SIDE * 2} />
        <Box sx={{ flex: '1 1 140px', minWidth: 0, overflowWrap: 'anywhere' }}>
          <TextLink href={file.url} {...(isShown(file.type) ? ELSEWHERE : {})} underline="hover" sx={{ fontWeight: 500 }}>
            {file.name}
          </TextLink>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            {factsOf(file)}
          </Typography>
        </Box>
        <Box sx={{ display: 'flex', flexWrap: 'wrap', ml: 'auto' }}>
          <IconButton
            component="a"
            href={downloadOf(file.url)}
            aria-label={t('file.download', { name: file.name })}
            title={t('file.download', { name: file.name })}
          >
            <DownloadIcon fontSize="small" />
          </IconButton>
          {children}
        </Box>
      </Box>
      <FilePlayer file={file} />
    </Paper>
  );
};
