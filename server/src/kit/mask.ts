/** Settings as they may be shown, and what others say with our secrets taken out: whatever prints a setting goes through here. */
import { settings, type Config } from './config.ts';
import { mask, passwordsIn, withoutPassword, withoutPasswords } from './urls.ts';

const secrets = new Map(Object.entries(settings).flatMap(([name, setting]) => ('secret' in setting ? [[name, setting.secret]] : [])));

/** The value of a setting as anybody may see it. */
export function shown(name: string, value: unknown): unknown {
  const kind = secrets.get(name);
  if (kind === undefined || typeof value !== 'string') return value;
  return kind === 'all' ? mask : withoutPassword(value);
}

/** Shorter ones would take letters out of every word. */
const least = 5;

/** What a library says in an error: it was given our passwords, and may tell them. */
export function withoutSecrets(text: string, config: Config): string {
  const told = Object.entries(config).flatMap(([name, value]) => {
    const kind = secrets.get(name);
    if (kind === undefined || typeof value !== 'string') return [];
    return kind === 'all' ? [value] : passwordsIn(value);
  });
  return told.filter((one) => one.length >= least).reduce((left, one) => left.replaceAll(one, mask), withoutPasswords(text));
}
