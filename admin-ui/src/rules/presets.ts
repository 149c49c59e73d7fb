/** The rules that most collections need, by name. */
import type { Rule } from '@underpin/sdk/wire';

export const EVERYONE = 'true';
export const SIGNED_IN = 'auth != null && !auth.guest';
export const ownerOnly = (field: string): string => `${field} == auth.id`;

export type RuleName = 'list' | 'view' | 'create' | 'update' | 'delete' | 'history' | 'read' | 'write' | 'guard';
export type Preset = 'likeList' | 'likeRecord' | 'noGuard' | 'nobody' | 'everyone' | 'signedIn' | 'owner';

const UNSET: Readonly<Partial<Record<RuleName, Preset>>> = { view: 'likeList', read: 'likeRecord', write: 'likeRecord', guard: 'noGuard' };
const ANYBODY: readonly Preset[] = ['nobody', 'everyone', 'signedIn', 'owner'];

/** What a rule is where nothing is said. */
export const unsetPreset = (name: RuleName): Preset => UNSET[name] ?? 'nobody';
/** A guard only narrows: without one the rules decide alone, and nobody is kept out by its absence. */
export const presetsOf = (name: RuleName): readonly Preset[] =>
  name === 'guard' ? ['noGuard', 'signedIn', 'owner'] : [...new Set([unsetPreset(name), ...ANYBODY])];

/** Which preset a rule is, if it is one. The server stores a canonical form, so spacing and quotes do not count. */
export const presetOf = (rule: Rule | undefined, name: RuleName): Preset | null => {
  if (rule === undefined || (rule === null && name === 'guard')) return unsetPreset(name);
  if (rule === null) return 'nobody';
  const text = rule.replace(/\s+/g, '');
  if (text === EVERYONE) return 'everyone';
  if (text === SIGNED_IN.replace(/\s+/g, '')) return 'signedIn';
  return /^[a-z][a-z0-9_]*==auth\.id$/.test(text) ? 'owner' : null;
};
