/**
 * Reads and writes of records, beside a server written by hand for the same table on the same Postgres.
 *
 * Worry: one process differs from the next, and a machine is busier at one time than at another. So in every round both
 * servers are started anew, they take turns within each operation, who begins changes from round to round, and what
 * is told is the median of the rounds. CPU per request is read from /proc and is steadier than requests per second.
 */
import { isDeepStrictEqual } from 'node:util';
import { SignJWT } from 'jose';
import { median, row } from './figures.mjs';
import { ask, cpuOf, load, password, say, secret, signIn } from './servers.mjs';

export const allOperations = ['get', 'list', 'author', 'cursor', 'offset', 'covered', 'create', 'update', 'batch'];
const most = 200_000;

const posts = {
  name: 'posts',
  fields: [
    { name: 'title', type: 'text', required: true, max: 200 },
    { name: 'body', type: 'text' },
    { name: 'status', type: 'select', values: ['draft', 'published', 'archived'], default: 'draft' },
    { name: 'views', type: 'number', integer: true, default: 0 },
    { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
  ],
  indexes: [{ fields: ['views'] }, { fields: ['status'] }],
  rules: {
    list: 'status in ["published", "archived"] || author == auth.id',
    create: 'next.author == auth.id',
    update: 'status in ["published", "archived"] || author == auth.id',
  },
};

/** The same rows for both, written past both. */
const seed = (ground, records) =>
  ground.past(async (run) => {
    await run(
      `INSERT INTO users (id, email, name) SELECT gen_random_uuid(), 'author' || n || '@example.com', 'Author ' || n FROM generate_series(1, 1000) n`,
    );
    await run(
      `WITH authors AS (SELECT array_agg(id) AS ids FROM users)
       INSERT INTO posts (id, title, body, status, views, author, created, updated)
       SELECT gen_random_uuid(), 'Post ' || n, repeat('Some words of a post. ', 20), (ARRAY['draft', 'published', 'published', 'archived'])[1 + n % 4], (n::bigint * 7919 % 100003)::int,
              ids[1 + n % 1000], now() - n * interval '1 second', now() - n * interval '1 second'
       FROM generate_series(1, $1::int) n, authors`,
      [records],
    );
    await run('VACUUM ANALYZE users, posts');
    const { rows } = await run(`SELECT id FROM posts WHERE status <> 'draft' ORDER BY md5(id::text) LIMIT 2000`);
    return rows.map(({ id }) => id);
  });

/** Takes away what was created, which would else be the newest records, and in the way of every list that follows. */
const clean = (ground) =>
  ground.past(async (run) => {
    await run(`DELETE FROM posts WHERE title LIKE 'made %'`);
    await run('VACUUM posts');
  });

/** For both an index of all that is sorted by and judged, with what VACUUM notes of pages that everybody sees. */
const cover = (ground) =>
  ground.past(async (run) => {
    await run('CREATE INDEX covering ON posts (views, id, status, author)');
    await run('VACUUM ANALYZE posts');
  });
const uncover = (ground) => ground.past((run) => run('DROP INDEX covering'));

/** Both answer the same, or the comparison means nothing. */
async function compare(targets, [id]) {
  const list = `GET /records/posts?${new URLSearchParams({ filter: 'status == $status', 'p.status': 'published', sort: '-views', limit: '20', expand: 'author', 'expand.author.fields': 'name' })}`;
  const answers = await Promise.all(
    targets.map(async ({ url, token }) => {
      const page = await ask(url, list, token);
      const made = await ask(url, 'POST /records/posts', token, { title: 'made to compare' });
      return { one: await ask(url, `GET /records/posts/${id}`, token), data: page.data, keys: [Object.keys(page.page), Object.keys(made)] };
    }),
  );
  if (!isDeepStrictEqual(answers[0], answers[1]))
    throw new Error(`the two servers do not answer the same:\n${answers.map((one) => JSON.stringify(one).slice(0, 900)).join('\n')}`);
}

/** The place 50,000 rows into the list, for each in its own words. */
async function addCursors([underpin, byHand]) {
  const { data, page } = await ask(underpin.url, 'GET /records/posts?sort=-views&limit=20&page=2500', underpin.token);
  underpin.cursor = page.next;
  byHand.cursor = Buffer.from(JSON.stringify([data.at(-1).views, data.at(-1).id])).toString('base64url');
}

async function measure(ground, target, { operation, ids, seconds, connections }) {
  const what = { ...target, operation, ids, connections, most };
  await load('load.mjs', { ...what, seconds: Math.min(2, seconds) });
  const before = { server: cpuOf(target.pid), postgres: cpuOf(ground.postgres) };
  const result = await load('load.mjs', { ...what, seconds });
  const per = (name, pid) => (before[name] === undefined ? NaN : (1000 * (cpuOf(pid) - before[name])) / result.requests);
  if (result.wrong > 0) say(`${target.name} ${operation}: ${result.wrong} of ${result.requests} answers were not right`);
  return { ...result, server: per('server', target.pid), postgres: per('postgres', ground.postgres) };
}

/** Fifty creates in one batch beside fifty single ones, by one client: records per second. */
async function measureBatches(ground, underpin, seconds) {
  const one = async (operation) => {
    const result = await load('load.mjs', { ...underpin, operation, ids: [], seconds, connections: 1, most });
    await clean(ground);
    return result;
  };
  const [single, batch] = [await one('create'), await one('batch')];
  if (single.wrong + batch.wrong > 0) say(`batches: ${single.wrong + batch.wrong} answers were not right`);
  return { single: single.perSecond, batch: batch.perSecond * 50 };
}

/** Makes the collection and its records; what the rounds need of them. */
async function setUp(ground, records) {
  const first = await ground.startUnderpin();
  const owner = await signIn(first.url);
  await ask(first.url, 'POST /collections', owner, posts);
  await ask(first.url, 'PATCH /collections/users', owner, { rules: { list: 'auth != null', view: 'auth != null' } });
  const { record } = await ask(first.url, 'POST /auth/users/sign-up', undefined, { email: 'ann@example.com', password });
  await first.stop();
  say(`seeding ${records} records …`);
  const ids = await seed(ground, records);
  const byHandToken = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(record.id)
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret));
  return { ids, byHandToken };
}

