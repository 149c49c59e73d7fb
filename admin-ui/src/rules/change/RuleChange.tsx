/** What an edit of a rule changes: who may now what was refused before, with an example, and how many records that is today. */
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Alert, Box, Typography } from '@mui/material';
import type { DiffEntry, RuleAction } from '@underpin/sdk/expr/findings';
import type { Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { messageOf } from '../../data/client.ts';
import { useSettled } from '../../ui/use-settled.ts';
import { changeOf } from './change-of.ts';
import { ExampleLine } from './ExampleLine.tsx';
import type { RuleName } from '../presets.ts';
import { explain, type Impact } from '../rule-api.ts';
import { useRuleWorld } from '../world.tsx';

interface RuleChangeProps {
  readonly name: RuleName;
  readonly field: string | undefined;
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
}

export const RuleChange = ({ name, field, before, after }: RuleChangeProps) => {
  const t = useTranslate();
  const { vocabulary, saved } = useRuleWorld();
  const settled = useSettled(after);
  const change = useMemo(() => changeOf(vocabulary, name, before, settled), [vocabulary, name, before, settled]);
  if (change === null || saved === null) return null;
  const isSame = change.allowed.length === 0 && change.denied.length === 0;
  return (
    <Box role="region" aria-label={t('change.title', { rule: t(`rule.${name}`) })} sx={{ display: 'grid', gap: 1, mt: 1 }}>
      {change.allowed.map((entry) => (
        <Entry key={entry.who} entry={entry} severity="warning" text={t('change.allowed', { who: t(`who.${entry.who}`) })} />
      ))}
      {change.denied.map((entry) => (
        <Entry key={entry.who} entry={entry} severity="info" text={t('change.denied', { who: t(`who.${entry.who}`) })} />
      ))}
      {isSame ? <Typography variant="body2">{t(change.exhaustive ? 'change.none' : 'change.noneFound')}</Typography> : null}
      {name === 'guard' ? null : <Effect name={name} field={field} rule={settled ?? null} collection={saved.name} />}
    </Box>
  );
};

const Entry = ({ entry, severity, text }: { entry: DiffEntry; severity: 'warning' | 'info'; text: string }) => (
  <Alert severity={severity} variant="outlined">
    {text}
    <ExampleLine example={entry.example} />
  </Alert>
);

interface EffectProps {
  readonly name: Exclude<RuleName, 'guard'>;
  readonly field: string | undefined;
  readonly rule: Rule;
  readonly collection: string;
}

/** On the records as they are now. */
const Effect = ({ name, field, rule, collection }: EffectProps) => {
  const t = useTranslate();
  const isOfField = name === 'read' || name === 'write';
  const action: RuleAction = name === 'read' ? 'view' : name === 'write' ? 'update' : name;
  const about = isOfField && field !== undefined ? { field: { name: field, of: name } } : {};
  const asked = useQuery({
    queryKey: ['rules', 'impact', collection, name, field, rule],
    queryFn: ({ signal }) => explain({ collection, action, ...about, rule, as: null }, signal),
    retry: false,
  });
  if (asked.isError) return <Typography variant="body2">{t('change.unknown', { reason: messageOf(asked.error) })}</Typography>;
  const lines = (asked.data?.impact ?? []).flatMap((impact) => linesOf(impact, t));
  if (lines.length === 0) return null;
  return (
    <Box component="ul" aria-label={t('change.effect')} sx={{ m: 0, pl: 2.5, typography: 'body2' }}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </Box>
  );
};

const linesOf = ({ who, appears, disappears, before, after }: Impact, t: ReturnType<typeof useTranslate>): string[] => {
  const name = t(`who.${who}`, { _: who });
  const line = (key: string, count: number) => t(key, { smart_count: count, count: count.toLocaleString(), who: name });
  const lines = [
    ...(appears > 0 ? [line('change.appears', appears)] : []),
    ...(disappears > 0 ? [line('change.disappears', disappears)] : []),
  ];
  return lines.length > 0 ? lines : [t('change.unchanged', { who: name, before: before.toLocaleString(), after: after.toLocaleString() })];
};
