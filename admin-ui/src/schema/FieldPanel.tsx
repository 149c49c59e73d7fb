/** The settings of one field: its name, what every field has, and what its type asks for. */
import { FormHelperText, Paper, TextField, Typography } from '@mui/material';
import type { FieldDef, FieldTypeInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import type { FailureField } from '../data/client.ts';
import { isComputed } from '../fields/registry.ts';
import { READ_ONLY } from '../fields/TextEditors.tsx';
import { FieldRules } from '../rules/FieldRules.tsx';
import { CheckSetting } from './CheckSetting.tsx';
import { DefaultInput } from './DefaultInput.tsx';
import { withSetting } from './draft.ts';
import { FieldTypeInput } from './FieldTypeInput.tsx';
import { settingsOf, type Setting } from './json-schema.ts';
import { SettingInput } from './SettingInput.tsx';
import { messageAt } from './use-collection-draft.ts';

interface FieldPanelProps {
  readonly def: FieldDef;
  /** The field as it is on the server, if it is there. */
  readonly saved: FieldDef | undefined;
  readonly types: readonly FieldTypeInfo[];
  /** Fields that can say whose a record is. */
  readonly owners: readonly string[];
  readonly errors: readonly FailureField[];
  readonly pointer: string;
  readonly onChange: (def: FieldDef, touched: string) => void;
}

export const FieldPanel = ({ def, saved, types, owners, errors, pointer, onChange }: FieldPanelProps) => {
  const t = useTranslate();
  const errorAt = (setting: string) => messageAt(errors, `${pointer}/${setting}`);
  const set = (setting: string, value: unknown) => onChange(withSetting(def, setting, value), setting);
  /** How many files a list may have is no question where there is one. */
  const isOpen = ({ name }: Setting) => def.type !== 'file' || name !== 'max' || def.many === true;
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
      {saved ? (
        <FieldTypeInput
          def={def}
          saved={saved}
          types={types}
          error={errorAt('type') ?? (def.type === saved.type ? undefined : messageAt(errors, pointer))}
          onChange={(next) => onChange(next, 'type')}
        />
      ) : null}
      {isComputed(def) || (def.many === true && def.required !== true) ? null : (
        <CheckSetting
          name="required"
          checked={def.required === true}
          error={errorAt('required')}
          onChange={(next) => set('required', next)}
        />
      )}
      {settingsOf(types.find((type) => type.name === def.type))
        .filter(isOpen)
        .map((setting) => (
          <SettingInput
            key={setting.name}
            setting={setting}
            def={def}
            value={def[setting.name]}
            error={errorAt(setting.name)}
            onChange={(value) => set(setting.name, value)}
          />
        ))}
      {isComputed(def) && typeof def['returns'] === 'string' ? (
        <TextField
          label={t('setting.returns')}
          value={t(`type.${def['returns']}`, { _: def['returns'] })}
          helperText={t('setting.returnsNote')}
          sx={READ_ONLY}
          slotProps={{ htmlInput: { readOnly: true } }}
        />
      ) : null}
      {isComputed(def) || def.type === 'file' ? null : (
        <DefaultInput def={def} error={errorAt('default')} onChange={(value) => set('default', value)} />
      )}
      {isComputed(def) ? null : (
        <CheckSetting
          name="secret"
          checked={def.secret === true}
          error={errorAt('secret')}
          onChange={(next) => set('secret', next ? true : undefined)}
        />
      )}
      <FieldRules
        def={def}
        saved={saved}
        owners={owners}
        errors={errors}
        pointer={pointer}
        onChange={(rules, touched) => onChange(withSetting(def, 'rules', rules), touched)}
      />
    </Paper>
  );
};
