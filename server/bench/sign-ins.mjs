/**
 * What many who sign in at once cost the others.
 *
 * Worry: a password is hashed for tens of milliseconds and 19 MiB, so a burst of sign-ins could take the server from everybody
 * else. So somebody else reads a record at a fixed rate, before and during the burst; he and the burst are processes of
 * their own, so that neither waits for the other. Each round has a server of its own, which has seen no burst before.
 */
import { below, median, row } from './figures.mjs';
import { ask, load, password, say, signIn, startLoad } from './servers.mjs';

const perSecond = 100;
const bound = { p99: 25 };
const warm = 2; // seconds
const other = 'other@example.com';

const notes = { name: 'notes', fields: [{ name: 'title', type: 'text' }], rules: { list: 'auth != null' } };

/** The accounts, all with the same password, and the record that the other one reads. */
async function setUp(ground, burst) {
  const server = await ground.startUnderpin();
  const owner = await signIn(server.url);
  await ask(server.url, 'POST /collections', owner, notes);
  const { id } = await ask(server.url, 'POST /records/notes', owner, { title: 'to be read' });
  const { record } = await ask(server.url, 'POST /auth/users/sign-up', undefined, { email: other, password });
  await server.stop();
  await ground.past(async (run) => {
    await run(
      `WITH made AS (INSERT INTO users (id, email) SELECT uuidv7(), 'one' || n || '@example.com' FROM generate_series(1, $1::int) n RETURNING id)
       INSERT INTO underpin.credentials (collection, account, password_hash, changed)
       SELECT c.collection, made.id, c.password_hash, c.changed FROM made, underpin.credentials c WHERE c.account = $2`,
      [burst, record.id],
    );
    await run('VACUUM ANALYZE users, underpin.credentials');
  });
  return `/api/v1/records/notes/${id}`;
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function figuresOf(samples) {
  const times = samples.map(({ ms }) => ms);
  return {
    requests: samples.length,
    p50: median(times),
    p99: below(0.99, times),
    refused: samples.filter(({ status }) => status !== 200).length,
  };
}

async function measureRound(ground, path, { seconds, burst }) {
  const server = await ground.startUnderpin();
  const token = await signIn(server.url, 'users', other);
  const others = startLoad('steady.mjs', { url: server.url, path, token, perSecond }, { open: true });
  await pause(warm + seconds);
  const emails = Array.from({ length: burst }, (_none, n) => `one${n + 1}@example.com`);
  const { from, until, statuses } = await load('burst.mjs', { url: server.url, emails, password });
  const samples = await others.finish();
  await server.stop();
  const begun = samples[0].sent;
  const idle = samples.filter(({ sent, ms }) => sent > begun + warm * 1000 && sent + ms < from);
  const during = samples.filter(({ sent, ms }) => sent + ms >= from && sent <= until);
  // All come in the first second; from then on the hashes are done one after the other.
  const first = during.filter(({ sent }) => sent < from + 1000);
  const later = during.filter(({ sent }) => sent >= from + 1000);
  return {
    idle: figuresOf(idle),
    during: figuresOf(during),
    first: figuresOf(first),
    later: figuresOf(later),
    statuses,
    took: until - from,
  };
}

export async function measureSignIns(ground, { rounds, seconds, burst }) {
  const path = await setUp(ground, burst);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const result = await measureRound(ground, path, { seconds, burst });
    say(`round ${round + 1} sign-ins: others' p99 ${result.during.p99.toFixed(1)} ms, answers ${JSON.stringify(result.statuses)}`);
    results.push(result);
  }
  return results;
}

export function reportSignIns(results) {
  if (results.length === 0) return '';
  const of = (pick) => median(results.map(pick));
  const ms = (value) => (Number.isNaN(value) ? '–' : value.toFixed(1));
  const line = (label, name, limits) => {
    const cells = [of((one) => one[name].requests).toFixed(0), ...['p50', 'p99'].map((part) => ms(of((one) => one[name][part])))];
    return row(label, [...cells, results.reduce((sum, one) => sum + one[name].refused, 0), ...limits]);
  };
  const answered = ['200', '503', '429'].map((status) => `${of(({ statuses }) => statuses[status] ?? 0)} × ${status}`);
  const lost = results.reduce((sum, { statuses }) => sum + (statuses['none'] ?? 0), 0);
  return [
    row('others', ['requests', 'p50 ms', 'p99 ms', 'refused', 'wanted']),
    line('idle', 'idle', ['']),
    line('during the burst', 'during', [`p99 ≤ ${bound.p99}, 0`]),
    line('  its first second', 'first', ['']),
    line('  after that', 'later', ['']),
    `the burst: ${answered.join(', ')}, in ${(of(({ took }) => took) / 1000).toFixed(1)} s${lost > 0 ? `; ${lost} without an answer` : ''}`,
    '',
  ].join('\n');
}
