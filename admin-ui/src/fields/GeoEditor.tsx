/** A place: latitude and longitude in degrees. Both empty is no place; one alone is none either, and is said. */
import { Box, FormHelperText, TextField } from '@mui/material';
import { useTranslate } from 'react-admin';
import { useDraftText, type Parsed } from './draft-text.ts';
import type { EditorProps } from './kind.ts';
import { parsePlace, showPlace } from './places.ts';

export const GeoEditor = (props: EditorProps) => {
  const t = useTranslate();
  const { text, write, problem } = useDraftText({
    value: props.value,
    onChange: props.onChange,
    onProblem: (message) => props.onProblem(message === null ? null : t(message, { _: message })),
    show: showPlace,
    parse: (typed): Parsed => parsePlace(typed),
  });
  const [lat = '', lon = ''] = text.split(' ');
  const error = problem === null ? props.error : t(problem, { _: problem });
  const input = (part: string, value: string, put: (typed: string) => void) => (
    <TextField
      label={part}
      value={value}
      onChange={(event) => put(event.target.value.replace(/\s/g, ''))}
      onBlur={props.onBlur}
      error={error !== undefined}
      disabled={props.disabled === true}
      autoComplete="off"
      slotProps={{ inputLabel: { required: props.required === true }, htmlInput: { inputMode: 'decimal' } }}
    />
  );
  const helper = error ?? props.helper;
  return (
    <Box role="group" aria-label={props.label}>
      <Box sx={{ display: 'grid', gap: 1, gridTemplateColumns: '1fr 1fr' }}>
        {input(t('field.lat', { field: props.label }), lat, (typed) => write(`${typed} ${lon}`))}
        {input(t('field.lon', { field: props.label }), lon, (typed) => write(`${lat} ${typed}`))}
      </Box>
      {helper ? <FormHelperText error={error !== undefined}>{helper}</FormHelperText> : null}
    </Box>
  );
};
