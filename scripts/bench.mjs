/**
 * `npm run bench`: how fast Underpin is, beside a server written by hand for the same table on the same Postgres.
 *
 * Worry: one process differs from the next, and a machine is busier at one time than at another. So in every round both
 * servers are started anew, they take turns within each operation, who begins changes from round to round, and what
 * is told is the median of the rounds. CPU per request is read from /proc and is steadier than requests per second.
 * Writes nothing into the repository; exits 0 whatever the figures are. docs/how-to/bench.md says how to read them.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import pg from 'pg';
import { prepare, root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '16' },
    records: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const records = Number(values.records);
const operations = values.only?.split(',').filter((name) => name !== 'batch') ?? [
  'get',
  'list',
  'author',
  'cursor',
  'offset',
  'create',
  'update',
];
const most = 200_000;
const password = 'correct horse battery staple';
const secret = 'a secret for measuring only, and long enough';
const say = (line) => process.stderr.write(`${line}\n`);

/** What has to be ended, last first. */
const undo = [];
let ending;
const end = () =>
  (ending ??= (async () => {
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((error) => say(error.message));
  })());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end().then(() => process.exit(130)));

/** Starts a server as a process of its own; ready when a line of its output matches. */
function startServer(args, env, ready) {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  undo.push(stop);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
      const port = ready.exec(printed)?.[1];
      if (port !== undefined) resolve({ url: `http://127.0.0.1:${port}`, pid: child.pid, stop });
    });
    void ended.then((code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}

/** A process that does one thing and prints JSON. */
function load(what) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'server/bench/load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (data) => (printed += data));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(printed)) : reject(new Error(`the load ended with ${code}`))));
    child.stdin.end(JSON.stringify({ connections, most, ...what }));
  });
}

/** CPU time of a process and all below it, in ms; those that have ended count through their parents. Undefined without /proc. */
function cpuOf(pid) {
  if (!existsSync('/proc/self/stat')) return undefined;
  const tick = 10; // ms: USER_HZ is 100 on every Linux that Node runs on
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .map(Number);
      all.set(Number(name), { parent: fields[1], ms: (fields[11] + fields[12] + fields[13] + fields[14]) * tick });
    } catch {
      // It ended while we looked.
    }
  }
  const tree = [pid];
  for (const one of tree) for (const [id, { parent }] of all) if (parent === one) tree.push(id);
  return tree.reduce((sum, id) => sum + (all.get(id)?.ms ?? 0), 0);
}

