/** One made-up caller and record, on a line or two. */
import { Box } from '@mui/material';
import type { Example } from '@underpin/sdk/expr/findings';
import { useTranslate } from 'react-admin';
import { MONO } from '../../app/theme.ts';
import { partsOfExample } from './examples.ts';
import { useRuleWorld } from '../world.tsx';

export const ExampleLine = ({ example }: { example: Example }) => {
  const t = useTranslate();
  const { caller, record, next, related } = partsOfExample(example, useRuleWorld().vocabulary);
  const lines = [
    [t('example.caller'), caller],
    [t('example.record'), record],
    [t('example.next'), next],
    ...related.map((one) => [t('example.related'), one] as const),
  ] as const;
  return (
    <Box component="dl" sx={{ m: 0, mt: 0.5, display: 'grid', gridTemplateColumns: 'auto 1fr', columnGap: 1.5, typography: 'body2' }}>
      {lines.map(([name, text]) =>
        text === null || text === '' ? null : (
          <Box key={`${name} ${text}`} sx={{ display: 'contents' }}>
            <Box component="dt" sx={{ color: 'text.secondary' }}>
              {name}
            </Box>
            <Box component="dd" sx={{ m: 0, fontFamily: MONO, fontSize: 13, overflowWrap: 'anywhere', minWidth: 0 }}>
              {text}
            </Box>
          </Box>
        ),
      )}
    </Box>
  );
};
