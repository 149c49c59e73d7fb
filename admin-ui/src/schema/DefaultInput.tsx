/** What a record gets where nothing was sent: nothing, a value, or an expression that the server works out. */
import { Box, MenuItem, TextField } from '@mui/material';
import type { FieldDef } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { kindOf } from '../fields/registry.ts';

interface DefaultInputProps {
  readonly def: FieldDef;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
}

const ignore = () => undefined;
const expressionOf = (value: unknown): string | null =>
  typeof value === 'object' && value !== null && 'expr' in value && typeof value.expr === 'string' ? value.expr : null;

export const DefaultInput = ({ def, error, onChange }: DefaultInputProps) => {
  const t = useTranslate();
  const expression = expressionOf(def.default);
  const mode = def.default === undefined ? 'none' : expression === null ? 'value' : 'expression';
  const { Editor } = kindOf(def);
  const begin = (next: string) => {
    if (next === 'none') onChange(undefined);
    else onChange(next === 'expression' ? { expr: '' } : null);
  };
  return (
    <Box sx={{ display: 'grid', gap: 1, gridTemplateColumns: { xs: '1fr', sm: mode === 'none' ? '1fr' : '1fr 2fr' }, alignItems: 'start' }}>
      <TextField
        select
        label={t('setting.default')}
        value={mode}
        onChange={(event) => begin(event.target.value)}
        error={mode === 'none' && error !== undefined}
        helperText={mode === 'none' ? error : undefined}
      >
        <MenuItem value="none">{t('setting.defaultNone')}</MenuItem>
        <MenuItem value="value">{t('setting.defaultValue')}</MenuItem>
        <MenuItem value="expression">{t('setting.defaultExpression')}</MenuItem>
      </TextField>
      {mode === 'value' ? (
        <Editor label={t('setting.defaultValue')} field={def} value={def.default} onChange={onChange} onProblem={ignore} error={error} />
      ) : null}
      {mode === 'expression' ? (
        <TextField
          label={t('setting.defaultExpression')}
          value={expression ?? ''}
          onChange={(event) => onChange({ expr: event.target.value })}
          error={error !== undefined}
          helperText={error ?? t('setting.defaultExpressionNote')}
          slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: MONO } } }}
        />
      ) : null}
    </Box>
  );
};
