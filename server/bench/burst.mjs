/** Signs in many accounts at once, each on a connection of its own; counts how they were answered, and when the last was. */
import { request } from 'node:http';

let input = '';
for await (const part of process.stdin) input += part;
const { url, emails, password } = JSON.parse(input);
const { hostname, port } = new URL(url);
const now = () => performance.timeOrigin + performance.now();

const signIn = (email) =>
  new Promise((resolve) => {
    const text = JSON.stringify({ email, password });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request({ agent: false, hostname, port, method: 'POST', path: '/api/v1/auth/users/sign-in', headers }, (response) => {
      response.on('end', () => resolve(response.statusCode));
      response.once('error', () => resolve('none'));
      response.resume();
    });
    sent.once('error', () => resolve('none'));
    sent.end(text);
  });

const from = now();
const statuses = {};
for (const status of await Promise.all(emails.map(signIn))) statuses[status] = (statuses[status] ?? 0) + 1;
process.stdout.write(JSON.stringify({ from, until: now(), statuses }));