async function ask(url, request, token, body) {
  const [method, path] = request.split(' ');
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${request}: ${response.status} ${await response.text()}`);
  return response.json();
}

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
async function seed(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c role=underpin_owner' });
  await client.connect();
  await client.query(
    `INSERT INTO users (id, email, name) SELECT gen_random_uuid(), 'author' || n || '@example.com', 'Author ' || n FROM generate_series(1, 1000) n`,
  );
  await client.query(
    `WITH authors AS (SELECT array_agg(id) AS ids FROM users)
     INSERT INTO posts (id, title, body, status, views, author, created, updated)
     SELECT gen_random_uuid(), 'Post ' || n, repeat('Some words of a post. ', 20), (ARRAY['draft', 'published', 'published', 'archived'])[1 + n % 4], (n::bigint * 7919 % 100003)::int,
            ids[1 + n % 1000], now() - n * interval '1 second', now() - n * interval '1 second'
     FROM generate_series(1, $1::int) n, authors`,
    [records],
  );
  await client.query('VACUUM ANALYZE users, posts');
  const { rows } = await client.query(`SELECT id FROM posts WHERE status <> 'draft' ORDER BY md5(id::text) LIMIT 2000`);
  await client.end();
  return rows.map(({ id }) => id);
}

/** Takes away what was created, which would else be the newest records, and in the way of every list that follows. */
async function clean(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c role=underpin_owner' });
  await client.connect();
  await client.query(`DELETE FROM posts WHERE title LIKE 'made %'`);
  await client.query('VACUUM posts');
  await client.end();
}

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

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

async function measure(target, operation, ids, postgres) {
  await load({ ...target, operation, ids, seconds: Math.min(2, seconds) });
  const before = { server: cpuOf(target.pid), postgres: cpuOf(postgres) };
  const result = await load({ ...target, operation, ids, seconds });
  const per = (name, pid) => (before[name] === undefined ? NaN : (1000 * (cpuOf(pid) - before[name])) / result.requests);
  if (result.wrong > 0) say(`${target.name} ${operation}: ${result.wrong} of ${result.requests} answers were not right`);
  return { ...result, server: per('server', target.pid), postgres: per('postgres', postgres) };
}

/** Fifty creates in one batch beside fifty single ones, by one client: records per second. */
async function measureBatches(underpin, embedded) {
  const single = await load({ ...underpin, operation: 'create', ids: [], seconds, connections: 1 });
  await clean(embedded.url);
  const batch = await load({ ...underpin, operation: 'batch', ids: [], seconds, connections: 1 });
  await clean(embedded.url);
  if (single.wrong + batch.wrong > 0) say(`batches: ${single.wrong + batch.wrong} answers were not right`);
  return { single: single.perSecond, batch: batch.perSecond * 50 };
}

function reportBatches(batches) {
  if (batches.length === 0) return '';
  const [single, batch] = ['single', 'batch'].map((name) => median(batches.map((one) => one[name])));
  const ratio = median(batches.map((one) => one.batch / one.single));
  return `creates per second by one client: ${single.toFixed(0)} one by one, ${batch.toFixed(0)} in batches of 50, ratio ${ratio.toFixed(1)}\n`;
}

function report(results) {
  const columns = ['perSecond', 'p50', 'p99', 'server', 'postgres'];
  const figure = (value, column) => (Number.isNaN(value) ? '–' : value.toFixed(column === 'p50' || column === 'p99' ? 1 : 0));
  const lines = operations.flatMap((operation) => {
    const of = (name) => results.filter((one) => one.operation === operation && one.name === name);
    const row = (label, cells) => `${label.padEnd(20)}${cells.map((cell) => cell.padStart(12)).join('')}`;
    const rows = ['Underpin', 'by hand'].map((name) =>
      row(
        `${operation} ${name}`,
        columns.map((column) => figure(median(of(name).map((one) => one[column])), column)),
      ),
    );
    const ratios = columns.map((column) => median(of('Underpin').map((one, round) => one[column] / of('by hand')[round][column])));
    return [
      ...rows,
      row(
        `${operation} ratio`,
        ratios.map((ratio) => (Number.isNaN(ratio) ? '–' : ratio.toFixed(2))),
      ),
      '',
    ];
  });
  const title = ['requests/s', 'p50 ms', 'p99 ms', 'server µs', 'Postgres µs'].map((cell) => cell.padStart(12)).join('');
  return [`${''.padEnd(20)}${title}`, ...lines].join('\n');
}

async function main() {
  await prepare(say);
  const { startEmbedded } = await import('../server/dist/db/embedded.js');
  const { createLog } = await import('../server/dist/kit/log.js');
  const folder = mkdtempSync(join(tmpdir(), 'underpin-bench-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  // Passable for the user that Postgres runs as, where we are root.
  chmodSync(folder, 0o711);
  const embedded = await startEmbedded(join(folder, 'data'), createLog('error', false));
  undo.push(() => embedded.stop());
  const shared = { DATABASE_URL: embedded.url, SECRET: secret };

  const startUnderpin = () =>
    startServer(
      [join(root, 'server/dist/main.js'), 'start'],
      {
        ...shared,
        DATA_DIR: join(folder, 'server'),
        PORT: '0',
        HOST: '127.0.0.1',
        RATE_LIMITS: 'off',
        LOG_LEVEL: 'warn',
        ADMIN_EMAIL: 'owner@example.com',
        ADMIN_PASSWORD: password,
      },
      /ready: http:\/\/localhost:(\d+)\//,
    );
  const startByHand = () =>
    startServer([join(root, 'server/bench/by-hand.mjs')], { DATABASE_URL: embedded.url, JWT_SECRET: secret }, /ready (\d+)/);

  const first = await startUnderpin();
  const owner = await ask(first.url, 'POST /auth/_admins/sign-in', undefined, { email: 'owner@example.com', password });
  await ask(first.url, 'POST /collections', owner.accessToken, posts);
  await ask(first.url, 'PATCH /collections/users', owner.accessToken, { rules: { list: 'auth != null', view: 'auth != null' } });
  const { record } = await ask(first.url, 'POST /auth/users/sign-up', undefined, { email: 'ann@example.com', password });
  await first.stop();
  say(`seeding ${records} records …`);
  const ids = await seed(embedded.url);
  const byHandToken = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(record.id)
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret));

  const results = [];
  const batches = [];
  for (let round = 0; round < rounds; round++) {
    const underpin = await startUnderpin();
    const byHand = await startByHand();
    const { accessToken } = await ask(underpin.url, 'POST /auth/users/sign-in', undefined, { email: 'ann@example.com', password });
    const targets = [
      { name: 'Underpin', ...underpin, token: accessToken },
      { name: 'by hand', ...byHand, token: byHandToken },
    ];
    if (round === 0) await compare(targets, ids);
    await addCursors(targets);
    for (const operation of operations) {
      for (const target of round % 2 === 0 ? targets : [...targets].reverse()) {
        const result = await measure(target, operation, ids, embedded.pid());
        results.push({ round, operation, name: target.name, ...result });
        if (operation === 'create') await clean(embedded.url);
        say(`round ${round + 1} ${operation} ${target.name}: ${result.perSecond.toFixed(0)} requests/s`);
      }
    }
    if (values.only === undefined || values.only.includes('batch')) batches.push(await measureBatches(targets[0], embedded));
    await underpin.stop();
    await byHand.stop();
  }
  process.stdout.write(values.json ? `${JSON.stringify({ results, batches })}\n` : `\n${report(results)}${reportBatches(batches)}`);
}

let failed = false;
try {
  await main();
} catch (error) {
  failed = ending === undefined;
  if (failed) say(error.stack ?? String(error));
}
await end();
process.exit(failed ? 1 : 0);
