/** Text to be copied: shown as it is, with a button that copies it. */
import { useState } from 'react';
import CheckIcon from '@mui/icons-material/Check';
import ContentCopyIcon from '@mui/icons-material/ContentCopy';
import { Box, IconButton, Tooltip, Typography } from '@mui/material';
import { useNotify, useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';

export const CopyBlock = ({ title, text }: { title: string; text: string }) => {
  const t = useTranslate();
  const notify = useNotify();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      // The clipboard belongs to https and localhost only.
      notify('copy.refused', { type: 'warning' });
    }
  };
  const label = t('copy.copy', { what: title });
  return (
    <Box
      component="section"
      aria-label={title}
      sx={{ mb: 2, border: 1, borderColor: 'divider', borderRadius: 2, bgcolor: 'background.paper' }}
    >
      <Box sx={{ display: 'flex', alignItems: 'center', borderBottom: 1, borderColor: 'divider', pl: 2, pr: 1, py: 0.5 }}>
        <Typography variant="h3" component="h3" sx={{ flex: 1 }}>
          {title}
        </Typography>
        <Tooltip title={copied ? t('copy.done') : label}>
          <IconButton aria-label={label} onClick={copy} size="small">
            {copied ? <CheckIcon fontSize="small" /> : <ContentCopyIcon fontSize="small" />}
          </IconButton>
        </Tooltip>
      </Box>
      <Box component="pre" tabIndex={0} sx={{ m: 0, p: 2, overflowX: 'auto', fontFamily: MONO, fontSize: 13, lineHeight: 1.55 }}>
        {text}
      </Box>
    </Box>
  );
};
