/**
 * How fast files come and go, beside express.static and a bare stream to disk; and what a hundred uploads at once take of memory.
 *
 * Ours asks at each download whether the caller may see a record that names the file, and at each upload finds out what it is and its SHA-256. Both
 * give the same bytes from the same disk, and both have an upload safe on the disk before they answer.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, row } from './figures.mjs';
import { ask, cpuOf, load, password, signIn, startLoad } from './servers.mjs';

const large = 64 * 1_048_576;
const small = 10_000;
/** `least`: ours against by hand. */
const operations = {
  'file-large': { size: large, connections: 2, least: 0.8 },
  'file-small': { size: small, connections: 16, least: 0.8 },
  'file-many': { size: small, connections: 16, least: 0.8 },
  'file-upload': { size: large, connections: 2, least: 0.8 },
};
const memory = { most: 100 };
/** More than are held, so that most come from the disk; and more than are asked for in half a second, so that each is judged. */
const many = 5_000;
export const fileParts = [...Object.keys(operations), 'file-memory'];
const account = 'files@example.com';

const upload = async (url, token, bytes, name) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  const response = await fetch(`${url}/api/v1/files?collection=films&field=film&name=${name}`, { method: 'POST', headers, body: bytes });
  if (response.status !== 201) throw new Error(`upload: ${response.status} ${await response.text()}`);
  return response.json();
};

async function setUp(ground) {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-bench-files-'));
  const server = await ground.startUnderpin();
  const owner = await signIn(server.url);
  await ask(server.url, 'POST /collections', owner, {
    name: 'films',
    fields: [
      { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
      { name: 'film', type: 'file', maxSize: 2 * large },
    ],
    rules: { list: 'author == auth.id', create: 'author == auth.id' },
  });
  await ask(server.url, 'POST /auth/users/sign-up', undefined, { email: account, password });
  const token = await signIn(server.url, 'users', account);
  const paths = { large: [], small: [], many: [] };
  for (const [kind, size, count] of [
    ['large', large, 1],
    ['small', small, 1],
    ['many', small, many],
  ])
    for (let n = 0; n < count; n++) {
      const name = `${kind}${n}`;
      const bytes = Buffer.alloc(size, 'x');
      writeFileSync(join(folder, name), bytes);
      const file = await upload(server.url, token, bytes, name);
      await ask(server.url, 'POST /records/films', token, { film: file.id });
      paths[kind].push(file.url);
    }
  await server.stop();
  return { folder, paths };
}

async function measure(server, postgres, what, seconds) {
  await load('file-load.mjs', { ...what, seconds: 1 });
  const before = { server: cpuOf(server.pid), postgres: cpuOf(postgres) };
  const result = await load('file-load.mjs', { ...what, seconds });
  if (result.wrong > 0) throw new Error(`${result.wrong} of ${result.requests} went wrong`);
  const per = (after, since) => (since === undefined ? NaN : (after - since) / result.requests);
  return { ...result, cpu: per(cpuOf(server.pid), before.server), postgresCpu: per(cpuOf(postgres), before.postgres) };
}

const rss = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** What uploads at once take at most, of a server of its own. */
async function peakOf(ground, connections) {
  const server = await ground.startUnderpin();
  const token = await signIn(server.url, 'users', account);
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, rss(server.pid))), 10);
  const what = {
    url: server.url,
    token,
    path: '/api/v1/files?collection=films&field=film&name=x',
    send: 8 * 1_048_576,
    connections,
    seconds: 1_000,
    most: 300,
  };
  const { wrong, requests } = await startLoad('file-load.mjs', what).result;
  clearInterval(watch);
  await server.stop();
  if (wrong > 0) throw new Error(`${wrong} of ${requests} uploads went wrong`);
  return peak;
}

export async function measureFiles(ground, parts, { rounds, seconds }) {
  const { folder, paths } = await setUp(ground);
  const results = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const result = {};
      for (const name of parts.filter((part) => part in operations)) {
        const { connections, size } = operations[name];
        const isUpload = name === 'file-upload';
        const kind = name === 'file-many' ? 'many' : size === small ? 'small' : 'large';
        const measureOurs = async () => {
          const server = await ground.startUnderpin();
          const token = await signIn(server.url, 'users', account);
          const what = isUpload ? { path: '/api/v1/files?collection=films&field=film&name=x', send: size } : { paths: paths[kind] };
          const measured = await measure(server, ground.postgres, { url: server.url, token, connections, ...what }, seconds);
          if (isUpload) await removePending(ground, server.url, token);
          await server.stop();
          return measured;
        };
        const measureOther = async () => {
          const server = await ground.startOther('by-hand-files.mjs', { FILES: folder });
          const what = isUpload ? { path: '/files', send: size } : { paths: paths[kind].map((_path, n) => `/files/${kind}${n}`) };
          const measured = await measure(server, ground.postgres, { url: server.url, connections, ...what }, seconds);
          await server.stop();
          return measured;
        };
        // Who is asked first changes from round to round.
        const first = round % 2 === 0 ? await measureOurs() : undefined;
        const byHand = await measureOther();
        result[name] = { ours: first ?? (await measureOurs()), byHand };
      }
      if (parts.includes('file-memory')) result['file-memory'] = { one: await peakOf(ground, 1), hundred: await peakOf(ground, 100) };
      results.push(result);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** What no record names would fill the disk. */
async function removePending(ground, url, token) {
  for (;;) {
    const { data } = await ask(url, 'GET /records/_files?limit=100', token);
    if (data.length === 0) return;
    for (const { id } of data)
      await fetch(`${url}/api/v1/files/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
  }
}

export function reportFiles(results) {
  if (results.length === 0) return '';
  const of = (pick) => median(results.map(pick));
  const lines = Object.entries(operations)
    .filter(([name]) => name in results[0])
    .map(([name, { least, size }]) => {
      const unit = size === small ? 'perSecond' : 'megabytes';
      const figure = (who) => of((one) => one[name][who][unit]).toFixed(0);
      const cpu = (who) => of((one) => one[name][who].cpu).toFixed(2);
      const ratio = of((one) => one[name].ours[unit] / one[name].byHand[unit]).toFixed(2);
      return row(name, [
        figure('ours'),
        figure('byHand'),
        ratio,
        `≥ ${least}`,
        cpu('ours'),
        cpu('byHand'),
        of((one) => one[name].ours.postgresCpu).toFixed(2),
      ]);
    });
  const held =
    results[0]['file-memory'] === undefined
      ? []
      : [
          `memory: one upload at a time at most ${of((one) => one['file-memory'].one).toFixed(0)} MB, a hundred at once ${of((one) => one['file-memory'].hundred).toFixed(0)} MB (wanted: at most ${memory.most} more)`,
        ];
  const head = row('files', ['ours', 'by hand', 'ratio', 'wanted', 'cpu ms', 'by hand', 'postgres']);
  return [
    ...(lines.length === 0 ? [] : [head, ...lines, 'MB/s, of small files requests a second; medians of the rounds and of their ratios']),
    ...held,
    '',
  ].join('\n');
}
