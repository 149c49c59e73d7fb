/** What came of really doing it; nothing of it was kept. */
import { Alert, Button } from '@mui/material';
import { useTranslate } from 'react-admin';
import type { TestResult } from '../rule-api.ts';

export const TestOutcome = ({ result, onKeep }: { result: TestResult; onKeep: () => void }) => {
  const t = useTranslate();
  const { allowed, status, code, detail } = result;
  return (
    <Alert
      severity={allowed ? 'success' : 'error'}
      action={
        <Button color="inherit" size="small" onClick={onKeep}>
          {t('expect.add')}
        </Button>
      }
    >
      <strong>{t(allowed ? 'tester.allowed' : 'tester.refused')}</strong>
      {` · ${[status, code, detail].filter((part) => part !== undefined).join(' · ')} · `}
      {t('tester.undone')}
    </Alert>
  );
};
