/** An error in a rule, with the part of the text that it is about. */
import { Box } from '@mui/material';
import { MONO } from '../app/theme.ts';
import type { FailureField } from '../data/client.ts';

export const RuleFault = ({ text, error }: { text: string; error: FailureField }) => {
  const { start, end, hint } = error;
  const placed = start !== undefined && start >= 0 && start <= text.length;
  const until = placed ? Math.max(end ?? start + 1, start + 1) : 0;
  return (
    <>
      <span>{hint ? `${error.message} ${hint}` : error.message}</span>
      {placed ? (
        <Box component="span" sx={{ display: 'block', fontFamily: MONO, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', mt: 0.5 }}>
          {text.slice(0, start)}
          <Box component="mark" sx={{ bgcolor: 'error.main', color: 'error.contrastText', borderRadius: 0.5, px: 0.25 }}>
            {text.slice(start, until) || ' '}
          </Box>
          {text.slice(until)}
        </Box>
      ) : null}
    </>
  );
};
