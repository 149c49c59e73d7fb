/** One rule: presets, its text, and what the server says against it. */
import { useState } from 'react';
import { Box, Chip, Menu, MenuItem, TextField, Typography } from '@mui/material';
import type { Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import type { FailureField } from '../data/client.ts';
import { EVERYONE, ownerOnly, presetOf, presetsOf, SIGNED_IN, type Preset, type RuleName } from './presets.ts';
import { RuleFault } from './RuleFault.tsx';

interface RuleFieldProps {
  readonly name: RuleName;
  readonly rule: Rule | undefined;
  /** Fields that can say whose a record is. */
  readonly owners: readonly string[];
  readonly error: FailureField | undefined;
  readonly onChange: (rule: Rule | undefined) => void;
  /** A sentence on what it is for. */
  readonly note?: string;
}

export const RuleField = ({ name, rule, owners, error, onChange, note }: RuleFieldProps) => {
  const t = useTranslate();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const current = presetOf(rule, name);
  const label = t(`rule.${name}`);
  const choose = (preset: Preset, element: HTMLElement) => {
    if (preset === 'likeList' || preset === 'likeRecord') onChange(undefined);
    if (preset === 'nobody' || preset === 'noGuard') onChange(null);
    if (preset === 'everyone') onChange(EVERYONE);
    if (preset === 'signedIn') onChange(SIGNED_IN);
    if (preset === 'owner') setAnchor(element);
  };
  const meaning =
    name === 'guard' && current !== 'noGuard' ? t('rule.guardMeans') : current ? t(`rule.${current}Means`) : t('rule.customMeans');
  return (
    <Box component="section" aria-label={label}>
      <Typography variant="h3" component="h2">
        {label}
      </Typography>
      {note ? <Typography sx={{ color: 'text.secondary' }}>{note}</Typography> : null}
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
      <TextField
        hiddenLabel
        multiline
        value={rule ?? ''}
        onChange={(event) => onChange(event.target.value.trim() === '' ? null : event.target.value)}
        error={error !== undefined}
        helperText={error ? <RuleFault text={rule ?? ''} error={error} /> : meaning}
        slotProps={{
          htmlInput: {
            'aria-label': label,
            spellCheck: false,
            autoCapitalize: 'none',
            autoCorrect: 'off',
            style: { fontFamily: MONO, fontSize: 14 },
          },
        }}
      />
    </Box>
  );
};
