/** Sessions of one account, each with a way to end it. */
import { Box, Button, Chip, Paper, Typography } from '@mui/material';
import type { SessionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { showDate } from '../fields/dates.ts';

interface SessionListProps {
  readonly label: string;
  readonly sessions: readonly SessionInfo[];
  readonly isBusy: boolean;
  /** Absent: they are only looked at. */
  readonly onEnd?: (session: SessionInfo) => void;
}

export const SessionList = ({ label, sessions, isBusy, onEnd }: SessionListProps) => {
  const t = useTranslate();
  return (
    <Paper component="ul" variant="outlined" aria-label={label} sx={{ listStyle: 'none', m: 0, p: 0, maxWidth: 760 }}>
      {sessions.map((session) => (
        <Box
          component="li"
          key={session.id}
          sx={{ display: 'flex', alignItems: 'center', gap: 2, p: 2, '& + &': { borderTop: 1, borderColor: 'divider' } }}
        >
          <Box sx={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
            <Typography>
              {session.device} {session.current ? <Chip size="small" color="primary" label={t('sessions.current')} /> : null}
            </Typography>
            <Typography variant="body2" sx={{ color: 'text.secondary' }}>
              {t('sessions.facts', {
                address: session.address,
                created: showDate(session.created),
                lastUsed: showDate(session.lastUsed),
              })}
            </Typography>
          </Box>
          {onEnd ? (
            <Button
              color="error"
              aria-label={t('sessions.endOne', { device: session.device })}
              disabled={isBusy}
              onClick={() => onEnd(session)}
            >
              {t('sessions.end')}
            </Button>
          ) : null}
        </Box>
      ))}
    </Paper>
  );
};
