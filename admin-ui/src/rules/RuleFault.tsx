/** An error in a rule, with the part of the text that it is about. */
import { Box } from '@mui/material';
import { MONO } from '../app/theme.ts';

/** What the server said, or what was found here: both may say where. */
interface Fault {
  readonly message: string;
  readonly hint?: string;
  readonly start?: number;
  readonly end?: number;
}

export const RuleFault = ({ text, error }: { text: string; error: Fault }) => {
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
