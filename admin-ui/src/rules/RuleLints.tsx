/** What is suspicious about a rule, each finding with the example that proves it. */
import { Alert, Box } from '@mui/material';
import type { Lint } from '@underpin/sdk/expr/findings';
import { ExampleLine } from './change/ExampleLine.tsx';

export const RuleLints = ({ lints }: { lints: readonly Lint[] }) =>
  lints.length === 0 ? null : (
    <Box sx={{ display: 'grid', gap: 1, mt: 1 }}>
      {lints.map((lint) => (
        <Alert key={`${lint.code} ${lint.start}`} severity={lint.severity} variant="outlined" sx={{ py: 0 }}>
          {lint.message}
          {lint.example ? <ExampleLine example={lint.example} /> : null}
        </Alert>
      ))}
    </Box>
  );
