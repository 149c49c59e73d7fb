/**
 * Many who follow live queries, and one who writes, in one process and by one clock: told what to do as JSON on stdin, prints what came
 * of it as JSON. Speaks the protocol over plain WebSockets, so that it takes little of the machine that it measures.
 */
import pg from 'pg';
import WebSocket from 'ws';
import { comeBack } from './come-back.mjs';
import { below, median } from './figures.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One connection; `heard(group, ids, at)` for each message of changes. */
function connect({ url, token, plain }, from, heard) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/realtime/?EIO=4&transport=websocket`, {
    localAddress: from,
    perMessageDeflate: false,
  });
  const waiting = new Map();
  let serial = 0;
  let ready;
  const one = {
    socket,
    place: [],
    ready: new Promise((resolve, reject) => {
      ready = resolve;
      socket.once('error', reject);
    }),
    subscribe: (request) =>
      new Promise((resolve, reject) => {
        serial += 1;
        waiting.set(String(serial), (answer) => (answer.ok ? resolve(answer) : reject(new Error(JSON.stringify(answer.problem)))));
        socket.send(`42${serial}["subscribe",${JSON.stringify({ id: `s${serial}`, ...request })}]`);
      }),
  };
  socket.on('message', (data) => {
    const at = performance.now();
    const message = data.toString();
    if (message.startsWith('42["changes"') || message.startsWith('42["created"')) heard(message, at);
    else if (message === '2') socket.send('3');
    else if (message.startsWith('0')) socket.send(`40${plain ? '' : JSON.stringify({ token, v: 1 })}`);
    else if (message.startsWith('40')) ready(one);
    else if (message.startsWith('44')) socket.emit('error', new Error(message));
    else if (message.startsWith('43')) {
      const [, id, body] = /^43(\d+)(.*)$/s.exec(message);
      const told = waiting.get(id);
      waiting.delete(id);
      told?.(JSON.parse(body)[0]);
    }
  });
  return one;
}

/** The ids of the rows in a message; the same text is read once. */
let last = { message: '', ids: [] };
function idsOf(message) {
  if (last.message !== message) last = { message, ids: [...message.matchAll(/"id":"([0-9a-f-]{36})"/g)].map(([, id]) => id) };
  return last.ids;
}

/** All of `count` connections, a few at a time, over as many addresses as ports need. */
async function connectAll(what, count, heard) {
  const all = [];
  for (let n = 0; n < count; n += 50) {
    const some = Array.from({ length: Math.min(50, count - n) }, (_none, k) =>
      connect(what, `127.0.0.${2 + ((n + k) % 8)}`, (...told) => heard(n + k, ...told)),
    );
    all.push(...some);
    await Promise.all(some.map(({ ready }) => ready));
  }
  return all;
}

const writers = ({ database }, max) => new pg.Pool({ connectionString: database, max, options: '-c role=underpin_owner' });

/** Calls `write` so often in a second for some seconds. */
async function steadily({ perSecond, seconds }, write) {
  const begun = performance.now();
  const running = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const wait = begun + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await pause(wait);
    running.push(write(n));
  }
  await Promise.all(running);
}

const idOf = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Rows written straight to Postgres; from the answer to the commit until each who follows has it. */
async function spread(what) {
  const { connections, each, rooms, perSecond, seconds } = what;
  const acked = new Map();
  const got = [];
  let expected = 0;
  const heard = (_n, message, at) => {
    for (const id of idsOf(message)) got.push([id, at]);
  };
  const all = await connectAll(what, connections, heard);
  for (let n = 0; n < each; n += 1)
    for (let from = 0; from < connections; from += 100)
      await Promise.all(
        all.slice(from, from + 100).map((one, k) =>
          one.subscribe({
            collection: 'notes',
            filter: 'room == $room',
            params: { room: `r${((from + k) * each + n) % rooms}` },
          }),
        ),
      );
  const pool = writers(what, 4);
  const perRoom = (connections * each) / rooms;
  const write = (offset) => async (n) => {
    const id = idOf(offset + n);
    const values = [id, `r${(n * 7919) % rooms}`, `n${n}`];
    await pool.query({ name: 'insert', text: `INSERT INTO notes (id, room, title, state) VALUES ($1, $2, $3, 'open')`, values });
    acked.set(id, performance.now());
    expected += perRoom;
  };
  await steadily({ perSecond, seconds: 1 }, write(0));
  await pause(500);
  got.length = expected = 0;
  acked.clear();
  process.stderr.write('measure\n');
  await steadily({ perSecond, seconds }, write(1_000_000));
  for (let waited = 0; got.length < expected && waited < 5_000; waited += 50) await pause(50);
  const times = got.map(([id, at]) => Math.max(0, at - (acked.get(id) ?? NaN)));
  return { expected, got: got.length, p50: median(times), p99: below(0.99, times), most: Math.max(...times.slice(-100_000)) };
}

/** Records made over HTTP; from the request until each who follows has it. `plain`: the server by hand, which tells everybody. */
async function created(what) {
  const { connections, perSecond, seconds, plain, url, token } = what;
  const sent = new Map();
  const got = [];
  const heard = (_n, message, at) => {
    for (const [, title] of message.matchAll(/"title":"(t\d+)"/g)) got.push([title, at]);
  };
  const all = await connectAll(what, connections, heard);
  if (!plain)
    for (let from = 0; from < connections; from += 100)
      await Promise.all(all.slice(from, from + 100).map((one) => one.subscribe({ collection: 'notes', filter: 'state == "new"' })));
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const write = (offset) => async (n) => {
    const title = `t${offset + n}`;
    sent.set(title, performance.now());
    const body = JSON.stringify({ title, state: 'new', room: 'r0' });
    const response = await fetch(`${url}/api/v1/records/notes`, { method: 'POST', headers, body });
    if (response.status !== 201) throw new Error(await response.text());
    await response.text();
  };
  await steadily({ perSecond, seconds: 2 }, write(1_000_000));
  await pause(500);
  got.length = 0;
  sent.clear();
  await steadily({ perSecond, seconds }, write(2_000_000));
  const expected = perSecond * seconds * connections;
  for (let waited = 0; got.length < expected && waited < 5_000; waited += 50) await pause(50);
  const times = got.map(([title, at]) => at - (sent.get(title) ?? NaN));
  return { expected, got: got.length, p50: median(times), p99: below(0.99, times) };
}

/** All drop, much changes, all come back at once with their places. */
async function resume(what) {
  const { connections, changes, rows } = what;
  const request = { collection: 'notes', filter: 'state == "kept"', fields: ['title', 'state'] };
  const before = await connectAll(what, connections, () => undefined);
  const places = [];
  for (let from = 0; from < connections; from += 100)
    places.push(...(await Promise.all(before.slice(from, from + 100).map((one) => one.subscribe(request)))));
  for (const { socket } of before) socket.terminate();
  const client = writers(what, 1);
  for (let n = 0; n < changes / 100; n += 1)
    await client.query(
      `UPDATE notes SET title = $2 || id WHERE id IN (SELECT ('00000000-0000-4000-8000-' || lpad((($1::int * 100 + k) % $3::int)::text, 12, '0'))::uuid FROM generate_series(0, 99) k)`,
      [n, `m${n} `, rows],
    );
  await pause(500);
  const back = { places, request, last: `m${changes / 100 - 1} ` };
  return { closed: await comeBack(what, { ...back, isOpen: false }), open: await comeBack(what, { ...back, isOpen: true }) };
}

/** Holds connections, until stdin ends. */
async function hold(what, ended) {
  const { connections, each, rooms } = what;
  const all = await connectAll(what, connections, () => undefined);
  for (let n = 0; n < each; n += 1)
    for (let from = 0; from < connections; from += 100)
      await Promise.all(
        all
          .slice(from, from + 100)
          .map((one, k) =>
            one.subscribe({ collection: 'notes', filter: 'room == $room', params: { room: `r${((from + k) * each + n) % rooms}` } }),
          ),
      );
  process.stderr.write('held\n');
  await ended;
  return { open: all.filter(({ socket }) => socket.readyState === 1).length };
}

/** How often in a second several writers commit. */
async function writes(what) {
  const { seconds } = what;
  const pool = writers(what, 8);
  const clients = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
  const until = performance.now() + seconds * 1000;
  let commits = 0;
  await Promise.all(
    clients.map(async (client, k) => {
      for (let n = 0; performance.now() < until; n += 1) {
        const values = [idOf(5_000_000 + ((n * 8 + k) % 2_000)), `n${n}`];
        const text = `INSERT INTO notes (id, title, room, state) VALUES ($1, $2, 'w', 'open') ON CONFLICT (id) DO UPDATE SET title = excluded.title`;
        await client.query({ name: 'write', text, values });
        commits += 1;
      }
    }),
  );
  return { perSecond: commits / seconds };
}

const kinds = { spread, created, resume, hold, writes };
let line = '';
let begin;
const begun = new Promise((resolve) => (begin = resolve));
const ended = new Promise((resolve) => process.stdin.on('end', resolve));
process.stdin.on('data', (data) => {
  line += data;
  if (line.includes('\n')) begin(JSON.parse(line));
});
const what = await begun;
process.stdout.write(JSON.stringify(await kinds[what.kind](what, ended)));
process.exit(0);
