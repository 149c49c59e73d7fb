/** Trying the rules as somebody: explained clause by clause, or really done and taken back. */
import { useMutation } from '@tanstack/react-query';
import { Alert, Box, Button, Paper, Typography } from '@mui/material';
import type { CollectionInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { ApiFailure, messageOf } from '../../data/client.ts';
import type { Draft } from '../../schema/draft.ts';
import { attempt, explain } from '../rule-api.ts';
import { Expectations } from './Expectations.tsx';
import { ExplainResult } from './ExplainResult.tsx';
import { QuestionForm } from './QuestionForm.tsx';
import { TestOutcome } from './TestOutcome.tsx';
import { useExpectations } from './use-expectations.ts';
import { fieldsAsked, useQuestion, type Asked } from './use-question.ts';

/** What is wrong with the question, if it is that. */
const reasonOf = (error: Error): string =>
  error instanceof ApiFailure && error.errors.length > 0 ? error.errors.map(({ message }) => message).join(' ') : messageOf(error);

export const Tester = ({ collection, draft }: { collection: CollectionInfo; draft: Draft }) => {
  const t = useTranslate();
  const { asked, put, attempt: wanted, question, isWhole } = useQuestion(collection, draft);
  const expectations = useExpectations();
  const explained = useMutation({ mutationFn: () => explain(question) });
  const tried = useMutation({ mutationFn: () => attempt(wanted) });
  const change = (part: Partial<Asked>) => {
    put(part);
    // What was answered is about what was asked.
    explained.reset();
    tried.reset();
  };
  const failed = explained.error ?? tried.error;
  return (
    <Paper
      component="section"
      variant="outlined"
      aria-label={t('tester.title')}
      sx={{ p: { xs: 2, sm: 2.5 }, display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}
    >
      <Box>
        <Typography variant="h2">{t('tester.title')}</Typography>
        <Typography sx={{ color: 'text.secondary' }}>{t('tester.note')}</Typography>
      </Box>
      <QuestionForm collection={collection} fields={fieldsAsked(asked, draft)} asked={asked} onChange={change} />
      <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap' }}>
        <Button variant="contained" disabled={!isWhole || explained.isPending} onClick={() => explained.mutate()}>
          {t('tester.explain')}
        </Button>
        <Button variant="outlined" disabled={!isWhole || tried.isPending} onClick={() => tried.mutate()}>
          {t('tester.try')}
        </Button>
      </Box>
      {failed ? <Alert severity="error">{reasonOf(failed)}</Alert> : null}
      {explained.data ? <ExplainResult collection={collection.name} explanation={explained.data} /> : null}
      {tried.data ? <TestOutcome result={tried.data} onKeep={() => expectations.add(wanted, tried.data?.allowed === true)} /> : null}
      <Expectations state={expectations} />
    </Paper>
  );
};
