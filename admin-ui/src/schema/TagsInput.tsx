/** A list of short words, of which some are offered and others may be typed. */
import { Autocomplete, TextField } from '@mui/material';
import { wordsOf } from './words.ts';

interface TagsInputProps {
  readonly name: string;
  readonly label: string;
  readonly error: boolean;
  readonly helperText: string | undefined;
  readonly value: unknown;
  readonly onChange: (words: readonly string[] | undefined) => void;
}

const offered: Readonly<Record<string, readonly string[]>> = {
  types: [
    'image/*',
    'image/png',
    'image/jpeg',
    'image/webp',
    'image/svg+xml',
    'application/pdf',
    'audio/*',
    'video/*',
    'text/plain',
    'text/csv',
    'application/zip',
  ],
  thumbs: ['100x100', '400x300', '400x0', '800x0'],
};

export const TagsInput = ({ name, label, error, helperText, value, onChange }: TagsInputProps) => {
  const words = Array.isArray(value) ? value.map(String) : [];
  return (
    <Autocomplete<string, true, false, true>
      multiple
      freeSolo
      autoSelect
      disableCloseOnSelect
      filterSelectedOptions
      options={[...(offered[name] ?? [])]}
      value={words}
      onChange={(_event, next) => onChange(next.length === 0 ? undefined : wordsOf(next))}
      renderInput={(params) => <TextField {...params} label={label} error={error} helperText={helperText} />}
    />
  );
};
