/** One rule: presets, its text, and what the server says against it. */
import { useState } from 'react';
import { Box, Chip, Menu, MenuItem, TextField, Typography } from '@mui/material';
import type { Rule } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import type { FailureField } from '../data/client.ts';
import { EVERYONE, ownerOnly, presetOf, SIGNED_IN, type Preset } from './presets.ts';
import { RuleFault } from './RuleFault.tsx';

interface RuleFieldProps {
  readonly name: 'list' | 'view' | 'create' | 'update' | 'delete';
  readonly rule: Rule | undefined;
  /** Fields that can say whose a record is. */
  readonly owners: readonly string[];
  readonly error: FailureField | undefined;
  readonly onChange: (rule: Rule | undefined) => void;
}

export const RuleField = ({ name, rule, owners, error, onChange }: RuleFieldProps) => {
  const t = useTranslate();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const current = presetOf(rule, name);
  const label = t(`rule.${name}`);
  const presets: readonly Preset[] =
    name === 'view' ? ['likeList', 'nobody', 'everyone', 'signedIn', 'owner'] : ['nobody', 'everyone', 'signedIn', 'owner'];
  const choose = (preset: Preset, element: HTMLElement) => {
    if (preset === 'likeList') onChange(undefined);
    if (preset === 'nobody') onChange(null);
    if (preset === 'everyone') onChange(EVERYONE);
    if (preset === 'signedIn') onChange(SIGNED_IN);
    if (preset === 'owner') setAnchor(element);
  };
  const meaning = current ? t(`rule.${current}Means`) : t('rule.customMeans');
  return (
    <Box component="section" aria-label={label}>
      <Typography variant="h3" component="h2">
        {label}
      </Typography>
      <Box role="group" aria-label={t('rule.presets', { rule: label })} sx={{ display: 'flex', flexWrap: 'wrap', gap: 0.75, my: 1 }}>
        {presets.map((preset) => (
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
