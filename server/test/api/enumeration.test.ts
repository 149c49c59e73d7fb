/**
 * What an answer must not tell: whether an address has an account. Compared are the bytes of answers but for the id of the request,
 * each statement that ran for them in order, how many passwords were hashed, and how many messages and jobs were written.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as argon2 from '@node-rs/argon2';
import type { Db } from '../../src/db/connect.ts';
import type { Answer, TestApp } from '../support/app.ts';

let hashes = 0;
jest.unstable_mockModule('@node-rs/argon2', () => ({
  hash: (...given: Parameters<typeof argon2.hash>) => (hashes++, argon2.hash(...given)),
  verify: (...given: Parameters<typeof argon2.verify>) => (hashes++, argon2.verify(...given)),
}));
const { password, startTestApp } = await import('../support/app.ts');

let up: TestApp;
let statements: string[] = [];

/** The same, with each statement and each begin and end of a transaction written down. */
const watched = (db: Db): Db => ({
  run: (statement) => (statements.push(statement.text), db.run(statement)),
  texts: (statement) => (statements.push(statement.text), db.texts(statement)),
  transaction: async (fn) => {
    statements.push('begin');
    try {
      return await db.transaction((inside) => fn(watched(inside)));
    } finally {
      statements.push('end');
    }
  },
});

beforeAll(async () => {
  up = await startTestApp({ RATE_LIMITS: 'on' });
  const rules = { list: 'id == auth.id', create: 'true' };
  for (const name of ['members', 'open']) {
    const auth = { code: true, verification: name === 'members' };
    expect((await up.send('POST /collections', { token: up.owner, body: { name, kind: 'auth', rules, auth } })).status).toBe(201);
    for (const who of ['known', 'unverified', 'disabled']) {
      await up.send(`POST /auth/${name}/sign-up`, { body: { email: `${who}@example.com`, password } });
      const set = { known: 'verified = true', unverified: 'verified = false', disabled: 'disabled = true' }[who];
      await up.sql(`UPDATE ${name} SET ${set ?? ''} WHERE email = '${who}@example.com'`);
    }
  }
  Object.assign(up.app.base.database.app, watched({ ...up.app.base.database.app }));
}, 60_000);
afterAll(() => up.close());

const count = async (table: string): Promise<number> => Number((await up.sql(`SELECT count(*) AS n FROM underpin.${table}`))[0]?.['n']);

async function traced(request: string, body: unknown) {
  await up.sql('DELETE FROM underpin.rate_counts');
  const before = [await count('jobs'), await count('messages'), await count('one_time')];
  statements = [];
  hashes = 0;
  const answer = await up.send(`POST /auth/${request}`, { body });
  const ran = statements;
  const after = [await count('jobs'), await count('messages'), await count('one_time')];
  return {
    ...alike(answer),
    hashes,
    statements: ran,
    jobs: (after[0] ?? 0) - (before[0] ?? 0),
    messages: (after[1] ?? 0) - (before[1] ?? 0),
  };
}
const alike = ({ status, text, headers }: Answer) => ({
  status,
  text: text.replace(/"requestId":"[^"]*"/, ''),
  headers: [...headers.entries()].filter(([name]) => !['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset'].includes(name)),
});

const wrong = 'not the password at all';
const who = ['known', 'nobody', 'unverified', 'disabled'];
describe.each<[string, (email: string) => unknown, number, number, number]>([
  ['members/sign-up', (email) => ({ email, password }), 202, 1, 1],
  ['members/sign-in', (email) => ({ email, password: wrong }), 401, 1, 0],
  ['members/password/forgot', (email) => ({ email }), 202, 0, 1],
  ['members/code/request', (email) => ({ email }), 202, 0, 1],
  ['members/verify/request', (email) => ({ email }), 202, 0, 1],
  ['members/code/confirm', (email) => ({ email, code: '000000' }), 401, 0, 0],
  ['open/sign-in', (email) => ({ email, password: wrong }), 401, 1, 0],
  ['open/password/forgot', (email) => ({ email }), 202, 0, 1],
  ['open/code/request', (email) => ({ email }), 202, 0, 1],
])('%s', (request, body, status, hashed, jobs) => {
  test(`answers ${who.join(', ')} alike, and does as much for each`, async () => {
    const traces = [];
    for (const one of who) traces.push(await traced(request, body(`${one}@example.com`)));
    for (const trace of traces) {
      expect(trace).toEqual(traces[0]);
      expect([trace.status, trace.hashes, trace.jobs, trace.messages]).toEqual([status, hashed, jobs, jobs]);
      expect(trace.statements.length).toBeGreaterThan(2);
    }
    if (request === 'members/sign-up') await up.sql(`DELETE FROM members WHERE email = 'nobody@example.com'`);
  });
});

test('the right password of an account that is not verified is refused like a wrong one', async () => {
  const [right, other] = [
    await traced('members/sign-in', { email: 'unverified@example.com', password }),
    await traced('members/sign-in', { email: 'known@example.com', password: wrong }),
  ];
  expect(right).toEqual(other);
  expect((await traced('members/sign-in', { email: 'known@example.com', password })).status).toBe(200);
});

test('the fourth mail of an hour is not written, which the answer does not tell, and the third one’s link stays good', async () => {
  const forgot = () => up.send('POST /auth/members/password/forgot', { body: { email: 'known@example.com' } });
  const stored = () =>
    up.sql(
      `SELECT hash FROM underpin.one_time WHERE address = 'known@example.com' AND purpose = 'reset' AND account IN (SELECT id FROM members)`,
    );
  const sent = async () =>
    (await up.sql(`SELECT FROM underpin.messages WHERE recipient = 'known@example.com' AND template = 'reset'`)).length;
  await up.sql('DELETE FROM underpin.rate_counts');
  const before = await sent();
  const answers = [await forgot(), await forgot(), await forgot()];
  const third = await stored();
  answers.push(await forgot(), await forgot());
  expect([await sent(), await stored()]).toEqual([before + 3, third]);
  for (const answer of answers) expect(alike(answer)).toEqual(alike(answers[0] ?? answer));
});
