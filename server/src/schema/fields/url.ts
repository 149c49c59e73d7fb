/** An absolute URL with http or https. */
import { z } from 'zod';
import { defineField, textual } from '../field-type.ts';
import { searchable, storableText } from './text.ts';

const longest = 2_048;
const isWebUrl = (value: string): boolean =>
  value.length <= longest && storableText(value) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);

export const url = defineField({
  name: 'url',
  widget: 'url',
  group: 'text',
  operators: textual,
  about: `An absolute URL that begins with http:// or https://, at most ${longest} characters, stored as it was sent.`,
  settings: z.object({ searchable }),
  ty: () => ({ kind: 'text' }),
  column: () => ({ type: 'text COLLATE "C"', check: (column) => `char_length(${column}) <= ${longest}` }),
  input: () => z.string().refine(isWebUrl, { error: `must be a URL that begins with http:// or https://, at most ${longest} characters` }),
});
