/** `underpin doctor`: looks at the database that the configuration names and says what is fine and what is to be mended. Changes nothing. */
import pg from 'pg';
import { examine, type Finding } from '../db/examine.ts';
import { runningUrl } from '../db/embedded.ts';
import { parseConfig } from '../kit/config.ts';
import { pretty, type Ended } from './ask.ts';

export async function doctor(env: Readonly<Record<string, string | undefined>>, asJson: boolean): Promise<Ended> {
  const { config, warnings } = parseConfig(env);
  const findings = [
    ...warnings.map((found): Finding => ({ about: 'configuration', state: 'note', found })),
    ...(config.DATABASE_URL === undefined ? await embedded(config.DATA_DIR) : await given(config.DATABASE_URL)),
  ];
  const code = findings.some(({ state }) => state === 'mend') ? 1 : 0;
  return { text: asJson ? pretty({ ok: code === 0, findings }) : told(findings), code };
}

async function embedded(dataDir: string): Promise<readonly Finding[]> {
  const url = runningUrl(dataDir);
  const about = 'postgres';
  if (url === undefined)
    return [{ about, state: 'note', found: `The embedded Postgres in ${dataDir} is not running; start Underpin to have it looked at` }];
  return [{ about, state: 'fine', found: `The embedded Postgres in ${dataDir} is running` }, ...(await given(url))];
}

async function given(url: string): Promise<readonly Finding[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'underpin doctor' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await examine(client);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return [
      { about: 'connection', state: 'mend', found: `Postgres does not answer: ${problem}`, mend: 'Look at DATABASE_URL and at its log' },
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
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
