/** The jobs that there are. */
import type { Job } from '../job.ts';
import { sendMessage } from './send-message.ts';
import { sweep } from './sweep.ts';

export const jobs: readonly Job[] = [sendMessage, sweep];
