/** A number of bytes, written as people write it: 50 MB. */
import { TextField } from '@mui/material';
import { useTranslate } from 'react-admin';
import { parseSize, showSize, writeSize } from '../data/bytes.ts';
import { useDraftText } from '../fields/draft-text.ts';

interface SizeInputProps {
  readonly label: string;
  readonly error: boolean;
  readonly helperText: string | undefined;
  readonly value: unknown;
  /** What holds when it is empty. */
  readonly fallback: unknown;
  readonly onChange: (bytes: number | undefined) => void;
}

export const SizeInput = ({ label, error, helperText, value, fallback, onChange }: SizeInputProps) => {
  const t = useTranslate();
  const { text, write, problem } = useDraftText({
    value,
    onChange: (next) => onChange(typeof next === 'number' ? next : undefined),
    onProblem: () => undefined,
    show: (bytes) => (typeof bytes === 'number' ? writeSize(bytes) : ''),
    parse: (typed) => {
      if (typed.trim() === '') return { value: undefined };
      const bytes = parseSize(typed);
      return bytes === undefined ? { problem: 'setting.notSize' } : { value: bytes };
    },
  });
  const note = typeof fallback === 'number' ? t('setting.usually', { size: showSize(fallback) }) : t('setting.sizeNote');
  return (
    <TextField
      label={label}
      error={error || problem !== null}
      helperText={problem === null ? (helperText ?? note) : t(problem)}
      value={text}
      onChange={(event) => write(event.target.value)}
      slotProps={{ htmlInput: { spellCheck: false, autoComplete: 'off' } }}
    />
  );
};