export async function measureRecords(ground, wanted, { rounds, seconds, connections, records }) {
  const { ids, byHandToken } = await setUp(ground, records);
  const operations = wanted.filter((name) => name !== 'batch');
  const results = [];
  const batches = [];
  for (let round = 0; round < rounds; round++) {
    const underpin = await ground.startUnderpin();
    const byHand = await ground.startByHand();
    const targets = [
      { name: 'Underpin', ...underpin, token: await signIn(underpin.url, 'users', 'ann@example.com') },
      { name: 'by hand', ...byHand, token: byHandToken },
    ];
    if (round === 0) await compare(targets, ids);
    if (operations.includes('cursor')) await addCursors(targets);
    for (const operation of operations) {
      if (operation === 'covered') await cover(ground);
      for (const target of round % 2 === 0 ? targets : [...targets].reverse()) {
        const result = await measure(ground, target, { operation, ids, seconds, connections });
        results.push({ round, operation, name: target.name, ...result });
        if (operation === 'create') await clean(ground);
        say(`round ${round + 1} ${operation} ${target.name}: ${result.perSecond.toFixed(0)} requests/s`);
      }
      if (operation === 'covered') await uncover(ground);
    }
    if (wanted.includes('batch')) batches.push(await measureBatches(ground, targets[0], seconds));
    await underpin.stop();
    await byHand.stop();
  }
  return { results, batches };
}

function reportBatches(batches) {
  if (batches.length === 0) return '';
  const [single, batch] = ['single', 'batch'].map((name) => median(batches.map((one) => one[name])));
  const ratio = median(batches.map((one) => one.batch / one.single));
  return `creates per second by one client: ${single.toFixed(0)} one by one, ${batch.toFixed(0)} in batches of 50, ratio ${ratio.toFixed(1)}\n`;
}

/** The three rows of an operation: ours, that of the server by hand, and their ratio. */
function reportOperation(results, operation) {
  const columns = ['perSecond', 'p50', 'p99', 'server', 'postgres'];
  const of = (name) => results.filter((one) => one.operation === operation && one.name === name);
  const figure = (value, column) => (Number.isNaN(value) ? '–' : value.toFixed(column === 'p50' || column === 'p99' ? 1 : 0));
  const rows = ['Underpin', 'by hand'].map((name) => {
    const cells = columns.map((column) => figure(median(of(name).map((one) => one[column])), column));
    return row(`${operation} ${name}`, cells);
  });
  const ratios = columns.map((column) => median(of('Underpin').map((one, round) => one[column] / of('by hand')[round][column])));
  const cells = ratios.map((ratio) => (Number.isNaN(ratio) ? '–' : ratio.toFixed(2)));
  return [...rows, row(`${operation} ratio`, cells), ''];
}

export function reportRecords({ results, batches }, wanted) {
  const operations = wanted.filter((name) => name !== 'batch');
  if (operations.length === 0) return reportBatches(batches);
  const title = row('', ['requests/s', 'p50 ms', 'p99 ms', 'server µs', 'Postgres µs']);
  return [title, ...operations.flatMap((operation) => reportOperation(results, operation)), reportBatches(batches)].join('\n');
}
