/** The settings of one field: its name, what every field has, and what its type asks for. */
import { Box, Checkbox, FormControlLabel, FormHelperText, Paper, TextField, Typography } from '@mui/material';
import type { FieldDef, FieldTypeInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { FailureField } from '../data/client.ts';
import { isComputed } from '../fields/registry.ts';
import { DefaultInput } from './DefaultInput.tsx';
import { withSetting } from './draft.ts';
import { settingsOf } from './json-schema.ts';
import { SettingInput } from './SettingInput.tsx';
import { messageAt } from './use-collection-draft.ts';

interface FieldPanelProps {
  readonly def: FieldDef;
  /** The field as it is on the server, if it is there. */
  readonly saved: FieldDef | undefined;
  readonly info: FieldTypeInfo | undefined;
  readonly errors: readonly FailureField[];
  readonly pointer: string;
  readonly onChange: (def: FieldDef, touched: string) => void;
}

export const FieldPanel = ({ def, saved, info, errors, pointer, onChange }: FieldPanelProps) => {
  const t = useTranslate();
  const errorAt = (setting: string) => messageAt(errors, `${pointer}/${setting}`);
  const set = (setting: string, value: unknown) => onChange(withSetting(def, setting, value), setting);
  const renamed = saved !== undefined && saved.name !== def.name;
  return (
    <Paper variant="outlined" sx={{ p: { xs: 2, sm: 2.5 }, display: 'grid', gap: 2 }}>
      <Typography variant="h2">{t(`type.${def.type}`, { _: def.type })}</Typography>
      {messageAt(errors, pointer) ? <FormHelperText error>{messageAt(errors, pointer)}</FormHelperText> : null}
      <TextField
        label={t('schema.fieldName')}
        value={def.name}
        autoFocus={def.name === ''}
        onChange={(event) => set('name', event.target.value)}
        error={errorAt('name') !== undefined}
        helperText={errorAt('name') ?? (renamed ? t('schema.renamed', { field: saved.name }) : undefined)}
        slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none' } }}
      />
      {isComputed(def) ? null : (
        <Box>
          <FormControlLabel
            label={t('setting.required')}
            control={<Checkbox checked={def.required === true} onChange={(_event, checked) => set('required', checked)} />}
          />
          <FormHelperText error={errorAt('required') !== undefined}>{errorAt('required') ?? t('setting.requiredNote')}</FormHelperText>
        </Box>
      )}
      {settingsOf(info).map((setting) => (
        <SettingInput
          key={setting.name}
          setting={setting}
          def={def}
          value={def[setting.name]}
          error={errorAt(setting.name)}
          onChange={(value) => set(setting.name, value)}
        />
      ))}
      {isComputed(def) ? null : <DefaultInput def={def} error={errorAt('default')} onChange={(value) => set('default', value)} />}
    </Paper>
  );
};
