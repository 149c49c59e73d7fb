/** A reference to records of a collection: a real foreign key, or with `many` a junction table that keeps the order. */
import { z } from 'zod';
import { parseId } from '../../kit/ids.ts';
import { limits } from '../../kit/limits.ts';
import { defineField, equality } from '../field-type.ts';

const onDelete = { restrict: 'RESTRICT', 'set null': 'SET NULL', cascade: 'CASCADE' } as const;

const one = z
  .unknown()
  .refine((value) => parseId(value) !== undefined, { error: 'must be the id of a record' })
  .transform((value) => parseId(value) ?? '');

/** Ids in their order, none twice. */
const several = z
  .array(one, { error: 'must be a list of ids' })
  .max(limits.many, { error: `may be at most ${limits.many} ids` })
  .refine((ids) => new Set(ids).size === ids.length, { error: 'names a record twice' });

export const relation = defineField({
  name: 'relation',
  widget: 'relation',
  group: 'relation',
  operators: [...equality, '.', 'exists', 'all', 'exists_one', 'size'],
  about:
    'The id of a record of another (or the same) collection: a `uuid` column with a foreign key and an index. With `many` a list of ids, kept in a junction table.',
  settings: z.object({
    to: z.string().min(1).describe('The collection pointed to'),
    many: z.boolean().default(false).describe('A list of records instead of one'),
    onDelete: z
      .enum(['restrict', 'set null', 'cascade'])
      .default('restrict')
      .describe('When the record pointed to is deleted: refuse that, take the reference away, or delete this record too'),
    inverse: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,47}$/, { error: 'must be a name of a–z, 0–9 and _' })
      .optional()
      .describe('A name, in the collection pointed to, for the records that point to it'),
  }),
  ty: ({ to, many }) => (many ? { kind: 'list', of: { kind: 'id', of: to } } : { kind: 'id', of: to }),
  column: (settings) =>
    settings.many ? undefined : { type: 'uuid', references: { collection: settings.to, onDelete: onDelete[settings.onDelete] } },
  input: ({ many }) => (many ? several : one),
});
