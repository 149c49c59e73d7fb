/** One rule: presets, its text, what it says in plain words, what is wrong with it, and what an edit of it changes. */
import { useMemo, useState } from 'react';
import { Box, Chip, Menu, MenuItem, Typography } from '@mui/material';
import type { Lint } from '@underpin/sdk/expr/findings';
import type { Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { FailureField } from '../data/client.ts';
import { useSettled } from '../ui/use-settled.ts';
import { faultIn } from './faults.ts';
import { EVERYONE, ownerOnly, presetOf, presetsOf, SIGNED_IN, type Preset, type RuleName } from './presets.ts';
import { RuleChange } from './change/RuleChange.tsx';
import { RuleFault } from './RuleFault.tsx';
import { RuleLints } from './RuleLints.tsx';
import { RuleText } from './editor/RuleText.tsx';
import { SCOPES } from './vocabulary.ts';
import { inWords } from './words.ts';
import { useRuleWorld } from './world.tsx';

interface RuleFieldProps {
  readonly name: RuleName;
  readonly rule: Rule | undefined;
  /** What holds as it is saved, and what would; undefined where nothing is said. */
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
  /** Fields that can say whose a record is. */
  readonly owners: readonly string[];
  readonly error: FailureField | undefined;
  readonly lints?: readonly Lint[];
  readonly onChange: (rule: Rule | undefined) => void;
  /** A sentence on what it is for. */
  readonly note?: string;
}
const NO_LINTS: readonly Lint[] = [];

export const RuleField = ({ name, rule, before, after, owners, error, lints = NO_LINTS, onChange, note }: RuleFieldProps) => {
  const t = useTranslate();
  const { vocabulary } = useRuleWorld();
  const label = t(`rule.${name}`);
  const text = rule ?? '';
  // A word that is not whole yet is no mistake: it is judged when the typing pauses.
  const settled = useSettled(text, 300);
  const isSettled = settled === text;
  const fault = useMemo(() => (settled === '' ? null : faultIn(settled, vocabulary, SCOPES[name])), [settled, vocabulary, name]);
  const own = useMemo(() => lints.filter(({ rule: about }) => about === name), [lints, name]);
  const marks = useMemo(() => (isSettled ? (fault ? [{ ...fault, severity: 'error' as const }] : own) : []), [isSettled, fault, own]);
  const wrong = isSettled ? (fault ?? error ?? null) : null;
  return (
    <Box component="section" aria-label={label} sx={{ minWidth: 0 }}>
      <Typography variant="h3" component="h2">
        {label}
      </Typography>
      {note ? <Typography sx={{ color: 'text.secondary' }}>{note}</Typography> : null}
      <Presets name={name} rule={rule} owners={owners} label={label} onChange={onChange} />
      <RuleText
        text={text}
        label={label}
        vocabulary={vocabulary}
        scope={SCOPES[name]}
        marks={marks}
        faulty={wrong !== null}
        onChange={(next) => {
          // An empty text is no rule; one that was never said stays unsaid.
          if (next !== text) onChange(next.trim() === '' ? null : next);
        }}
      >
        {wrong ? <RuleFault text={text} error={wrong} /> : meaningOf(name, rule, t)}
      </RuleText>
      {fault ? null : <RuleLints lints={own} />}
      {fault ? null : <RuleChange name={name} before={before} after={after} />}
    </Box>
  );
};

const meaningOf = (name: RuleName, rule: Rule | undefined, t: ReturnType<typeof useTranslate>): string => {
  const preset = presetOf(rule, name);
  if (preset !== null && (name !== 'guard' || preset === 'noGuard')) return t(`rule.${preset}Means`);
  const condition = inWords(rule ?? '', (key, values) => t(key, values));
  // Half a rule says nothing; the line keeps its place.
  if (condition === null) return '\u00a0';
  return t(name === 'guard' ? 'rule.guardMeans' : 'rule.customMeans', { condition });
};

interface PresetsProps extends Pick<RuleFieldProps, 'name' | 'rule' | 'owners' | 'onChange'> {
  readonly label: string;
}
const Presets = ({ name, rule, owners, label, onChange }: PresetsProps) => {
  const t = useTranslate();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const current = presetOf(rule, name);
  const choose = (preset: Preset, element: HTMLElement) => {
    if (preset === 'likeList' || preset === 'likeRecord') onChange(undefined);
    if (preset === 'nobody' || preset === 'noGuard') onChange(null);
    if (preset === 'everyone') onChange(EVERYONE);
    if (preset === 'signedIn') onChange(SIGNED_IN);
    if (preset === 'owner') setAnchor(element);
  };
  return (
    <>
      <Box role="group" aria-label={t('rule.presets', { rule: label })} sx={{ display: 'flex', flexWrap: 'wrap', gap: 0.75, my: 1 }}>
        {presetsOf(name).map((preset) => (
          <Chip
            key={preset}
            component="button"
            type="button"
            clickable
            label={t(`rule.${preset}`)}
            aria-pressed={current === preset}
            color={current === preset ? 'primary' : 'default'}
            variant={current === preset ? 'filled' : 'outlined'}
            disabled={preset === 'owner' && owners.length === 0}
            onClick={(event) => choose(preset, event.currentTarget)}
          />
        ))}
      </Box>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {owners.map((owner) => (
          <MenuItem
            key={owner}
            onClick={() => {
              setAnchor(null);
              onChange(ownerOnly(owner));
            }}
          >
            {owner}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
};
