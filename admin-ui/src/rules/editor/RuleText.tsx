/** The frame around the text of a rule: drawn like every other input, with what is wrong or what it means below it. */
import { lazy, Suspense, useId, type ReactNode } from 'react';
import { Box, FormHelperText } from '@mui/material';
import type { Theme } from '@mui/material/styles';
import { useTranslate } from 'react-admin';
import { MONO } from '../../app/theme.ts';
import type { RuleEditorProps } from './props.ts';

const RuleEditor = lazy(() => import('./RuleEditor.tsx').then((module) => ({ default: module.RuleEditor })));

const ink = (theme: Theme, light: string, dark: string): string => (theme.palette.mode === 'dark' ? dark : light);
const frame = (faulty: boolean) => (theme: Theme) => ({
  border: 1,
  borderColor: faulty ? 'error.main' : ink(theme, 'rgba(0, 0, 0, 0.23)', 'rgba(255, 255, 255, 0.23)'),
  borderRadius: 1,
  minHeight: 40,
  '&:focus-within': {
    borderColor: faulty ? 'error.main' : 'primary.main',
    boxShadow: `inset 0 0 0 1px ${theme.palette[faulty ? 'error' : 'primary'].main}`,
  },
  '& .cm-editor': { outline: 'none', background: 'none', color: 'inherit' },
  '& .cm-scroller': { fontFamily: MONO, fontSize: 14, lineHeight: 1.5 },
  '& .cm-content': { padding: '8.5px 14px', caretColor: theme.palette.text.primary, minHeight: 38 },
  '& .cm-line': { padding: 0 },
  '& .cm-cursor': { borderLeftColor: theme.palette.text.primary },
  '& .cm-placeholder': { color: 'text.secondary', fontFamily: theme.typography.fontFamily },
  '& .cm-editor .cm-matchingBracket': { backgroundColor: 'action.selected', outline: 'none' },
  '& .tok-string': { color: ink(theme, '#8a4b08', '#e3b587') },
  '& .tok-number, & .tok-atom': { color: ink(theme, '#0a5aa8', '#8fc3f5') },
  '& .tok-keyword': { color: ink(theme, '#7a2ea0', '#d5a6ee') },
  '& .tok-propertyName': { color: ink(theme, '#0b5f56', '#7fd6c8') },
  '& .tok-operator, & .tok-operatorKeyword, & .tok-punctuation': { color: 'text.secondary' },
  '& .cm-tooltip': {
    border: 1,
    borderColor: 'divider',
    borderRadius: 1,
    bgcolor: 'background.paper',
    color: 'text.primary',
    boxShadow: 4,
    overflow: 'hidden',
    maxWidth: 'min(92vw, 480px)',
  },
  '& .cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: MONO, fontSize: 13, maxHeight: 240 },
  '& .cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '6px 12px', display: 'flex', gap: 2, justifyContent: 'space-between' },
  '@media (pointer: coarse)': { '& .cm-tooltip.cm-tooltip-autocomplete > ul > li': { paddingBlock: '12px' } },
  '& .cm-tooltip-autocomplete ul li[aria-selected]': { background: theme.palette.primary.main, color: theme.palette.primary.contrastText },
  '& .cm-completionDetail': { color: 'text.secondary', fontStyle: 'normal' },
  '& li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '& .cm-type': { padding: '6px 12px', fontFamily: MONO, fontSize: 13 },
  '& .cm-diagnostic': { padding: '6px 12px', borderLeftWidth: 3 },
});

interface RuleTextProps extends Omit<RuleEditorProps, 'describedBy' | 'placeholder'> {
  readonly children: ReactNode;
}

export const RuleText = ({ children, ...props }: RuleTextProps) => {
  const t = useTranslate();
  const id = useId();
  return (
    <Box>
      <Box sx={frame(props.faulty)}>
        <Suspense
          fallback={<Box sx={{ fontFamily: MONO, fontSize: 14, px: 1.75, py: 1.0625, overflowWrap: 'anywhere' }}>{props.text}</Box>}
        >
          <RuleEditor {...props} placeholder={t('rule.placeholder')} describedBy={id} />
        </Suspense>
      </Box>
      <FormHelperText id={id} component="div" error={props.faulty} sx={{ mx: 1.75 }}>
        {children}
      </FormHelperText>
    </Box>
  );
};
