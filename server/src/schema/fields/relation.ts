/** A reference to one record of a collection: a real foreign key. */
import { z } from 'zod';
import { parseId } from '../../kit/ids.ts';
import { defineField, equality } from '../field-type.ts';

const onDelete = { restrict: 'RESTRICT', 'set null': 'SET NULL', cascade: 'CASCADE' } as const;

export const relation = defineField({
  name: 'relation',
  widget: 'relation',
  group: 'relation',
  operators: [...equality, '.'],
  about: 'The id of a record of another (or the same) collection: a `uuid` column with a foreign key and an index.',
  settings: z.object({
    to: z.string().min(1).describe('The collection pointed to'),
    onDelete: z
      .enum(['restrict', 'set null', 'cascade'])
      .default('restrict')
      .describe('What happens to this record when the one pointed to is deleted'),
  }),
  ty: ({ to }) => ({ kind: 'id', of: to }),
  column: (settings) => ({ type: 'uuid', references: { collection: settings.to, onDelete: onDelete[settings.onDelete] } }),
  input: () =>
    z
      .unknown()
      .refine((value) => parseId(value) !== undefined, { error: 'must be the id of a record' })
      .transform((value) => parseId(value)),
});
