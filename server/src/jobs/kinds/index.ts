/** The jobs that there are. */
import type { Job } from '../job.ts';
import { sweep } from './sweep.ts';

export const jobs: readonly Job[] = [sweep];
