/** How one thing is looked at: in bounded time, and with nothing secret in what is said of it. */
import type { Config } from '../../kit/config.ts';
import { mend, type Finding } from '../../kit/finding.ts';
import { withoutSecrets } from '../../kit/mask.ts';

/** ms that a thing may take in all. */
export const patience = 5_000;

/** What to look at: `signal` ends when nobody waits for the answer any more, and what is open then is to be closed. */
export type Look = (config: Config, signal: AbortSignal) => Promise<readonly Finding[]>;

/** Never fails, and never takes longer than its time. */
export async function lookAt(about: string, look: Look, config: Config): Promise<readonly Finding[]> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    const found = mend(
      about,
      `It did not answer in ${patience / 1000} s`,
      'See whether it is up, and whether something between takes what is sent',
    );
    timer = setTimeout(() => resolve([found]), patience);
  });
  const failed = (error: unknown): readonly Finding[] => [
    mend(about, `It could not be looked at: ${reasonOf(error, config)}`, 'See why, and ask again'),
  ];
  try {
    return await Promise.race([look(config, ending.signal).catch(failed), late]);
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

/** The code of an error, or of what caused it. Errors of the network are told apart by it. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return codeOf(error.errors[0]);
  return 'cause' in error ? codeOf(error.cause) : '';
}

/** What an error says, in one line; of several, as of the addresses of one name, the first, and of one within another the inner. */
export function reasonOf(error: unknown, config: Config): string {
  return withoutSecrets(messageOf(error).replace(/\s+/g, ' ').trim(), config).slice(0, 300);
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return messageOf(error.errors[0]);
  if ('cause' in error && typeof error.cause === 'object' && error.cause !== null) return messageOf(error.cause);
  return 'message' in error ? String(error.message) : 'no reason was given';
}

/** Why nobody was found at an address, or undefined where somebody was. Libraries that give errors codes of their own keep the words. */
export function unreached(error: unknown, host: string): string | undefined {
  const told = `${codeOf(error)} ${messageOf(error)}`;
  return absences.find(([names]) => names.test(told))?.[1](host);
}

const absences: readonly (readonly [names: RegExp, found: (host: string) => string])[] = [
  [/ENOTFOUND/, (host) => `There is no host named ${host}`],
  [/EAI_AGAIN/, (host) => `No name server says what ${host} means`],
  [/ECONNREFUSED/, (host) => `Nobody listens at ${host}`],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|CONNECT_TIMEOUT/, (host) => `${host} does not answer`],
];
