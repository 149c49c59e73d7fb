/** The rules that most collections need, by name. */
import type { Rule } from '@underpin/sdk/wire';

export const EVERYONE = 'true';
export const SIGNED_IN = 'auth != null && !auth.guest';
export const ownerOnly = (field: string): string => `${field} == auth.id`;

export type Preset = 'likeList' | 'nobody' | 'everyone' | 'signedIn' | 'owner';

/** Which preset a rule is, if it is one. The server stores a canonical form, so spacing and quotes do not count. */
export const presetOf = (rule: Rule | undefined, name: string): Preset | null => {
  if (rule === undefined) return name === 'view' ? 'likeList' : 'nobody';
  if (rule === null) return 'nobody';
  const text = rule.replace(/\s+/g, '');
  if (text === EVERYONE) return 'everyone';
  if (text === SIGNED_IN.replace(/\s+/g, '')) return 'signedIn';
  return /^[a-z][a-z0-9_]*==auth\.id$/.test(text) ? 'owner' : null;
};
