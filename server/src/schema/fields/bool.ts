/** True or false. */
import { z } from 'zod';
import { defineField, equality } from '../field-type.ts';

export const bool = defineField({
  name: 'bool',
  widget: 'bool',
  group: 'choice',
  operators: equality,
  about: 'True or false; null where it is not required and was not set.',
  settings: z.object({}),
  ty: () => ({ kind: 'bool' }),
  column: () => ({ type: 'boolean' }),
  input: () => z.boolean({ error: 'must be true or false' }),
});
