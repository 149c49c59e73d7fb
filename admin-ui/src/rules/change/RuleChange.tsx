/** What an edit of a rule changes: who may now what was refused before, with an example, and how many records that is today. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Box, Typography } from '@mui/material';
import type { DiffEntry } from '@underpin/sdk/expr/findings';
import type { Rule, RuleImpact } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { messageOf } from '../../data/client.ts';
import { useSettled } from '../../ui/use-settled.ts';
import { ask } from './ask-worker.ts';
import { ExampleLine } from './ExampleLine.tsx';
import type { RuleName } from '../presets.ts';
import { explain } from '../rule-api.ts';
import { useRuleWorld } from '../world.tsx';

interface RuleChangeProps {
  readonly name: RuleName;
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
}

export const RuleChange = ({ name, before, after }: RuleChangeProps) => {
  const t = useTranslate();
  const { saved } = useRuleWorld();
  // Later than the search for mistakes: what is wrong is not compared.
  const settled = useSettled(after, 400);
  const [from, to] = [said(name, before), said(name, settled)];
  if (saved === null || from === to) return null;
  return (
    <Box role="region" aria-label={t('change.title', { rule: t(`rule.${name}`) })} sx={{ display: 'grid', gap: 1, mt: 1 }}>
      <Meaning name={name} before={from} after={to} />
      {name === 'list' || name === 'view' ? <Effect action={name} rule={to} collection={saved.name} /> : null}
    </Box>
  );
};

/** In general, whatever is stored. */
const Meaning = ({ name, before, after }: { name: RuleName; before: Rule; after: Rule }) => {
  const t = useTranslate();
  const { collections, edited, key } = useRuleWorld();
  const question = { rule: name, before, after };
  const asked = useQuery({
    queryKey: ['rules', 'diff', key, question],
    queryFn: ({ signal }) => ask({ kind: 'diff', collections, edited, ...question }, signal),
    staleTime: Infinity,
    retry: false,
  });
  if (asked.isPending) return <Note text={t('change.looking')} />;
  if (asked.isError) return <Note text={t('change.givenUp')} />;
  const change = asked.data.kind === 'diff' ? asked.data.diff : null;
  if (change === null) return null;
  const { allowed, denied, exhaustive } = change;
  if (allowed.length === 0 && denied.length === 0) return <Note text={t(exhaustive ? 'change.none' : 'change.noneFound')} />;
  return (
    <>
      {allowed.map((entry) => (
        <Entry key={entry.who} entry={entry} severity="warning" text={t('change.allowed', { who: t(`who.${entry.who}`) })} />
      ))}
      {denied.map((entry) => (
        <Entry key={entry.who} entry={entry} severity="info" text={t('change.denied', { who: t(`who.${entry.who}`) })} />
      ))}
    </>
  );
};

/** A guard or a field's rule that is not there keeps nobody out; any other keeps everybody out. */
const said = (name: RuleName, rule: Rule | undefined): Rule => {
  if (name === 'guard') return rule ?? 'true';
  return rule === undefined && (name === 'read' || name === 'write') ? 'true' : (rule ?? null);
};

const Note = ({ text }: { text: string }) => (
  <Typography variant="body2" sx={{ color: 'text.secondary', mx: 1.75 }}>
    {text}
  </Typography>
);

const Entry = ({ entry, severity, text }: { entry: DiffEntry; severity: 'warning' | 'info'; text: string }) => (
  <Alert severity={severity} variant="outlined" sx={{ py: 0 }}>
    {text}
    <ExampleLine example={entry.example} />
  </Alert>
);

interface EffectProps {
  readonly action: 'list' | 'view';
  readonly rule: Rule;
  readonly collection: string;
}

/** On the records as they are now. */
const Effect = ({ action, rule, collection }: EffectProps) => {
  const t = useTranslate();
  const asked = useQuery({
    queryKey: ['rules', 'impact', collection, action, rule],
    queryFn: ({ signal }) => explain({ collection, action, rule, as: null }, signal),
    retry: false,
  });
  if (asked.isError) return <Note text={t('change.unknown', { reason: messageOf(asked.error) })} />;
  if (asked.data?.timedOut?.includes('impact')) return <Note text={t('change.tooLong')} />;
  const impacts = asked.data?.impact ?? [];
  const lines = impacts.flatMap((impact) => linesOf(impact, t));
  if (lines.length === 0) return null;
  return (
    <Box component="ul" aria-label={t('change.effect')} sx={{ m: 0, pl: 2.5, typography: 'body2' }}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
      {impacts.some(({ capped }) => capped) ? <li>{t('change.capped')}</li> : null}
    </Box>
  );
};

const linesOf = ({ who, appears, disappears, before, after }: RuleImpact, t: ReturnType<typeof useTranslate>): string[] => {
  const name = t(`who.${who}`, { _: who });
  const line = (key: string, count: number) => t(key, { smart_count: count, count: count.toLocaleString(), who: name });
  const lines = [
    ...(appears > 0 ? [line('change.appears', appears)] : []),
    ...(disappears > 0 ? [line('change.disappears', disappears)] : []),
  ];
  return lines.length > 0 ? lines : [t('change.unchanged', { who: name, before: before.toLocaleString(), after: after.toLocaleString() })];
};
