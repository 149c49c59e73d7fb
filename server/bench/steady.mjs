/**
 * Reads one record at a fixed rate, whether the ones before were answered or not, until its standard input ends. Takes
 * what to do as a line of JSON and prints every sample. A request is timed from when it was sent: what this process itself
 * is late by is not the server's.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin });
let open = true;
lines.once('close', () => (open = false));
const [line] = await once(lines, 'line');
const { url, path, token, perSecond } = JSON.parse(line);

const agent = new Agent({ keepAlive: true });
const { hostname, port } = new URL(url);
const headers = { authorization: `Bearer ${token}` };
const now = () => performance.timeOrigin + performance.now();

const read = () =>
  new Promise((resolve) => {
    const sent = now();
    const done = (status) => resolve({ sent, ms: now() - sent, status });
    const asked = request({ agent, hostname, port, path, headers }, (response) => {
      response.on('end', () => done(response.statusCode));
      response.once('error', () => done('none'));
      response.resume();
    });
    asked.once('error', () => done('none'));
    asked.end();
  });

const samples = [];
const begun = now();
while (open) {
  while (now() - begun >= (samples.length * 1000) / perSecond) samples.push(read());
  const next = begun + (samples.length * 1000) / perSecond;
  await new Promise((resolve) => setTimeout(resolve, next - now()));
}
const all = await Promise.all(samples);
agent.destroy();
process.stdout.write(JSON.stringify(all));
