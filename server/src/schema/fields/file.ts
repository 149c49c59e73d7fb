/** Files that were uploaded: the column holds what is known of each, as the answer shows it (migrations/0010_files.sql). */
import { z } from 'zod';
import { parseId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { defineField } from '../field-type.ts';

const idProblem = 'must be the id of a file, or the file as it was read';
const id = z.string({ error: idProblem }).refine((value) => parseId(value) !== undefined, { error: idProblem });
/** What was read may be sent back as it is: its id counts, and what else is in it is what the server knows anyway. */
const read = z.strictObject({
  id,
  name: z.unknown().optional(),
  type: z.unknown().optional(),
  size: z.unknown().optional(),
  sha256: z.unknown().optional(),
  width: z.unknown().optional(),
  height: z.unknown().optional(),
  url: z.unknown().optional(),
});
const one = z
  .union([id, read], { error: idProblem })
  .transform((value) => ({ id: parseId(typeof value === 'string' ? value : value.id) ?? '' }));
const several = (most: number) =>
  z
    .array(one, { error: 'must be a list of files' })
    .max(most, { error: `may be at most ${most} files` })
    .refine((files) => new Set(files.map((file) => file.id)).size === files.length, { error: 'names a file twice' });

const bytes = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const typePattern = /^[a-z0-9][a-z0-9.+-]*\/(\*|[a-z0-9][a-z0-9.+-]*)$/;
const thumbPattern = /^(0|[1-9]\d{0,3})x(0|[1-9]\d{0,3})$/;
const isThumb = (text: string): boolean => {
  const [, width, height] = thumbPattern.exec(text) ?? [];
  return width !== undefined && text !== '0x0' && Math.max(Number(width), Number(height)) <= limits.files.thumb;
};

const settings = z.object({
  many: z.boolean().default(false).describe('A list of files instead of one'),
  max: z.number().int().min(1).max(limits.many).default(20).describe('The most files of a list'),
  types: z
    .array(z.string().max(100).regex(typePattern, { error: 'must be a type like image/png or image/*' }))
    .max(50)
    .default([])
    .describe('The types allowed, like application/pdf or image/*; none: all. Found in the bytes, whatever a file is called'),
  maxSize: bytes.max(limits.files.most).default(limits.files.size).describe('The most bytes of one file'),
  thumbs: z
    .array(z.string().refine(isThumb, { error: `must be a size like 400x300, 400x0 or 0x300, at most ${limits.files.thumb} pixels` }))
    .max(10)
    .default([])
    .describe('Sizes in which images may be asked for; 0 keeps the proportion'),
  quota: bytes.optional().describe('The most bytes of all files of this field together'),
  quotaPerAccount: bytes.optional().describe('The most bytes of the files of this field that one account uploaded'),
});
export type FileSettings = z.infer<typeof settings>;
export const fileSettings = (def: unknown): FileSettings => settings.parse(def);

export const file = defineField({
  name: 'file',
  widget: 'file',
  group: 'file',
  operators: ['.', '== null', '!= null'],
  about:
    'A file that was uploaded, or with `many` a list of them: `jsonb` with the id, name, type, size, hash and URL of each. In the language it is like json: `cover.type == "image/png"`.',
  settings,
  ty: () => ({ kind: 'json' }),
  column: ({ many }) => ({
    type: 'jsonb',
    check: (column) => `jsonb_typeof(${column}) = '${many ? 'array' : 'object'}'`,
    holdsFiles: true,
    ...(many ? { empty: `'[]'` } : {}),
  }),
  input: ({ many, max }) => (many ? several(max) : one).transform((value) => JSON.stringify(value)),
  stored: ({ many }, sql) => (many ? `coalesce(underpin.described(${sql}), '[]')` : `underpin.described(${sql})`),
});

/** `image/*` means pictures without scripts: SVG is asked for by its name. */
export function isAllowed(types: readonly string[], type: string): boolean {
  return (
    types.length === 0 || types.some((one) => one === type || (one.endsWith('/*') && type !== svg && type.startsWith(one.slice(0, -1))))
  );
}
const svg = 'image/svg+xml';
/** The same as a condition on a text of SQL. */
export function allowedSql(types: readonly string[], type: string, quote: (text: string) => string): string {
  if (types.length === 0) return 'TRUE';
  const each = types.map((one) =>
    one.endsWith('/*') ? `(${type} LIKE ${quote(`${one.slice(0, -1)}%`)} AND ${type} <> ${quote(svg)})` : `${type} = ${quote(one)}`,
  );
  return `(${each.join(' OR ')})`;
}
