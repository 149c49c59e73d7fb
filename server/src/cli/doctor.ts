/** `underpin doctor`: looks at what the configuration names and says what is fine and what is to be mended. Changes nothing. */
import { parseConfig } from '../kit/config.ts';
import { note, type Finding } from '../kit/finding.ts';
import { pretty, type Ended } from './ask.ts';
import { lookAt, type Look } from './doctor/look.ts';
import { aboutMail } from './doctor/mail.ts';
import { aboutClock, aboutPostgres } from './doctor/postgres.ts';
import { aboutProxy, aboutPublicUrl } from './doctor/public-url.ts';
import { aboutRedis } from './doctor/redis.ts';
import { aboutDisk, aboutStorage } from './doctor/storage.ts';

/** In the order in which they are told; they are looked at all at once. `now`: our clock. */
const looks = (now: () => number): readonly (readonly [about: string, look: Look])[] => [
  ['connection', aboutPostgres],
  ['clock', (config, signal) => aboutClock(config, signal, now)],
  ['redis', aboutRedis],
  ['storage', aboutStorage],
  ['disk', aboutDisk],
  ['public url', aboutPublicUrl],
  ['proxy', (config, signal) => aboutProxy(config, signal, now)],
  ['mail', aboutMail],
];

export async function doctor(
  env: Readonly<Record<string, string | undefined>>,
  asJson: boolean,
  now: () => number = Date.now,
): Promise<Ended> {
  const { config, warnings } = parseConfig(env);
  const found = await Promise.all(looks(now).map(([about, look]) => lookAt(about, look, config)));
  const findings = [...warnings.map((warning) => note('configuration', warning)), ...found.flat()];
  const code = findings.some(({ state }) => state === 'mend') ? 1 : 0;
  return { text: asJson ? pretty({ ok: code === 0, findings }) : told(findings), code };
}

const marks = { fine: 'ok   ', note: 'note ', mend: 'MEND ' } as const;

function told(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ about, state, found, mend }) =>
      `${marks[state]} ${about.padEnd(14)} ${found}${mend === undefined ? '' : `\n${' '.repeat(21)}${mend}`}`,
  );
  const wrong = findings.filter(({ state }) => state === 'mend').length;
  return `${[...lines, wrong === 0 ? 'Nothing is to be mended' : `${wrong} to be mended`].join('\n')}\n`;
}
