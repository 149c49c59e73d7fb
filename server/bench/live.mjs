/**
 * What live queries cost: how late a change is told, to few of many and to many at once; beside a server that tells everybody; who comes
 * back; what a connection takes; and what it takes from those who write. Each round has servers and loads of its own.
 */
import { readFileSync } from 'node:fs';
import { median, row } from './figures.mjs';
import { ask, cpuOf, load, say, signIn, startLoad } from './servers.mjs';

const notes = {
  name: 'notes',
  fields: [
    { name: 'title', type: 'text' },
    { name: 'state', type: 'text' },
    { name: 'room', type: 'text' },
    { name: 'owner', type: 'relation', to: 'users' },
  ],
  rules: { list: 'state != "hidden" || owner == auth.id', create: 'auth != null' },
};
const account = { email: 'one@example.com', password: 'correct horse battery staple' };

async function setUp(ground) {
  const server = await ground.startUnderpin();
  await ask(server.url, 'POST /collections', await signIn(server.url), notes);
  await ask(server.url, 'POST /auth/users/sign-up', undefined, account);
  await server.stop();
}

const empty = (ground, rows = 0) =>
  ground.past(async (run) => {
    await run('TRUNCATE notes');
    await run(
      `INSERT INTO notes (id, title, state, room) SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'n', 'kept', 'k' FROM generate_series(0, $1::int - 1) n`,
      [rows],
    );
    await run('VACUUM ANALYZE notes');
  });

/** Server and Postgres CPU of what `work` does, in ms. */
async function withCpu(ground, server, work) {
  const at = () => [cpuOf(server.pid), cpuOf(ground.postgres)];
  const before = at();
  const result = await work();
  const after = at();
  return { ...result, server: after[0] - before[0], postgres: after[1] - before[1] };
}

async function withServer(ground, work) {
  const server = await ground.startUnderpin();
  const token = (await ask(server.url, 'POST /auth/users/sign-in', undefined, account)).accessToken;
  const about = { url: server.url, token, database: ground.database };
  try {
    return await work(server, about);
  } finally {
    await server.stop();
  }
}

const kinds = {
  distinct: async (ground, { seconds }) => {
    await empty(ground);
    return withServer(ground, (server, about) =>
      withCpu(ground, server, () =>
        load('followers.mjs', { ...about, kind: 'spread', connections: 1_000, each: 10, rooms: 10_000, perSecond: 300, seconds }),
      ),
    );
  },
  hot: async (ground, { seconds }) => {
    await empty(ground);
    return withServer(ground, (server, about) =>
      withCpu(ground, server, () =>
        load('followers.mjs', { ...about, kind: 'spread', connections: 1_000, each: 1, rooms: 1, perSecond: 300, seconds }),
      ),
    );
  },
  created: async (ground, { seconds }, round) => {
    const ours = async () => {
      await empty(ground);
      return withServer(ground, (server, about) =>
        withCpu(ground, server, () => load('followers.mjs', { ...about, kind: 'created', connections: 1_000, perSecond: 50, seconds })),
      );
    };
    const byHand = async () => {
      await empty(ground);
      const server = await ground.startOther('by-hand-live.mjs');
      const about = { url: server.url, token: '', plain: true };
      const result = await withCpu(ground, server, () =>
        load('followers.mjs', { ...about, kind: 'created', connections: 1_000, perSecond: 50, seconds }),
      );
      await server.stop();
      return result;
    };
    const result = {};
    for (const who of round % 2 ? ['byHand', 'ours'] : ['ours', 'byHand']) result[who] = await (who === 'ours' ? ours() : byHand());
    return result;
  },
  resume: async (ground) => {
    await empty(ground, 100);
    return withServer(ground, (server, about) =>
      load('followers.mjs', { ...about, pid: server.pid, kind: 'resume', connections: 1_000, changes: 10_000, rows: 100 }),
    );
  },
  memory: async (ground) => {
    await empty(ground);
    return withServer(ground, async (server, about) => {
      const idle = residentOf(server.pid);
      const held = startLoad('followers.mjs', { ...about, kind: 'hold', connections: 10_000, each: 2, rooms: 1_000 }, { open: true });
      await held.said;
      const full = residentOf(server.pid);
      const rss = await settled(server.pid);
      const { open } = await held.finish();
      return { idle, full, rss, open };
    });
  },
  writes: async (ground, { seconds }, round) => {
    const about = { database: ground.database, kind: 'writes', seconds };
    const without = async () => {
      await empty(ground);
      await ground.dropSlots();
      return load('followers.mjs', about);
    };
    const followed = async () => {
      await empty(ground);
      return withServer(ground, async (_server, more) => {
        const held = startLoad('followers.mjs', { ...more, kind: 'hold', connections: 1, each: 1, rooms: 1 }, { open: true });
        await held.said;
        const result = await load('followers.mjs', about);
        await held.finish();
        return result;
      });
    };
    const result = {};
    for (const who of round % 2 ? ['followed', 'without'] : ['without', 'followed'])
      result[who] = await (who === 'without' ? without() : followed());
    return result;
  },
};
export const liveParts = Object.keys(kinds).map((name) => `live-${name}`);

