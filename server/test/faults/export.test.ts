/** An export of a hundred thousand records to a reader that is slow: a page at a time, and little memory. */
import { request, type IncomingMessage } from 'node:http';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dataFolder, endProcesses, startProcess, superuser, type Process } from '../support/process.ts';

const records = 100_000;
const dataDir = dataFolder();
const env = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'correct horse battery staple', RATE_LIMITS: 'off' };
let server: Process;
let token = '';

beforeAll(async () => {
  server = await startProcess(dataDir, env);
  await server.ready();
  const { body } = await server.send('POST /auth/_admins/sign-in', { body: { email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD } });
  token = body.accessToken;
  const definition = { name: 'notes', fields: [{ name: 'text', type: 'text' }], rules: { list: 'true' } };
  expect((await server.send('POST /collections', { token, body: definition })).status).toBe(201);
  const client = await superuser(dataDir);
  await client.query(
    `INSERT INTO notes (id, text, created, updated, version) SELECT gen_random_uuid(), repeat('words ', 80) || n, now() - n * interval '1 s', now(), 1 FROM generate_series(1, ${records}) n`,
  );
  await client.query('ANALYZE notes');
  await client.end();
}, 120_000);
afterAll(endProcesses, 60_000);

/** Kilobytes of the server's process alone, as Linux counts them. */
const memory = (name: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);

const open = (path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } }, resolve)
      .once('error', reject)
      .end();
  });

/** Lines that came; after each piece the reader does something else for a while. */
async function readSlowly(path: string): Promise<number> {
  const answer = await open(path);
  let lines = 0;
  for await (const piece of answer) {
    lines += Buffer.from(piece).toString().split('\n').length - 1;
    for (let other = 0; other < 20; other++) await turn();
  }
  return lines;
}

test('brings every record, and holds at most 60 MB more than before', async () => {
  // The code is compiled and the first garbage made by a short one, which is not what is measured.
  expect(await readSlowly('/records/notes/export?format=ndjson&limit=20000')).toBe(20_000);
  const idle = memory('VmRSS');
  expect(await readSlowly('/records/notes/export?format=ndjson')).toBe(records);
  const peak = memory('VmHWM');
  process.stdout.write(`export of ${records}: idle ${Math.round(idle / 1024)} MB, peak ${Math.round(peak / 1024)} MB\n`);
  expect(peak - idle).toBeLessThanOrEqual(60 * 1024);
}, 300_000);

test('of a reader that goes away leaves the server to the next', async () => {
  const answer = await open('/records/notes/export?format=ndjson');
  await new Promise((resolve) => answer.once('data', resolve));
  answer.destroy();
  // The server is there for the next, and the next is whole.
  const next = await server.send('GET /records/notes/export?format=ndjson&limit=3');
  expect(next.text.trim().split('\n').length).toBe(3);
});
