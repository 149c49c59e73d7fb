/** Limits are on: who guesses passwords costs few hashes, and never more of them at once than there is room for. */
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { TestApp } from '../support/app.ts';

const counted = { hashes: 0, running: 0, most: 0 };
const real = await import('@node-rs/argon2');
async function during<T>(work: Promise<T>): Promise<T> {
  counted.hashes++;
  counted.most = Math.max(counted.most, ++counted.running);
  try {
    return await work;
  } finally {
    counted.running--;
  }
}
jest.unstable_mockModule('@node-rs/argon2', () => ({
  ...real,
  hash: (...parts: Parameters<typeof real.hash>) => during(real.hash(...parts)),
  verify: (...parts: Parameters<typeof real.verify>) => during(real.verify(...parts)),
}));
const { password, startTestApp } = await import('../support/app.ts');

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp({ RATE_LIMITS: 'on', TRUST_PROXY: '1' });
  await up.account('target');
});
afterAll(() => up.close());
beforeEach(() => {
  Object.assign(counted, { hashes: 0, running: 0, most: 0 });
});

const from = (n: number) => ({ 'x-forwarded-for': `10.${n >> 8}.${n & 255}.1` });
const signIn = (email: string, secret: string, headers: Record<string, string>) =>
  up.send('POST /auth/users/sign-in', { body: { email, password: secret }, headers });
const many = <T>(count: number, one: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_none, n) => one(n)));
const tally = (values: readonly unknown[]) =>
  values.reduce<Record<string, number>>((sums, value) => ({ ...sums, [String(value)]: (sums[String(value)] ?? 0) + 1 }), {});
const room = Math.max(1, availableParallelism() - 1);

test('a hundred wrong passwords at once are five hashes, whoever is asked for', async () => {
  for (const [n, email] of ['target@example.com', 'nobody@example.com'].entries()) {
    counted.hashes = 0;
    const answers = await many(100, (index) => signIn(email, `not the password ${index}`, from(n)));
    const statuses = tally(answers.map(({ status }) => status));
    expect([email, counted.hashes, statuses['401']]).toEqual([email, 5, 5]);
    expect(answers.filter(({ status }) => ![401, 429].includes(status))).toEqual([]);
    expect(answers.filter(({ status, headers }) => status === 429 && !(Number(headers.get('retry-after')) > 0))).toEqual([]);
  }
});

test('two hundred who sign in at once: no more hashes at a time than cores but one, and beyond the queue 503 with Retry-After', async () => {
  const answers = await many(200, (n) => signIn('target@example.com', password, from(1_000 + n)));
  const statuses = tally(answers.map(({ status }) => status));
  process.stdout.write(`hashes at once: ${counted.most} of ${room}; answers: ${JSON.stringify(statuses)}\n`);
  expect(counted.most).toBeLessThanOrEqual(room);
  expect(counted.most).toBeGreaterThan(0);
  // A hundred may wait and `room` are at work; who comes later finds room again where some have left.
  expect(Number(statuses['200'])).toBeGreaterThanOrEqual(room);
  expect(Number(statuses['200'] ?? 0) + Number(statuses['503'] ?? 0)).toBe(200);
  expect(counted.hashes).toBe(statuses['200']);
  for (const { status, headers } of answers) if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
});

test('thirty refreshes of one token at once are one chain of one child each', async () => {
  const { body: first } = await signIn('target@example.com', password, from(5_000));
  let token = first.refreshToken;
  const session = () => up.sql(`SELECT id FROM underpin.sessions WHERE ended IS NULL ORDER BY id`);
  const before = await session();
  const spent = async () => Number((await up.sql('SELECT count(*) AS n FROM underpin.spent_tokens'))[0]?.['n']);
  for (let round = 1; round <= 3; round++) {
    const answers = await many(30, (n) =>
      up.send('POST /auth/users/refresh', { body: { refreshToken: token }, headers: from(6_000 + round * 100 + n) }),
    );
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 30 });
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    expect(await spent()).toBe(round);
    token = answers[0]?.body.refreshToken;
  }
  expect(await session()).toEqual(before);
  expect(counted.hashes).toBe(1);
});

test('a key may name the visitor that it asks for, and each of them is counted apart; from anybody else the name says nothing', async () => {
  const make = async (more: Record<string, unknown>): Promise<string> => {
    const scopes = [{ on: 'accounts:users', actions: ['list', 'view'] }];
    return (await up.send('POST /records/_api_keys', { token: up.owner, body: { name: 'k', scopes, ...more } })).body.key;
  };
  const [front, plain, slow] = [await make({ forward: true }), await make({}), await make({ rate: 7 })];
  const wrong = async (client: string, token?: string): Promise<number> =>
    (
      await up.send('POST /auth/users/sign-in', {
        body: { email: 'visitor@example.com', password: 'not the password' },
        headers: { ...from(9_000), 'x-client-address': client },
        ...(token === undefined ? {} : { token }),
      })
    ).status;
  const tries = async (count: number, client: (n: number) => string, token?: string) => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n++) statuses.push(await wrong(client(n), token));
    return tally(statuses);
  };
  expect(await tries(8, (n) => `192.0.2.${n}`, front)).toEqual({ 401: 8 });
  expect(await tries(7, () => '198.51.100.1', front)).toEqual({ 401: 5, 429: 2 });
  expect(await tries(7, (n) => `203.0.113.${n}`, plain)).toEqual({ 401: 5, 429: 2 });
  expect(await tries(2, (n) => `203.0.113.${n}`)).toEqual({ 429: 2 });
  const { body } = await up.send('POST /auth/users/sign-in', {
    body: { email: 'target@example.com', password },
    token: front,
    headers: { 'x-client-address': '192.0.2.77' },
  });
  expect(await up.sql('SELECT address FROM underpin.sessions ORDER BY created DESC, id DESC LIMIT 1')).toEqual([{ address: '192.0.2.77' }]);
  expect(body.accessToken).toEqual(expect.any(String));
  const ask = (token: string, headers: Record<string, string> = {}) => up.send('GET /records/users', { token, headers });
  expect((await ask(front, { 'x-client-address': 'nobody' })).status).toBe(400);
  const slowly = await many(10, () => ask(slow));
  expect(tally(slowly.map(({ status }) => status))).toEqual({ 200: 7, 429: 3 });
  expect(slowly[0]?.headers.get('ratelimit-limit')).toBe('7');
  const visitor = (n: number) => ask(front, { 'x-client-address': `192.0.2.${n}` });
  const left = async (n: number) => Number((await visitor(n)).headers.get('ratelimit-remaining'));
  expect([await left(1), await left(1), await left(2), await left(1)]).toEqual([299, 298, 299, 297]);
});
