/**
 * Eight writers, and a server that is killed five times in mid-traffic: every write that was acknowledged is there
 * whole, and none of the others is there by half.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { dataFolder, endProcesses, startProcess, superuser, until, type Process } from '../support/process.ts';

const seed = Number(process.env['UNDERPIN_TEST_SEED'] ?? 20_261_121);
/** mulberry32: small, seeded, good enough to choose moments. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const writers = 8;
const kills = 5;
const least = 500;
const dataDir = dataFolder();
const env = { ADMIN_EMAIL: 'owner@example.com', ADMIN_PASSWORD: 'correct horse battery staple', RATE_LIMITS: 'off' };
let server: Process;
let token = '';
let tags: string[] = [];
const acknowledged = new Map<string, { readonly key: string; readonly tags: readonly string[]; readonly id: string }>();

beforeAll(async () => {
  server = await startProcess(dataDir, env);
  await server.ready();
  await signIn();
  const make = (body: unknown) => server.send('POST /collections', { token, body });
  expect((await make({ name: 'tags', fields: [{ name: 'name', type: 'text' }] })).status).toBe(201);
  expect(
    (
      await make({
        name: 'notes',
        fields: [
          { name: 'text', type: 'text' },
          { name: 'tags', type: 'relation', to: 'tags', many: true },
        ],
        indexes: [{ fields: ['text'], unique: true }],
      })
    ).status,
  ).toBe(201);
  tags = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => (await server.send('POST /records/tags', { token, body: { name } })).body.id),
  );
}, 120_000);
afterAll(endProcesses, 60_000);

async function signIn(): Promise<void> {
  token = (await server.send('POST /auth/_admins/sign-in', { body: { email: env.ADMIN_EMAIL, password: env.ADMIN_PASSWORD } })).body
    .accessToken;
}

/** Writes until it is told to stop or the server is gone; what got an answer is remembered. */
async function write(name: string, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const text = `${name} ${n}`;
    const key = `key of ${text}`.replaceAll(' ', '-').padEnd(16, '-');
    const list = tags.slice(0, n % 4);
    try {
      const answer = await server.send('POST /records/notes', { token, body: { text, tags: list }, headers: { 'idempotency-key': key } });
      if (answer.status === 201) acknowledged.set(text, { key, tags: list, id: answer.body.id });
      else if (answer.status < 500) throw new Error(`refused: ${answer.text}`);
    } catch (error) {
      if (isOver() || (error instanceof TypeError && /fetch failed|terminated/.test(error.message))) return;
      throw error;
    }
  }
}

test(`what was acknowledged is there after ${kills} kills (seed ${seed})`, async () => {
  const next = random(seed);
  for (let round = 0; round < kills; round++) {
    const before = acknowledged.size;
    let over = false;
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(`r${round} w${writer}`, () => over)));
    const enough = least + Math.floor(next() * 100);
    await until(`${enough} writes are acknowledged`, () => acknowledged.size - before >= enough, 120_000);
    server.kill('SIGKILL');
    over = true;
    await writing;
    await server.ended;
    server = await startProcess(dataDir, env);
    await server.ready();
    await signIn();
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(kills * least);

  const database: pg.Client = await superuser(dataDir);
  const [{ junction } = { junction: '' }] = (
    await database.query<{ junction: string }>(
      `SELECT 'underpin.many_' || replace(f->>'id', '-', '') AS junction FROM underpin.collections c, jsonb_array_elements(c.definition->'fields') f WHERE c.name = 'notes' AND f->>'name' = 'tags'`,
    )
  ).rows;
  const { rows } = await database.query<{ id: string; text: string; tags: string[] }>(
    `SELECT n.id, n.text, ARRAY(SELECT j.target::text FROM ${junction} j WHERE j.source = n.id ORDER BY j.position) AS tags FROM notes n`,
  );
  const stored = new Map(rows.map((row) => [row.text, row]));
  const lost = [...acknowledged].filter(([text, { id }]) => stored.get(text)?.id !== id).map(([text]) => text);
  expect(lost).toEqual([]);
  // Whole, acknowledged or not: the list of a note follows from its number.
  const half = rows.filter(({ text, tags: list }) => list.join() !== tags.slice(0, Number(text.split(' ')[2]) % 4).join());
  expect(half).toEqual([]);
  // Each record has the answer to its key, and each answer its record.
  const { rows: answers } = await database.query<{ record: string }>(
    'SELECT record::text FROM underpin.idempotency WHERE record IS NOT NULL',
  );
  expect(new Set(answers.map(({ record }) => record))).toEqual(new Set(rows.map(({ id }) => id)));
  await database.end();

  for (const [text, { key, id, tags: list }] of [...acknowledged].filter((_one, index) => index % 50 === 0)) {
    const again = await server.send('POST /records/notes', { token, body: { text, tags: list }, headers: { 'idempotency-key': key } });
    expect([again.status, again.body.id, again.headers.get('idempotency-replayed')]).toEqual([201, id, 'true']);
  }
}, 400_000);
