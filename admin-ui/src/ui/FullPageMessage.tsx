/** A page with nothing else on it: loading, or why there is nothing to show, with a way to try again. */
import { Box, Button, CircularProgress, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';

interface FullPageMessageProps {
  readonly text: string;
  readonly detail?: string;
  readonly busy?: boolean;
  readonly onRetry?: () => unknown;
}

export const FullPageMessage = ({ text, detail, busy, onRetry }: FullPageMessageProps) => {
  const t = useTranslate();
  return (
    <Box
      role="status"
      sx={{ minHeight: '100vh', display: 'grid', placeContent: 'center', justifyItems: 'center', gap: 2, p: 2, textAlign: 'center' }}
    >
      {busy ? <CircularProgress aria-hidden /> : null}
      <Typography>{t(text)}</Typography>
      {detail ? <Typography sx={{ color: 'text.secondary' }}>{detail}</Typography> : null}
      {onRetry ? (
        <Button variant="outlined" onClick={() => void onRetry()}>
          {t('app.retry')}
        </Button>
      ) : null}
    </Box>
  );
};
