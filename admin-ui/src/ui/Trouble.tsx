/** Something could not be read: what the server said, its request id, and a way to try again. */
import { Alert, Button, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { ApiFailure, messageOf } from '../data/client.ts';

export const Trouble = ({ error, onRetry }: { error: unknown; onRetry?: () => unknown }) => {
  const t = useTranslate();
  const requestId = error instanceof ApiFailure ? error.requestId : undefined;
  return (
    <Alert
      severity="error"
      sx={{ mb: 2, overflowWrap: 'anywhere' }}
      action={
        onRetry ? (
          <Button color="inherit" onClick={() => void onRetry()}>
            {t('app.retry')}
          </Button>
        ) : undefined
      }
    >
      {messageOf(error)}
      {requestId ? <Typography variant="body2">{t('app.requestId', { id: requestId })}</Typography> : null}
    </Alert>
  );
};
