/** Asks the same for every kind of account in turn, one after the other, in an order drawn anew each turn; prints every time in ms. */
import { Agent, request } from 'node:http';

let input = '';
for await (const part of process.stdin) input += part;
const { url, operation, kinds, addresses, samples, warm, password } = JSON.parse(input);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const { hostname, port } = new URL(url);

/** Path, body, and the status that is right. */
const operations = {
  'sign-up': (email) => ['sign-up', { email, password }, 202],
  forgot: (email) => ['password/forgot', { email }, 202],
  code: (email) => ['code/request', { email }, 202],
  'wrong password': (email) => ['sign-in', { email, password: 'not the password at all' }, 401],
};

/** Whoever signs up is unknown once. */
const addressOf = (kind, turn) =>
  kind === 'unknown' && operation === 'sign-up' ? `new${turn}@example.com` : `${kind}${turn % addresses}@example.com`;

function ask([path, body, right]) {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, hostname, port, method: 'POST', path: `/api/v1/auth/members/${path}`, headers }, (response) => {
      response.on('end', () => resolve(response.statusCode === right));
      response.once('error', reject);
      response.resume();
    });
    sent.once('error', reject);
    sent.end(text);
  });
}

function shuffled(list) {
  const rest = [...list];
  return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
}

const times = Object.fromEntries(kinds.map((kind) => [kind, []]));
let wrong = 0;
for (let turn = 0; turn < warm + samples; turn++)
  for (const kind of shuffled(kinds)) {
    const what = operations[operation](addressOf(kind, turn));
    const from = performance.now();
    if (!(await ask(what))) wrong += 1;
    if (turn >= warm) times[kind].push(performance.now() - from);
  }
agent.destroy();
process.stdout.write(JSON.stringify({ times, wrong }));
