/** The setting that lets a field be searched: how much its words weigh, A the most. */
import { z } from 'zod';

export const searchable = z
  .preprocess((value) => (value === true ? 'D' : value), z.enum(['A', 'B', 'C', 'D'], { error: 'must be A, B, C or D' }))
  .optional()
  .describe('Weight of its words in a search: A the most, D the least');
