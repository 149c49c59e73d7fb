/** Files, and a server that is killed between the store and the table; and callers who send what costs a server dearly. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { crc32, createDeflate } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import sharp from 'sharp';
import { dataFolder, endProcesses, startProcess, superuser, until, type Process } from '../support/process.ts';

const dataDir = dataFolder();
const env = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'correct horse battery staple', RATE_LIMITS: 'off' };
let server: Process;
let token = '';
let sql: pg.Client;

async function start(): Promise<void> {
  server = await startProcess(dataDir, env);
  await server.ready();
  token = (await server.send('POST /auth/_admins/sign-in', { body: { email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD } })).body
    .accessToken;
  sql = await superuser(dataDir);
}
beforeAll(async () => {
  await start();
  const made = await server.send('POST /collections', {
    token,
    body: {
      name: 'films',
      fields: [
        { name: 'film', type: 'file', maxSize: 20_000_000 },
        { name: 'still', type: 'file', types: ['image/*'], thumbs: ['100x100'] },
      ],
    },
  });
  if (made.status !== 201) throw new Error(made.text);
}, 120_000);
afterAll(async () => {
  await sql.end();
  await endProcesses();
}, 60_000);

const upload = (bytes: Buffer, field = 'film') =>
  fetch(`${server.url}/api/v1/files?collection=films&field=${field}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: new Blob([new Uint8Array(bytes)]),
  });
const filesIn = (folder: 'begun' | 'whole'): string[] => {
  const path = join(dataDir, 'files', folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
};

test('killed when the bytes are in the store and the table does not say so: nobody reads them, and they go', async () => {
  const blocker = await superuser(dataDir);
  await blocker.query(
    `CREATE FUNCTION public.wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(4711); RETURN NEW; END $$`,
  );
  await blocker.query(
    'CREATE TRIGGER wait_here BEFORE UPDATE ON underpin.files FOR EACH ROW WHEN (OLD.whole IS NULL AND NEW.whole IS NOT NULL) EXECUTE FUNCTION public.wait_here()',
  );
  await blocker.query('SELECT pg_advisory_lock(4711)');
  const asked = upload(randomBytes(1_000_000)).then(
    () => 'answered',
    () => 'broken',
  );
  await until('the bytes are in the store', () => filesIn('whole').length === 1);
  server.kill('SIGKILL');
  expect(await asked).toBe('broken');
  await server.ended;
  // Its statement waits on in Postgres, which has not noticed yet that nobody waits for the answer.
  await blocker.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'advisory'`);
  await blocker.end().catch(() => undefined);
  await sql.end().catch(() => undefined);
  await start();
  await sql.query('DROP TRIGGER wait_here ON underpin.files');
  const { rows } = await sql.query<{ id: string; state: string }>('SELECT id, state FROM underpin.files_seen');
  expect(rows).toEqual([{ id: filesIn('whole')[0], state: 'begun' }]);
  const id = rows[0]?.id ?? '';
  expect((await server.send(`GET /files/${id}`, { token })).status).toBe(404);
  expect((await server.send('POST /records/films', { token, body: { film: id } })).status).toBe(422);
  await sql.query(`UPDATE underpin.files SET created = created - interval '25 hours'`);
  const swept = await server.send('POST /ops/files/sweep', { token, body: { dryRun: false } });
  expect([swept.body.count, filesIn('whole'), filesIn('begun'), (await sql.query('SELECT FROM underpin.files')).rowCount]).toEqual([
    1,
    [],
    [],
    0,
  ]);
}, 120_000);

describe('who sends what costs dearly', () => {
  /** 40,000 × 40,000 black dots in two hundred kilobytes. */
  async function bomb(): Promise<Buffer> {
    const side = 40_000;
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      sum.writeUInt32BE(crc32(body));
      return Buffer.concat([length, body, sum]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(side, 0);
    header.writeUInt32BE(side, 4);
    header[8] = 1;
    const deflate = createDeflate({ level: 9 });
    const parts: Buffer[] = [];
    deflate.on('data', (part: Buffer) => parts.push(part));
    const rows = Buffer.alloc((side / 8 + 1) * 100);
    for (let row = 0; row < side; row += 100) if (!deflate.write(rows)) await once(deflate, 'drain');
    deflate.end();
    await once(deflate, 'end');
    return Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', header),
      chunk('IDAT', Buffer.concat(parts)),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }

  const rss = (): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1_024;

  /** Sends so many bytes of an upload of unknown length, then is gone; or sends for ever. */
  const sending = (bytes: number): Promise<number> =>
    new Promise((resolve) => {
      const asked = httpRequest(`${server.url}/api/v1/files?collection=films&field=film`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      asked.once('response', ({ statusCode = 0 }) => resolve(statusCode));
      asked.once('error', () => resolve(0));
      const piece = Buffer.alloc(65_536);
      let sent = 0;
      const more = (): void => {
        for (let free = true; free && !asked.destroyed;) {
          if (sent >= bytes) return void asked.destroy();
          sent += piece.length;
          free = asked.write(piece);
        }
      };
      asked.on('drain', more);
      more();
    });

  test('is refused, cut off or let go, and costs at most 150 MB', async () => {
    const good = await sharp(randomBytes(2_000 * 1_500 * 3), { raw: { width: 2_000, height: 1_500, channels: 3 } })
      .jpeg()
      .toBuffer();
    const made = await (await upload(good, 'still')).json();
    await server.send('POST /records/films', { token, body: { still: made.id } });
    const text = await (await upload(Buffer.from('x'.repeat(100_000)))).json();
    await server.send('POST /records/films', { token, body: { film: text.id } });
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(server.url + path, { headers: { authorization: `Bearer ${token}`, ...headers } });
    await (await get(text.url)).arrayBuffer();
    const idle = rss();
    let peak = idle;
    const watch = setInterval(() => (peak = Math.max(peak, rss())), 20);
    const before = (await sql.query('SELECT id FROM underpin.files ORDER BY id')).rows;
    try {
      const small = await bomb();
      expect(small.length).toBeLessThan(300_000);
      const refused = await upload(small, 'still');
      expect([refused.status, (await refused.json()).code]).toEqual([422, 'validation_failed']);
      // Endless: each is told that it is too large, or cut off while it sends.
      const endless = await Promise.all(Array.from({ length: 8 }, () => sending(Infinity)));
      expect(endless.every((status) => status === 413 || status === 0)).toBe(true);
      const ranges = Array.from({ length: 1_000 }, (_none, n) => `${n}-${n + 50_000}`).join();
      const sizes = await Promise.all(
        Array.from(
          { length: 20 },
          async () => (await (await get(text.url, { range: `bytes=${ranges.slice(0, 12_000)}` })).arrayBuffer()).byteLength,
        ),
      );
      expect(new Set(sizes)).toEqual(new Set([100_000]));
      for (let round = 0; round < 10; round++)
        expect(await Promise.all(Array.from({ length: 20 }, () => sending(1_000_000)))).toEqual(Array.from({ length: 20 }, () => 0));
      const thumbs = await Promise.all(Array.from({ length: 20 }, async () => (await get(`${made.url}?thumb=100x100`)).status));
      expect(new Set(thumbs)).toEqual(new Set([200]));
      await until(
        'nothing is left of what was cut off',
        async () => JSON.stringify((await sql.query('SELECT id FROM underpin.files ORDER BY id')).rows) === JSON.stringify(before),
      );
    } finally {
      clearInterval(watch);
    }
    expect([filesIn('begun'), filesIn('whole').length]).toEqual([[], 3]);
    process.stderr.write(`RSS idle ${Math.round(idle)} MB, at most ${Math.round(peak)} MB\n`);
    expect(peak - idle).toBeLessThanOrEqual(150);
  }, 120_000);
});