/** The least within a minute: what asking left behind is collected when there is time. */
async function settled(pid) {
  let least = Infinity;
  for (let second = 0; second < 60; second += 1) {
    least = Math.min(least, residentOf(pid));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return least;
}

/** MB. */
const residentOf = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

export async function measureLive(ground, parts, options) {
  await setUp(ground);
  const results = {};
  for (const part of parts) {
    const name = part.replace('live-', '');
    results[name] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const result = await kinds[name](ground, options, round);
      say(
        `round ${round + 1} ${part}: ${JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Number(value.toFixed(2)) : value))}`,
      );
      results[name].push(result);
    }
  }
  return results;
}

export function reportLive(results) {
  const lines = [];
  const told = (label, all, wanted) => {
    const of = (pick) => median(all.map(pick));
    const missing = all.reduce((sum, { expected, got }) => sum + expected - got, 0);
    const cells = [of(({ p50 }) => p50).toFixed(2), of(({ p99 }) => p99).toFixed(1), missing];
    lines.push(row(label, [...cells, of(({ server }) => server).toFixed(0), of(({ postgres }) => postgres).toFixed(0), wanted], 14));
  };
  if (results.distinct ?? results.hot ?? results.created)
    lines.push(row('live', ['p50 ms', 'p99 ms', 'missing', 'server CPU ms', 'Postgres CPU', 'wanted'], 14));
  if (results.distinct) told('10,000 queries', results.distinct, 'p50 ≤ 1, p99 ≤ 10');
  if (results.hot) told('one, 1,000 clients', results.hot, 'p99 ≤ 100');
  if (results.created) {
    told(
      'created',
      results.created.map(({ ours }) => ours),
      '',
    );
    told(
      '  told by hand',
      results.created.map(({ byHand }) => byHand),
      '',
    );
    const ratio = median(results.created.map(({ ours, byHand }) => ours.p50 / byHand.p50));
    lines.push(row('  ratio of p50', [ratio.toFixed(2), '', '', '', '', '≤ 1.2'], 14));
  }
  if (results.resume) {
    for (const [how, name] of [
      ['connect and ask', 'closed'],
      ['ask on open connections', 'open'],
    ]) {
      const all = results.resume.map((one) => one[name]);
      const of = (figure) => median(all.map((one) => one[figure]));
      const deltas = Math.min(...all.map((one) => one.deltas));
      const connected = name === 'closed' ? `connected after ${of('connected').toFixed(0)} ms, ` : '';
      lines.push(
        `1,000 ${how} after 10,000 changes: ${connected}told after ${of('p50').toFixed(0)} ms (p50) and ${of('most').toFixed(0)} ms (all; wanted ≤ 500); ${deltas} by what they missed (${of('ops')} operations); CPU of the server ${of('server').toFixed(0)} ms, of those who come back ${of('own').toFixed(0)} ms`,
      );
    }
  }
  if (results.memory) {
    const of = (name) => median(results.memory.map((one) => one[name]));
    lines.push(
      `${of('open')} connections, ${of('open') * 2} queries: ${of('rss').toFixed(0)} MB resident a minute later (wanted ≤ 350), ${of('full').toFixed(0)} MB at once, ${of('idle').toFixed(0)} MB before them`,
    );
  }
  if (results.writes) {
    const ratio = median(results.writes.map(({ followed, without }) => followed.perSecond / without.perSecond));
    const of = (name) => median(results.writes.map((one) => one[name].perSecond)).toFixed(0);
    lines.push(`writes: ${of('without')}/s, while they are followed ${of('followed')}/s: ${ratio.toFixed(2)} (wanted ≥ 0.7)`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
