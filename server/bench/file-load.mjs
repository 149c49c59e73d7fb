/**
 * Gets or sends files, over and over, on a fixed number of connections, until the time or the count is over. A process of its own. Takes
 * what to do as JSON on its standard input and prints as JSON what came of it.
 */
import { Agent, request } from 'node:http';

let input = '';
for await (const part of process.stdin) input += part;
const { url, token, path, paths = [path], send, connections, seconds, most = Infinity } = JSON.parse(input);

const agent = new Agent({ keepAlive: true, maxSockets: connections });
const { hostname, port } = new URL(url);
const piece = Buffer.alloc(65_536, 'x');
const headers = {
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
  ...(send !== undefined && { 'content-type': 'application/octet-stream', 'content-length': send }),
};

let serial = 0;

function ask() {
  return new Promise((resolve, reject) => {
    let bytes = send ?? 0;
    const asked = request(
      { agent, hostname, port, method: send === undefined ? 'GET' : 'POST', path: paths[serial++ % paths.length], headers },
      (response) => {
        response.on('data', (data) => (bytes += send === undefined ? data.length : 0));
        response.once('end', () =>
          response.statusCode === (send === undefined ? 200 : 201) ? resolve(bytes) : reject(new Error(`${response.statusCode}`)),
        );
        response.once('error', reject);
      },
    );
    asked.once('error', reject);
    if (send === undefined) return void asked.end();
    let left = send;
    const more = () => {
      for (let free = true; free;) {
        if (left <= 0) return void asked.end();
        free = asked.write(left < piece.length ? piece.subarray(0, left) : piece);
        left -= piece.length;
      }
    };
    asked.on('drain', more);
    more();
  });
}

let requests = 0;
let bytes = 0;
let wrong = 0;
const begun = performance.now();
const until = begun + seconds * 1000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (performance.now() < until && requests < most) {
      requests += 1;
      bytes += await ask().catch(() => ((wrong += 1), 0));
    }
  }),
);
const took = (performance.now() - begun) / 1000;
agent.destroy();
process.stdout.write(JSON.stringify({ requests, wrong, perSecond: requests / took, megabytes: bytes / 1_048_576 / took }));
