/** Text with markup: HTML, sanitised before it is stored, so that what is read can be shown. */
import sanitizeHtml from 'sanitize-html';
import { z } from 'zod';
import { limits } from '../../kit/limits.ts';
import { defineField } from '../field-type.ts';
import { codePoints, searchable, storableText } from './text.ts';

/** What stays: the markup of text, tables and pictures; no script, style, form, frame or event. Links leave nothing behind. */
const allowed: sanitizeHtml.IOptions = {
  allowedTags: [
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr', 'blockquote', 'pre', 'code', 'ul', 'ol', 'li'],
    ...['strong', 'b', 'em', 'i', 'u', 's', 'sub', 'sup', 'mark', 'small', 'a', 'img', 'figure', 'figcaption'],
    ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption', 'div', 'span'],
  ],
  allowedAttributes: {
    a: ['href', 'title', 'rel', 'target'],
    img: ['src', 'alt', 'title', 'width', 'height'],
    th: ['colspan', 'rowspan', 'scope'],
    td: ['colspan', 'rowspan'],
    ol: ['start'],
    code: ['class'],
  },
  allowedClasses: { code: ['language-*'] },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https'] },
  allowProtocolRelative: false,
  transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
};

export const richtext = defineField({
  name: 'richtext',
  widget: 'richtext',
  group: 'text',
  operators: ['==', '!=', 'contains', 'size'],
  about: 'HTML, stored sanitised: markup of text, tables and pictures stays; scripts, styles, forms, frames and event handlers go.',
  settings: z.object({
    max: z.number().int().min(1).max(limits.text).optional().describe('Greatest number of characters, markup included'),
    searchable,
  }),
  ty: () => ({ kind: 'text' }),
  column: ({ max }) => ({ type: 'text COLLATE "C"', check: (column) => `char_length(${column}) <= ${max ?? limits.text}` }),
  input: ({ max = limits.text }) =>
    z
      .string()
      .refine(storableText, { error: 'must hold neither NUL nor half of a surrogate pair' })
      .transform((value) => sanitizeHtml(value, allowed))
      .refine((value) => codePoints(value) <= max, { error: `must have at most ${max} characters` }),
});
