/** The Postgres that the configuration names, or our own where it runs; and whether its clock goes as ours does. */
import pg from 'pg';
import { runningUrl } from '../../db/embedded.ts';
import { examine } from '../../db/examine.ts';
import type { Config } from '../../kit/config.ts';
import { fine, mend, note, type Finding } from '../../kit/finding.ts';
import { reasonOf, unreached } from './look.ts';

export async function aboutPostgres(config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  const { DATABASE_URL: url, DATA_DIR } = config;
  if (url !== undefined) return given(url, config, signal);
  const own = runningUrl(DATA_DIR);
  const about = 'postgres';
  if (own === undefined) return [note(about, `The embedded Postgres in ${DATA_DIR} is not running; start Underpin to have it looked at`)];
  return [fine(about, `The embedded Postgres in ${DATA_DIR} is running`), ...(await given(own, config, signal))];
}

async function given(url: string, config: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  let place = '';
  try {
    return await connected(url, signal, async (client) => {
      place = `${client.host}:${client.port}`;
      return examine(client);
    });
  } catch (error) {
    const { host, port } = new pg.Client({ connectionString: url });
    const why = unreached(error, place || `${host}:${port}`);
    const found = `Postgres does not answer: ${reasonOf(error, config)}`;
    return [mend('connection', why === undefined ? found : `${found}. ${why}`, 'Look at DATABASE_URL and at its log')];
  }
}

async function connected<T>(url: string, signal: AbortSignal, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: wait,
    query_timeout: wait,
    application_name: 'underpin doctor',
  });
  client.on('error', () => undefined);
  // One that hangs does not take a goodbye, and would keep the process from ending.
  const cut = (): void => void client.connection.stream.destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    await client.connect();
    return await work(client);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** ms; less than what all of it may take, so that what is said is what went wrong. */
const wait = 4_000;

/**
 * ms. Machines that are told the time differ by some. What breaks first are the codes of apps, good for half a minute to each side, and
 * tokens of ten minutes that another process made; S3 refuses what is a quarter of an hour off. A clock that is left alone loses a
 * second in a day, so it is said long before any of that.
 */
const tolerated = 2_000;

export async function aboutClock(config: Config, signal: AbortSignal, now: () => number = Date.now): Promise<readonly Finding[]> {
  const url = config.DATABASE_URL ?? runningUrl(config.DATA_DIR);
  if (url === undefined) return [];
  // Whoever cannot connect is told so by the other.
  return connected(url, signal, async (client) => {
    const sent = now();
    const { rows } = await client.query<{ at: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS at');
    const came = now();
    return [clockBy(Number(rows[0]?.at) - (sent + came) / 2, came - sent)];
  }).catch(() => []);
}

/** `ahead`: ms that Postgres's clock is before ours, as far as is known after a round trip of so many ms. */
function clockBy(ahead: number, trip: number): Finding {
  const about = 'clock';
  const seconds = (Math.abs(ahead) / 1000).toFixed(1);
  if (Math.abs(ahead) <= tolerated + trip / 2) return fine(about, `Postgres's clock and ours differ by ${seconds} s`);
  return mend(
    about,
    `Postgres's clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} ours`,
    'Have both machines set their clocks by NTP; codes and tokens are good for a time',
  );
}
