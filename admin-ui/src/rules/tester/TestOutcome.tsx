/** What came of really doing it; nothing of it was kept. */
import { Alert, Button } from '@mui/material';
import { useTranslate } from 'react-admin';
import type { RuleTestResult } from '@underpin/sdk/wire';

export const TestOutcome = ({ result, onKeep }: { result: RuleTestResult; onKeep: () => void }) => {
  const t = useTranslate();
  const { allowed, status, code, detail } = result;
  return (
    <Alert severity={allowed ? 'success' : 'error'}>
      <strong>{t(allowed ? 'tester.allowed' : 'tester.refused')}</strong>
      {` · ${[status, code, detail].filter((part) => part !== undefined).join(' · ')} · `}
      {t('tester.undone')}
      <Button color="inherit" size="small" onClick={onKeep} sx={{ display: 'block', mt: 0.5, ml: -0.5 }}>
        {t('expect.add')}
      </Button>
    </Alert>
  );
};
