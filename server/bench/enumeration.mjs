/**
 * Whether the time that an answer takes tells who has an account.
 *
 * Worry: a machine that is busier for a moment makes one kind of account look slower than another. So one sample of every kind is
 * taken in turn, in an order that is drawn anew each turn, on one connection, and the medians are compared. How far two medians
 * of the same kind are apart, of every other turn, tells what is chance. The server sends no mails meanwhile (ROLE=web).
 */
import { median, row } from './figures.mjs';
import { ask, load, password, say, signIn } from './servers.mjs';

export const bound = 2; // ms
const kinds = ['existing', 'unknown', 'unverified', 'disabled'];
const operations = ['sign-up', 'forgot', 'code', 'wrong password'];
const warm = 20; // turns
/** As many mails as an address is sent in an hour. */
const perAddress = 3;

const members = {
  name: 'members',
  kind: 'auth',
  auth: { verification: true, code: true },
  rules: { list: 'id == auth.id', create: 'true' },
};

async function setUp(ground, url, addresses) {
  await ask(url, 'POST /collections', await signIn(url), members);
  await ask(url, 'POST /auth/members/sign-up', undefined, { email: 'first@example.com', password });
  await ground.past(async (run) => {
    await run(
      `WITH made AS (
         INSERT INTO members (id, email, verified, disabled)
         SELECT uuidv7(), kind || n || '@example.com', kind <> 'unverified', kind = 'disabled'
         FROM unnest(ARRAY['existing', 'unverified', 'disabled']) kind, generate_series(0, $1::int - 1) n RETURNING id)
       INSERT INTO underpin.credentials (collection, account, password_hash, changed)
       SELECT c.collection, made.id, c.password_hash, c.changed
       FROM made, underpin.credentials c JOIN members m ON m.id = c.account WHERE m.email = 'first@example.com'`,
      [addresses],
    );
    await run('VACUUM ANALYZE members, underpin.credentials');
  });
}

/** `[{ operation, kind, times }]`, in ms. */
export async function measureEnumeration(ground, { samples }) {
  const server = await ground.startUnderpin({ ROLE: 'web' });
  const addresses = Math.ceil((warm + samples) / perAddress);
  await setUp(ground, server.url, addresses);
  const results = [];
  for (const operation of operations) {
    say(`enumeration: ${operation} …`);
    const { times, wrong } = await load('turns.mjs', { url: server.url, operation, kinds, addresses, samples, warm, password });
    if (wrong > 0) say(`${operation}: ${wrong} answers were not right`);
    for (const kind of kinds) results.push({ operation, kind, times: times[kind] });
  }
  await server.stop();
  return results;
}

const spread = (numbers) => Math.max(...numbers) - Math.min(...numbers);
const everyOther = (times, rest) => median(times.filter((_time, turn) => turn % 2 === rest));

export function reportEnumeration(results) {
  if (results.length === 0) return '';
  const lines = operations.map((operation) => {
    const of = results.filter((one) => one.operation === operation);
    const medians = of.map(({ times }) => median(times));
    const chance = Math.max(...of.map(({ times }) => spread([everyOther(times, 0), everyOther(times, 1)])));
    return row(operation, [...medians, spread(medians), chance].map((ms) => ms.toFixed(2)).concat(`≤ ${bound}`));
  });
  return [row('median ms', [...kinds, 'widest', 'by chance', 'wanted']), ...lines, ''].join('\n');
}
