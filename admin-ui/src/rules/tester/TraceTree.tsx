/** A rule clause by clause, each with what it came to; what decided stands out. */
import CheckIcon from '@mui/icons-material/CheckCircleOutlined';
import CrossIcon from '@mui/icons-material/HighlightOffOutlined';
import { Box, Typography } from '@mui/material';
import type { Trace } from '@underpin/sdk/expr/findings';
import { useTranslate } from 'react-admin';
import { MONO } from '../../app/theme.ts';

/** Clauses that are made of clauses; any other is a leaf that is shown with the values in it. */
const JOINED: ReadonlySet<Trace['op']> = new Set<Trace['op']>(['and', 'or', 'conditional']);
/** "not" before a plain clause is read with it. */
const isMadeOfClauses = ({ op, children }: Trace): boolean => JOINED.has(op) || (op === 'not' && children.some(isMadeOfClauses));

export const TraceTree = ({ trace }: { trace: Trace }) => (
  <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
    <Clause trace={trace} />
  </Box>
);

const Clause = ({ trace }: { trace: Trace }) => {
  const t = useTranslate();
  const { text, value, decisive, items } = trace;
  const holds = value === true;
  const Icon = holds ? CheckIcon : CrossIcon;
  const isJoined = isMadeOfClauses(trace);
  return (
    <Box component="li" sx={{ py: 0.25 }}>
      <Box sx={{ display: 'flex', gap: 1, alignItems: 'flex-start' }}>
        <Icon
          fontSize="small"
          color={holds ? 'success' : 'error'}
          titleAccess={t(holds ? 'tester.holds' : 'tester.fails')}
          sx={{ mt: 0.25, opacity: decisive ? 1 : 0.6 }}
        />
        <Box sx={{ minWidth: 0 }}>
          <Box component="code" sx={{ fontFamily: MONO, fontSize: 13, overflowWrap: 'anywhere', fontWeight: decisive ? 600 : 400 }}>
            {isJoined ? t(`tester.${trace.op}`) : text}
          </Box>
          {isJoined ? null : <Values trace={trace} />}
          {items ? (
            <Typography variant="body2" sx={{ color: 'text.secondary' }}>
              {t('tester.items', { holding: items.holding, total: items.total })}
            </Typography>
          ) : null}
        </Box>
      </Box>
      {isJoined || items ? (
        <Box component="ul" sx={{ listStyle: 'none', m: 0, pl: 2, ml: 1.2, borderLeft: 1, borderColor: 'divider' }}>
          {/* Several clauses may stand at one place of the text: the order is what tells them apart. */}
          {isJoined ? trace.children.map((child, index) => <Clause key={index} trace={child} />) : null}
          {items?.shown.map((shown) => (
            <Clause key={JSON.stringify(shown.item)} trace={shown.trace} />
          ))}
        </Box>
      ) : null}
    </Box>
  );
};

/** What the names in a leaf stood for: `status = "draft"`. */
const Values = ({ trace }: { trace: Trace }) => {
  const t = useTranslate();
  const values = namedIn(trace);
  if (values.length === 0) return null;
  return (
    <Box component="span" sx={{ display: 'block', color: 'text.secondary', fontFamily: MONO, fontSize: 12, overflowWrap: 'anywhere' }}>
      {t('tester.where', { values: values.map(({ text, value }) => `${text} = ${JSON.stringify(value)}`).join(', ') })}
    </Box>
  );
};
const namedIn = (trace: Trace): Trace[] =>
  trace.children.flatMap((child) =>
    child.op === 'const' ? [] : child.children.length > 0 && child.op !== 'column' ? namedIn(child) : [child],
  );
