/** Light and dark looks; which one follows the system until somebody chooses. Fonts are the system's: nothing is fetched. */
import type { CheckboxProps } from '@mui/material';
import { defaultTheme, type RaThemeOptions } from 'react-admin';

const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
export const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

const look: RaThemeOptions = {
  ...defaultTheme,
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: sans,
    h1: { fontSize: '1.5rem', fontWeight: 650, letterSpacing: '-0.01em' },
    h2: { fontSize: '1.1rem', fontWeight: 600 },
    h3: { fontSize: '0.95rem', fontWeight: 600 },
    button: { textTransform: 'none', fontWeight: 600 },
  },
  sidebar: { width: 232, closedWidth: 50 },
  components: {
    ...defaultTheme.components,
    MuiButton: { defaultProps: { disableElevation: true } },
    // react-admin names the checkbox of a row on its wrapper, where no screen reader looks: the name goes on to the input.
    MuiCheckbox: {
      defaultProps: { slotProps: { input: (state: CheckboxProps) => (state['aria-label'] ? { 'aria-label': state['aria-label'] } : {}) } },
    },
    MuiPaper: { styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiTextField: { defaultProps: { variant: 'outlined', size: 'small', fullWidth: true, margin: 'none' } },
    MuiFormControl: { defaultProps: { variant: 'outlined', size: 'small', fullWidth: true, margin: 'none' } },
    MuiTab: { styleOverrides: { root: { minHeight: 44, minWidth: 0, paddingInline: 'clamp(9px, 2.5vw, 16px)' } } },
    MuiTabs: { styleOverrides: { root: { minHeight: 44 } } },
  },
};

export const lightTheme: RaThemeOptions = {
  ...look,
  palette: {
    mode: 'light',
    primary: { main: '#0b6e63' },
    secondary: { main: '#0b6e63' },
    background: { default: '#f6f7f7', paper: '#ffffff' },
    divider: 'rgba(15, 40, 38, 0.14)',
  },
};

export const darkTheme: RaThemeOptions = {
  ...look,
  palette: {
    mode: 'dark',
    primary: { main: '#5cc8b8' },
    secondary: { main: '#5cc8b8' },
    background: { default: '#101615', paper: '#171f1e' },
    divider: 'rgba(210, 235, 230, 0.16)',
  },
};
