/** A file on its way: how far it is, or why it was refused. */
import CloseIcon from '@mui/icons-material/Close';
import { Box, Button, IconButton, LinearProgress, Paper, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { showSize } from '../../data/bytes.ts';
import type { Upload } from './use-uploads.ts';

interface UploadLineProps {
  readonly upload: Upload;
  readonly onCancel: () => void;
  readonly onRetry: () => void;
}

export const UploadLine = ({ upload: { file, sent, trouble, isHopeless }, onCancel, onRetry }: UploadLineProps) => {
  const t = useTranslate();
  const { name } = file;
  const share = file.size === 0 ? 0 : Math.min(100, (sent / file.size) * 100);
  const label = t(trouble === null ? 'file.cancel' : 'file.dismiss', { name });
  return (
    <Paper component="li" variant="outlined" sx={{ px: 1.5, py: 1, ...(trouble === null ? {} : { borderColor: 'error.main' }) }}>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
        <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }} role={trouble === null ? undefined : 'alert'}>
          <Typography variant="body2">{name}</Typography>
          <Typography variant="body2" sx={{ color: trouble === null ? 'text.secondary' : 'error.main' }}>
            {trouble ?? t(share === 100 ? 'file.checking' : 'file.progress', { sent: showSize(sent), size: showSize(file.size) })}
          </Typography>
        </Box>
        {trouble !== null && !isHopeless ? (
          <Button size="small" onClick={onRetry} aria-label={t('file.againOf', { name })}>
            {t('app.retry')}
          </Button>
        ) : null}
        <IconButton size="small" aria-label={label} title={label} onClick={onCancel}>
          <CloseIcon fontSize="small" />
        </IconButton>
      </Box>
      {trouble === null ? (
        <LinearProgress
          variant={share === 100 ? 'indeterminate' : 'determinate'}
          value={share}
          aria-label={t('file.uploadOf', { name })}
          sx={{ mt: 1 }}
        />
      ) : null}
    </Paper>
  );
};
