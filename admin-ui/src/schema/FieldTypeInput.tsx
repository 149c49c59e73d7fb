/** The type of a field that is stored already. What can be converted the server knows, and counts what does not fit. */
import { MenuItem, TextField } from '@mui/material';
import type { FieldDef, FieldTypeInfo } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { isComputed } from '../fields/registry.ts';
import { withType } from './draft.ts';

interface FieldTypeInputProps {
  readonly def: FieldDef;
  readonly saved: FieldDef;
  readonly types: readonly FieldTypeInfo[];
  readonly error: string | undefined;
  readonly onChange: (def: FieldDef) => void;
}

export const FieldTypeInput = ({ def, saved, types, error, onChange }: FieldTypeInputProps) => {
  const t = useTranslate();
  // Nothing is converted into what is worked out, nor back.
  const offered = types.filter((type) => (type.name === 'computed') === isComputed(saved));
  const change = (name: string) => {
    // Back to what it was: with all the settings that it had.
    if (name === saved.type) onChange({ ...saved, name: def.name });
    else
      onChange(
        withType(
          def,
          name,
          types.find((type) => type.name === name),
        ),
      );
  };
  return (
    <TextField
      select
      label={t('schema.type')}
      value={def.type}
      disabled={offered.length < 2}
      onChange={(event) => change(event.target.value)}
      error={error !== undefined}
      helperText={error ?? (offered.length < 2 ? undefined : t('schema.typeNote'))}
    >
      {offered.map((type) => (
        <MenuItem key={type.name} value={type.name}>
          {t(`type.${type.name}`, { _: type.name })}
        </MenuItem>
      ))}
    </TextField>
  );
};
