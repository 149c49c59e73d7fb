/** An e-mail address, stored NFC, trimmed, in lower case, the domain in ASCII. */
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { defineField, textual } from '../field-type.ts';
import { searchable, storableText } from './text.ts';

/** The one form in which an address is stored and compared, or undefined if it is none. */
export function parseEmail(value: string): string | undefined {
  const [name, domain, ...more] = value.normalize('NFC').trim().split('@');
  if (!name || !domain || more.length > 0 || /[\s<>(),;:"\\[\]]/.test(name) || name.length > 64) return undefined;
  const ascii = domainToASCII(domain.toLowerCase());
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(ascii) || ascii.length > 253) return undefined;
  return `${name.toLowerCase()}@${ascii}`;
}

export const email = defineField({
  name: 'email',
  widget: 'email',
  group: 'text',
  operators: textual,
  about: 'An e-mail address, stored trimmed, in lower case, with its domain in ASCII.',
  settings: z.object({ searchable }),
  ty: () => ({ kind: 'text' }),
  column: () => ({ type: 'text COLLATE "C"', check: (column) => `char_length(${column}) <= 320` }),
  input: () =>
    z
      .string()
      .refine((value) => storableText(value) && parseEmail(value) !== undefined, { error: 'must be an e-mail address' })
      .transform((value) => parseEmail(value)),
});
