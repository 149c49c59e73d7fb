/**
 * Asks one server one thing, over and over, on a fixed number of connections, until the time or the count is over.
 * A process of its own, so that its work is not the server's. Takes what to do as JSON on its standard input and
 * prints as JSON what came of it. node:http with a keep-alive agent: fetch costs several times as much.
 */
import { Agent, request } from 'node:http';

let input = '';
for await (const part of process.stdin) input += part;
const { url, token, operation, ids, cursor, connections, seconds, most } = JSON.parse(input);

const agent = new Agent({ keepAlive: true, maxSockets: connections });
const { hostname, port } = new URL(url);
const headers = { authorization: `Bearer ${token}` };
const base = '/api/v1/records/posts';
const published = { filter: 'status == $status', 'p.status': 'published', sort: '-views', limit: '20' };
const list = `${base}?${new URLSearchParams(published)}`;
const author = `${base}?${new URLSearchParams({ ...published, expand: 'author', 'expand.author.fields': 'name' })}`;
const far = `${base}?${new URLSearchParams({ sort: '-views', limit: '20', page: '2500' })}`;
const further = `${base}?${new URLSearchParams({ sort: '-views', limit: '20', cursor: cursor ?? '' })}`;
let serial = 0;

const newPost = () => ({ title: `made ${serial++}`, body: 'by the load', status: 'draft', views: 1 });

/** The next request: method, path, body, and the status that is right. */
const operations = {
  get: () => ['GET', `${base}/${ids[serial++ % ids.length]}`, undefined, 200],
  list: () => ['GET', list, undefined, 200],
  author: () => ['GET', author, undefined, 200],
  cursor: () => ['GET', further, undefined, 200],
  offset: () => ['GET', far, undefined, 200],
  covered: () => ['GET', far, undefined, 200],
  batch: () => [
    'POST',
    '/api/v1/batch',
    { operations: Array.from({ length: 50 }, () => ({ op: 'create', collection: 'posts', data: newPost() })) },
    200,
  ],
  create: () => ['POST', base, newPost(), 201],
  update: () => ['PATCH', `${base}/${ids[serial++ % ids.length]}`, { title: `changed ${serial}` }, 200],
};

function ask([method, path, body, right]) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const more = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request({ agent, hostname, port, method, path, headers: { ...headers, ...more } }, (response) => {
      response.on('end', () => resolve(response.statusCode === right));
      response.once('error', reject);
      response.resume();
    });
    sent.once('error', reject);
    sent.end(text);
  });
}

const times = [];
let wrong = 0;
const begun = performance.now();
const until = begun + seconds * 1000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (performance.now() < until && times.length < most) {
      const from = performance.now();
      if (!(await ask(operations[operation]()).catch(() => false))) wrong += 1;
      times.push(performance.now() - from);
    }
  }),
);
const took = (performance.now() - begun) / 1000;
agent.destroy();
times.sort((a, b) => a - b);
const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
process.stdout.write(JSON.stringify({ requests: times.length, wrong, perSecond: times.length / took, p50: at(0.5), p99: at(0.99) }));
