/** How what somebody else has just changed is shown: a colour that goes; for who wants no motion it is there, and then it is not. */
import { alpha, keyframes, type Theme } from '@mui/material';

const fade = keyframes`from { background-color: var(--flash); } to { background-color: transparent; }`;

export const flash = (theme: Theme) => ({
  '--flash': alpha(theme.palette.primary.main, 0.22),
  animation: `${fade} 1.8s ease-out`,
  '@media (prefers-reduced-motion: reduce)': { animation: 'none', backgroundColor: 'var(--flash)' },
});
