/** Editors whose input is text: text, email, url, rich text, number, decimal, JSON. */
import { useState } from 'react';
import { TextField } from '@mui/material';
import { useTranslate } from 'react-admin';
import { MONO } from '../app/theme.ts';
import { useDraftText, type Parsed } from './draft-text.ts';
import type { EditorProps } from './kind.ts';
import { parseDecimal, parseNumber } from './numbers.ts';

const asText = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** Label, error and helper, the same for every editor. The star is drawn without `required`, by which the browser would refuse to send "". */
export const frame = ({ label, error, helper, disabled, onBlur }: EditorProps) => ({
  label,
  error: error !== undefined,
  helperText: error ?? helper,
  disabled: disabled === true,
  onBlur,
});

const plain = (type: 'text' | 'email' | 'url') => {
  const Editor = (props: EditorProps) => {
    // A one-line input would swallow the line breaks of a text that has some.
    const [multiline] = useState(() => type === 'text' && asText(props.value).includes('\n'));
    const secret = props.field.secret === true;
    return (
      <TextField
        {...frame(props)}
        multiline={multiline}
        type={secret ? 'password' : type}
        autoComplete={secret ? 'new-password' : 'off'}
        value={asText(props.value)}
        onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
        slotProps={{ inputLabel: { required: props.required === true } }}
      />
    );
  };
  return Editor;
};

export const TextEditor = plain('text');
export const EmailEditor = plain('email');
export const UrlEditor = plain('url');

/** HTML as it is written: what is stored was sanitised by the server, and is nevertheless never put into this page. */
export const RichTextEditor = (props: EditorProps) => {
  const note = useTranslate()('field.sanitised');
  return (
    <TextField
      {...frame({ ...props, helper: props.helper ? `${note} · ${props.helper}` : note })}
      multiline
      minRows={4}
      maxRows={20}
      value={asText(props.value)}
      onChange={(event) => props.onChange(event.target.value === '' ? null : event.target.value)}
      slotProps={{ inputLabel: { required: props.required === true } }}
    />
  );
};

/** Such an input does not look as if it could be typed into. */
export const READ_ONLY = { '& .MuiInputBase-root': { bgcolor: 'action.hover' }, '& fieldset': { borderStyle: 'dashed' } } as const;

/** What the database worked out: to be read and copied, never written. */
export const ComputedEditor = (props: EditorProps) => (
  <TextField
    {...frame(props)}
    disabled={false}
    sx={READ_ONLY}
    value={asText(props.value)}
    slotProps={{ htmlInput: { readOnly: true }, inputLabel: { shrink: true } }}
  />
);

const DraftEditor = (props: EditorProps & { show: (value: unknown) => string; parse: (text: string) => Parsed; json?: boolean }) => {
  const t = useTranslate();
  const { text, write, problem } = useDraftText({
    value: props.value,
    onChange: props.onChange,
    onProblem: (message) => props.onProblem(message === null ? null : t(message, { _: message })),
    show: props.show,
    parse: props.parse,
  });
  const error = problem === null ? props.error : t(problem, { _: problem });
  return (
    <TextField
      {...frame({ ...props, error })}
      multiline={props.json === true}
      minRows={props.json === true ? 3 : undefined}
      maxRows={20}
      autoComplete="off"
      value={text}
      onChange={(event) => write(event.target.value)}
      slotProps={{
        inputLabel: { required: props.required === true },
        htmlInput: props.json === true ? { spellCheck: false, style: { fontFamily: MONO, fontSize: 13 } } : { inputMode: 'decimal' },
      }}
    />
  );
};

export const NumberEditor = (props: EditorProps) => (
  <DraftEditor {...props} show={asText} parse={(text) => parseNumber(text, props.field['integer'] === true)} />
);

export const DecimalEditor = (props: EditorProps) => <DraftEditor {...props} show={asText} parse={parseDecimal} />;

const showJson = (value: unknown): string => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));
const parseJson = (text: string): Parsed => {
  if (text.trim() === '') return { value: null };
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'field.notJson' };
  }
};
export const JsonEditor = (props: EditorProps) => <DraftEditor {...props} json show={showJson} parse={parseJson} />;
