/** Editors that choose: yes or no, one of a list, a day, a point in time. */
import ClearIcon from '@mui/icons-material/Clear';
import EmptyBox from '@mui/icons-material/IndeterminateCheckBoxOutlined';
import { Box, Checkbox, FormControlLabel, FormHelperText, IconButton, MenuItem, TextField, Tooltip } from '@mui/material';
import { useTranslate } from 'react-admin';
import { fromLocalInput, toLocalInput, zoneAt } from './dates.ts';
import { useDraftText } from './draft-text.ts';
import type { EditorProps } from './kind.ts';
import { frame } from './TextEditors.tsx';

export const BoolEditor = ({ label, value, onChange, onBlur, error, helper, required, disabled }: EditorProps) => {
  const t = useTranslate();
  const empty = value === null || value === undefined;
  return (
    <Box>
      <Box sx={{ display: 'flex', alignItems: 'center' }}>
        <FormControlLabel
          label={label}
          disabled={disabled === true}
          control={
            <Checkbox
              checked={value === true}
              indeterminate={empty}
              indeterminateIcon={<EmptyBox color="action" />}
              onBlur={onBlur}
              onChange={(_event, checked) => onChange(checked)}
            />
          }
        />
        {!required && !empty && !disabled ? (
          <Tooltip title={t('field.clear', { field: label })}>
            <IconButton size="small" aria-label={t('field.clear', { field: label })} onClick={() => onChange(null)}>
              <ClearIcon fontSize="small" />
            </IconButton>
          </Tooltip>
        ) : null}
      </Box>
      {(error ?? helper ?? (empty ? t('field.empty') : null)) ? (
        <FormHelperText error={error !== undefined}>{error ?? helper ?? t('field.empty')}</FormHelperText>
      ) : null}
    </Box>
  );
};

export const SelectEditor = (props: EditorProps) => {
  const t = useTranslate();
  const values = Array.isArray(props.field.values) ? props.field.values.map(String) : [];
  const value = typeof props.value === 'string' ? props.value : '';
  // A value that is no longer among the allowed ones is still shown, so that opening the form loses nothing.
  const shown = value === '' || values.includes(value) ? values : [value, ...values];
  return (
    <TextField
      {...frame(props)}
      select
      value={value}
      onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
      slotProps={{ inputLabel: { required: props.required === true, shrink: true }, select: { displayEmpty: true } }}
    >
      <MenuItem value="">
        <em>{t('field.none')}</em>
      </MenuItem>
      {shown.map((option) => (
        <MenuItem key={option} value={option}>
          {option}
        </MenuItem>
      ))}
    </TextField>
  );
};

export const DayEditor = (props: EditorProps) => (
  <TextField
    {...frame(props)}
    type="date"
    value={typeof props.value === 'string' ? props.value.slice(0, 10) : ''}
    onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
    slotProps={{ inputLabel: { required: props.required === true, shrink: true } }}
  />
);

export const DateEditor = (props: EditorProps) => {
  const t = useTranslate();
  const { text, write } = useDraftText({
    value: props.value,
    onChange: props.onChange,
    onProblem: props.onProblem,
    show: (value) => (typeof value === 'string' ? toLocalInput(value) : ''),
    parse: (typed) => ({ value: typed === '' ? null : fromLocalInput(typed) }),
  });
  const zone = t('field.zone', { zone: zoneAt(text === '' ? new Date() : new Date(text)) });
  return (
    <TextField
      {...frame({ ...props, helper: props.helper ? `${zone} · ${props.helper}` : zone })}
      type="datetime-local"
      value={text}
      onChange={(event) => write(event.target.value)}
      slotProps={{
        inputLabel: { required: props.required === true, shrink: true },
        htmlInput: { step: text.includes('.') ? 0.001 : 1 },
      }}
    />
  );
};
