/** What became of a question: the verdict, the clauses, how many records are seen, and the condition as SQL. */
import { Alert, Box, Link as TextLink, Typography } from '@mui/material';
import { useTranslate } from 'react-admin';
import { Link } from 'react-router-dom';
import { MONO } from '../../app/theme.ts';
import type { RuleExplanation } from '@underpin/sdk/wire';
import { TraceTree } from './TraceTree.tsx';

export const ExplainResult = ({ collection, explanation }: { collection: string; explanation: RuleExplanation }) => {
  const t = useTranslate();
  const { verdict, allowed, trace, counts, sql, timedOut } = explanation;
  return (
    <Box sx={{ display: 'grid', gap: 1.5, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Alert severity={allowed === undefined ? 'info' : allowed ? 'success' : 'error'} icon={false}>
        <Box sx={{ display: 'flex', gap: 1, alignItems: 'center', flexWrap: 'wrap' }}>
          {allowed === undefined ? null : <strong>{t(allowed ? 'tester.allowed' : 'tester.refused')}</strong>}
          <span>{t(`verdict.${verdict}`)}</span>
        </Box>
      </Alert>
      {counts ? (
        <Box>
          <Typography>
            {t(counts.capped ? 'tester.countsCapped' : 'tester.counts', {
              visible: counts.visible.toLocaleString(),
              total: counts.total.toLocaleString(),
            })}
          </Typography>
          {counts.sampleHidden.length > 0 ? (
            <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap', alignItems: 'center', typography: 'body2' }}>
              <span>{t('tester.hidden')}</span>
              {counts.sampleHidden.map((id) => (
                <TextLink key={id} component={Link} to={`/${collection}/${id}`} sx={{ fontFamily: MONO, fontSize: 13 }}>
                  {`…${id.slice(-6)}`}
                </TextLink>
              ))}
            </Box>
          ) : null}
        </Box>
      ) : null}
      {timedOut?.includes('counts') ? <Typography>{t('tester.tooLong')}</Typography> : null}
      {trace ? <TraceTree trace={trace} /> : null}
      {sql ? (
        <Box component="details">
          <Box component="summary" sx={{ cursor: 'pointer', minHeight: 28 }}>
            {t('tester.sql')}
          </Box>
          <Box
            component="pre"
            tabIndex={0}
            sx={{
              m: 0,
              p: 1.5,
              bgcolor: 'action.hover',
              borderRadius: 1,
              fontFamily: MONO,
              fontSize: 12,
              whiteSpace: 'pre-wrap',
              overflowWrap: 'anywhere',
            }}
          >
            {sql.text}
            {sql.values.map((value, index) => `\n-- $${index + 1}: ${JSON.stringify(value)}`).join('')}
          </Box>
        </Box>
      ) : null}
    </Box>
  );
};
