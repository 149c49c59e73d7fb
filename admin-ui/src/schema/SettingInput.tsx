/** One setting of a field type, drawn from its JSON Schema: a new type needs no code here. */
import { Box, Checkbox, FormControlLabel, FormHelperText, MenuItem, TextField } from '@mui/material';
import type { FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { isSystem, labelOf } from '../data/collection.ts';
import { useCollections } from '../data/schema-store.ts';
import { JsonEditor, NumberEditor } from '../fields/TextEditors.tsx';
import type { Setting } from './json-schema.ts';
import { SizeInput } from './SizeInput.tsx';
import { TagsInput } from './TagsInput.tsx';

interface SettingInputProps {
  readonly setting: Setting;
  readonly def: FieldDef;
  readonly value: unknown;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
}

const ignore = () => undefined;
const humanised = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

export const SettingInput = ({ setting, def, value, error, onChange }: SettingInputProps) => {
  const t = useTranslate();
  const collections = useCollections();
  // Some settings mean something of their own in a type: the `max` of files counts them.
  const own = `${def.type}_${setting.name}`;
  const label = t(`setting.${own}`, { _: t(`setting.${setting.name}`, { _: humanised(setting.name) }) });
  const note = t(`setting.${own}Note`, { _: t(`setting.${setting.name}Note`, { _: setting.description ?? '' }) });
  const helper = error ?? (note === '' ? undefined : note);
  const common = { label, error: error !== undefined, helperText: helper };
  /** An emptied setting is left out: then the type's own default holds. */
  const setText = (text: string) => onChange(text === '' ? undefined : text);

  if (setting.kind === 'boolean') {
    const checked = typeof value === 'boolean' ? value : setting.fallback === true;
    return (
      <Box>
        <FormControlLabel label={label} control={<Checkbox checked={checked} onChange={(_event, next) => onChange(next)} />} />
        {helper ? <FormHelperText error={error !== undefined}>{helper}</FormHelperText> : null}
      </Box>
    );
  }
  if (setting.kind === 'collection' || setting.kind === 'choice') {
    const options =
      setting.kind === 'choice'
        ? [
            ...(setting.fallback === undefined ? [{ value: '', text: t('setting.none') }] : []),
            ...setting.choices.map((choice) => ({ value: choice, text: t(`choice.${choice}`, { _: choice }) })),
          ]
        : collections
            .filter((collection) => !isSystem(collection))
            .map((collection) => ({ value: collection.name, text: labelOf(collection) }));
    const chosen = typeof value === 'string' ? value : typeof setting.fallback === 'string' ? setting.fallback : '';
    return (
      <TextField
        {...common}
        select
        value={options.some((option) => option.value === chosen) ? chosen : ''}
        onChange={(event) => setText(event.target.value)}
      >
        {options.map((option) => (
          <MenuItem key={option.value} value={option.value}>
            {option.text}
          </MenuItem>
        ))}
      </TextField>
    );
  }
  if (setting.kind === 'list') {
    const lines = Array.isArray(value) ? value.map(String).join('\n') : '';
    return (
      <TextField
        {...common}
        helperText={error ?? t('setting.onePerLine')}
        multiline
        minRows={3}
        value={lines}
        onChange={(event) => onChange(event.target.value === '' ? [] : event.target.value.split('\n'))}
      />
    );
  }
  if (setting.kind === 'tags') return <TagsInput {...common} name={setting.name} value={value} onChange={onChange} />;
  if (setting.kind === 'size')
    return <SizeInput key={def.type} {...common} helperText={error} value={value} fallback={setting.fallback} onChange={onChange} />;
  if (setting.kind === 'expression') {
    return (
      <TextField
        {...common}
        multiline
        value={typeof value === 'string' ? value : ''}
        onChange={(event) => onChange(event.target.value)}
        slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none', style: { fontFamily: MONO, fontSize: 14 } } }}
      />
    );
  }
  if (setting.kind === 'text')
    return <TextField {...common} value={typeof value === 'string' ? value : ''} onChange={(event) => setText(event.target.value)} />;
  const Editor = setting.kind === 'json' ? JsonEditor : NumberEditor;
  const field: FieldDef = { name: setting.name, type: setting.kind, integer: setting.kind === 'integer' };
  return (
    <Editor
      key={def.type}
      label={label}
      field={field}
      value={value}
      error={error}
      helper={helper}
      onProblem={ignore}
      onChange={(next) => onChange(next === null ? undefined : next)}
    />
  );
};
