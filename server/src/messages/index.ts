/** The channels that there are. */
import type { Channel } from './channel.ts';
import { email } from './email.ts';

export const channels: readonly Channel[] = [email];
