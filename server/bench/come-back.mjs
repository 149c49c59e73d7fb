/**
 * Many who come back to a live query at once, for as little of the machine as can be: a thousand clients of a library would take more of
 * it than the server that they measure. The upgrade and the frames are written by hand, each message is waited for as a client
 * does, and of the answer only the end is looked for: all answers are read when everybody has his.
 */
import { createConnection } from 'node:net';
import { median } from './figures.mjs';
import { cpuOf } from './servers.mjs';

const upgrade = ({ host }) =>
  [
    'GET /realtime/?EIO=4&transport=websocket HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');

/** A text as a client sends it: masked, by a mask that changes nothing. */
function frameOf(text) {
  const body = Buffer.from(text);
  const size = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), body]);
}

/** Where the frame that begins the buffer has its text; undefined where not all of it is there. */
function textIn(bytes) {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 127;
  const from = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < from) return undefined;
  const end = from + (short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)));
  return end > bytes.length ? undefined : { from, end };
}

/** Resolves with when it was connected and told, and with the answer's bytes. It asks when `mayAsk` says so. */
function comeBackOne({ url, token, from, request, isUp: isThere, mayAsk }) {
  const to = new URL(url);
  const socket = createConnection({ host: to.hostname, port: Number(to.port), localAddress: from, noDelay: true });
  socket.write(upgrade(to));
  let held;
  let isUp = false;
  let connected;
  return new Promise((resolve, reject) => {
    const heard = (kind, bytes) => {
      if (kind === '0') socket.write(frameOf(`40${JSON.stringify({ token, v: 1 })}`));
      else if (kind === '40') {
        connected = performance.now();
        isThere();
        void mayAsk.then(() => socket.write(frameOf(`420["subscribe",${JSON.stringify({ id: 's', ...request })}]`)));
      } else if (kind === '43') resolve({ connected, told: performance.now(), bytes, socket });
      else if (kind === '2') socket.write(frameOf('3'));
      else if (kind !== '42') reject(new Error(`nobody expects ${bytes}`));
    };
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server has closed the connection')));
    socket.on('data', (data) => {
      held = held === undefined ? data : Buffer.concat([held, data]);
      if (!isUp) {
        const end = held.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!held.latin1Slice(0, end).startsWith('HTTP/1.1 101 ')) return reject(new Error(held.toString()));
        isUp = true;
        held = held.subarray(end + 4);
      }
      for (let text = textIn(held); text !== undefined; text = textIn(held)) {
        if (held[0] !== 0x81) return reject(new Error('no frame with a whole text'));
        const bytes = held.subarray(text.from, text.end);
        held = held.subarray(text.end);
        heard(bytes[0] === 0x34 ? bytes.latin1Slice(0, 2) : bytes.latin1Slice(0, 1), bytes);
      }
      if (held.length === 0) held = undefined;
    });
  });
}

const read = ({ bytes }) => JSON.parse(/^43\d+(.*)$/s.exec(bytes.toString())[1])[0];

/** Whether an answer tells of each row what it became last, and nothing else. */
const tellsAll = ({ ok, mode, ops }, rows, last) =>
  ok &&
  mode === 'delta' &&
  ops.length === rows &&
  new Set(ops.map(([, id]) => id)).size === rows &&
  ops.every(([op, id, row]) => op === 'put' && row.id === id && row.title === last + id && row.state === 'kept');

/**
 * All to the places that they were given, with one and the same request. `last`: how the titles begin by now. `isOpen`: all connect first,
 * and what is measured is asking on connections that are open, as after a server has said that all are to ask again.
 */
export async function comeBack({ url, token, pid, rows }, { places, request, last, isOpen }) {
  let ask;
  let missing = places.length;
  const mayAsk = isOpen ? new Promise((resolve) => (ask = resolve)) : Promise.resolve();
  let connecting;
  const areThere = new Promise((resolve) => (connecting = resolve));
  const isUp = () => (missing -= 1) === 0 && connecting();
  const all = places.map(({ group, epoch, position }, n) => ({
    url,
    token,
    from: `127.0.0.${2 + (n % 8)}`,
    request: { ...request, at: { group, epoch, position } },
    isUp,
    mayAsk,
  }));
  let begun = performance.now();
  let server = cpuOf(pid);
  let own = process.cpuUsage();
  const coming = Promise.all(all.map(comeBackOne));
  if (isOpen) {
    await Promise.race([areThere, coming]);
    begun = performance.now();
    server = cpuOf(pid);
    own = process.cpuUsage();
    ask();
  }
  const back = await coming;
  const { user, system } = process.cpuUsage(own);
  const cpu = { server: cpuOf(pid) - server, own: (user + system) / 1000 };
  for (const { socket } of back) socket.removeAllListeners('close').destroy();
  const answers = back.map(read);
  const times = back.map(({ told }) => told - begun);
  return {
    deltas: answers.filter((answer) => tellsAll(answer, rows, last)).length,
    ops: median(answers.map(({ ops }) => ops?.length ?? 0)),
    connected: Math.max(0, ...back.map(({ connected }) => connected - begun)),
    p50: median(times),
    most: Math.max(...times),
    ...cpu,
  };
}
