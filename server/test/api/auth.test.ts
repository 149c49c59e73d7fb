/** Accounts and sessions: who gets in, what a token is good for, and when it ends. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
});
afterAll(() => up.close());

const signIn = (email: string, secret = password, collection = 'users') =>
  up.send(`POST /auth/${collection}/sign-in`, { body: { email, password: secret } });

describe('sign-up', () => {
  test('makes an account, whose password is kept apart from its row', async () => {
    const made = await up.send('POST /auth/users/sign-up', { body: { email: '  Zoë@Exämple.com ', password, name: 'Zoë' } });
    expect(made.status).toBe(201);
    expect(made.body.record).toMatchObject({ email: 'zoë@xn--exmple-cua.com', verified: false, name: 'Zoë' });
    expect(Object.keys(made.body.record)).not.toContain('disabled');
    const rows = JSON.stringify(await up.sql('SELECT * FROM users'));
    expect(rows).not.toContain('argon2');
    const [{ password_hash: hash } = {}] = await up.sql('SELECT password_hash FROM underpin.credentials WHERE account = $1', [
      made.body.record.id,
    ]);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test.each<[string, Record<string, unknown>, number, string]>([
    ['a taken address, otherwise written', { email: 'OWNED@example.com', password }, 409, '/email'],
    ['no address', { password }, 422, '/email'],
    ['what is no address', { email: 'nope', password }, 422, '/email'],
    ['a short password', { email: 'a@example.com', password: 'short' }, 422, '/password'],
    ['a common password', { email: 'a@example.com', password: 'Password123' }, 422, '/password'],
    ['no password', { email: 'a@example.com' }, 422, '/password'],
    ['an unknown field', { email: 'a@example.com', password, nope: 1 }, 400, '/nope'],
    ['roles', { email: 'a@example.com', password, roles: ['admin'] }, 400, '/roles'],
    ['an id', { email: 'a@example.com', password, id: '01a20080-0000-7000-8000-000000000000' }, 400, '/id'],
    ['verified', { email: 'a@example.com', password, verified: true }, 400, '/verified'],
  ])('with %s is refused, and nobody is made', async (_name, body, status, pointer) => {
    await up.send('POST /auth/users/sign-up', { body: { email: 'owned@example.com', password } });
    const before = await up.sql('SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM underpin.credentials) AS n');
    const answer = await up.send('POST /auth/users/sign-up', { body });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([status, pointer]);
    expect(await up.sql('SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM underpin.credentials) AS n')).toEqual(before);
  });

  test('of admins there is none', async () => {
    expect((await up.send('POST /auth/_admins/sign-up', { body: { email: 'evil@example.com', password } })).status).toBe(403);
  });
});

describe('sign-in', () => {
  test('answers wrong address and wrong password alike', async () => {
    await up.account('known');
    const answers = [await signIn('known@example.com', 'not the password'), await signIn('nobody@example.com')];
    const [first, second] = answers.map(({ status, body }) => ({ status, ...body, requestId: '' }));
    expect(first).toEqual(second);
    expect(first).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  test('an account of one collection is none of another', async () => {
    const { token } = await up.account('apart');
    expect((await up.send('GET /auth/users/me', { token })).status).toBe(200);
    expect((await up.send('GET /auth/_admins/me', { token })).status).toBe(401);
    expect((await signIn('apart@example.com', password, '_admins')).status).toBe(401);
    expect((await signIn(ownerEmail)).status).toBe(401);
    expect((await up.send('POST /auth/nope/sign-in', { body: { email: 'a@example.com', password } })).status).toBe(404);
  });

  test('an account that is disabled does not get in, and is out at once', async () => {
    const { token, id } = await up.account('disabled');
    expect((await up.send('GET /auth/users/me', { token })).status).toBe(200);
    expect((await up.send(`PATCH /records/users/${id}`, { token: up.owner, body: { disabled: true } })).status).toBe(200);
    await gone(token);
    expect((await signIn('disabled@example.com')).status).toBe(401);
  });

  test('an account that is deleted leaves neither session nor password', async () => {
    const { token, id } = await up.account('deleted');
    expect((await up.send(`DELETE /records/users/${id}`, { token: up.owner })).status).toBe(204);
    await gone(token);
    expect(
      await up.sql('SELECT 1 FROM underpin.credentials WHERE account = $1 UNION ALL SELECT 1 FROM underpin.sessions WHERE account = $1', [
        id,
      ]),
    ).toEqual([]);
  });
});

/** A session ends everywhere within a second. */
async function gone(token: string): Promise<void> {
  const begun = Date.now();
  for (;;) {
    const { status } = await up.send('GET /auth/users/me', { token });
    if (status === 401) return;
    if (Date.now() - begun > 5_000) throw new Error('the session goes on');
  }
}

describe('tokens', () => {
  test('end after ten minutes', async () => {
    const { token } = await up.account('late');
    up.ahead = 540_000;
    expect((await up.send('GET /auth/users/me', { token })).status).toBe(200);
    up.ahead = 601_000;
    expect((await up.send('GET /auth/users/me', { token })).status).toBe(401);
    up.ahead = 0;
  });

  test('that are not ours are refused, whatever they say', async () => {
    const { token } = await up.account('forger');
    const [head, body, signature] = token.split('.');
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(body ?? '', 'base64url').toString());
    for (const forged of [
      'nope',
      `${head}.${part({ ...claims, sub: 'other' })}.${signature}`,
      `${part({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
      `${part({ alg: 'HS256', typ: 'at+jwt' })}.${body}.${signature}`,
      `${token}x`,
    ]) {
      expect((await up.send('GET /records/users', { token: forged })).status).toBe(401);
    }
  });
});

describe('refresh', () => {
  const refresh = (refreshToken: string) => up.send('POST /auth/users/refresh', { body: { refreshToken } });

  test('gives a successor, and the same one again within ten seconds', async () => {
    const { refreshToken } = await up.account('grace');
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken), refresh(refreshToken)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const next = answers[0]?.body;
    expect(next.refreshToken).not.toBe(refreshToken);
    expect((await up.send('GET /auth/users/me', { token: next.accessToken })).status).toBe(200);
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  test('with any spent token later ends the session, and is in the audit', async () => {
    const { refreshToken, id } = await up.account('thief');
    const second = (await refresh(refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    up.ahead = 11_000;
    expect((await refresh(refreshToken)).status).toBe(401);
    expect((await refresh(third.refreshToken)).status).toBe(401);
    await gone(third.accessToken);
    up.ahead = 0;
    const audited = await up.sql(`SELECT target FROM underpin.audit WHERE action = 'session.reused'`);
    expect(audited).toEqual([{ target: `users:${id}` }]);
  });

  test('ends after fourteen days without use, and ninety in all', async () => {
    const { refreshToken } = await up.account('idle');
    const day = 86_400_000;
    let token = refreshToken;
    for (const days of [13, 26, 39, 52, 65, 78, 89]) {
      up.ahead = days * day;
      const { status, body } = await refresh(token);
      expect([days, status]).toEqual([days, 200]);
      token = body.refreshToken;
    }
    up.ahead = 91 * day;
    expect((await refresh(token)).status).toBe(401);
    up.ahead = 0;
    const idle = await up.account('idle2');
    up.ahead = 15 * day;
    expect((await refresh(idle.refreshToken)).status).toBe(401);
    up.ahead = 0;
  });

  test('at rest is a hash', async () => {
    const { refreshToken } = await up.account('hash');
    const rows = JSON.stringify(
      await up.sql(`SELECT encode(current, 'base64') AS a, encode(current, 'escape') AS b FROM underpin.sessions`),
    );
    expect(rows).not.toContain(refreshToken);
  });

  test('with what is no token is 401', async () => {
    expect((await refresh('nope')).status).toBe(401);
    expect((await up.send('POST /auth/users/refresh', { body: {} })).status).toBe(401);
  });
});

describe('sessions', () => {
  test('are listed, ended one by one, and end at sign-out', async () => {
    const first = await up.account('many');
    const second = (await signIn('many@example.com')).body;
    const { body } = await up.send('GET /auth/users/sessions', { token: first.token });
    expect(body.data).toHaveLength(2);
    expect(body.data.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    const other = body.data.find(({ current }: { current: boolean }) => !current);
    expect((await up.send(`DELETE /auth/users/sessions/${other.id}`, { token: first.token })).status).toBe(204);
    await gone(second.accessToken);
    expect((await up.send('POST /auth/users/sign-out', { token: first.token })).status).toBe(204);
    await gone(first.token);
  });

  test('of others are not there', async () => {
    const mine = await up.account('mine');
    const theirs = await up.account('theirs');
    const { body } = await up.send('GET /auth/users/sessions', { token: theirs.token });
    expect((await up.send(`DELETE /auth/users/sessions/${body.data[0].id}`, { token: mine.token })).status).toBe(404);
    expect((await up.send('GET /auth/users/me', { token: theirs.token })).status).toBe(200);
  });
});

describe('the dashboard’s cookie', () => {
  const cookieIn = async (): Promise<string> => {
    const answer = await up.send('POST /auth/_admins/sign-in', {
      body: { email: ownerEmail, password },
      headers: { 'x-underpin-session': 'cookie' },
    });
    expect(answer.body).not.toHaveProperty('accessToken');
    expect(answer.body).not.toHaveProperty('refreshToken');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^underpin_admin=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=1209600$/);
    return cookie.split(';')[0] ?? '';
  };

  test('reads, and writes only from its own origin', async () => {
    const cookie = await cookieIn();
    expect((await up.send('GET /schema', { headers: { cookie } })).status).toBe(200);
    const make = (headers: Record<string, string>) =>
      up.send('POST /collections', { body: { name: `c${Math.random().toString(36).slice(2, 10)}` }, headers: { cookie, ...headers } });
    expect((await make({})).status).toBe(403);
    expect((await make({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await make({ 'sec-fetch-site': 'same-site', origin: up.url })).status).toBe(403);
    expect((await make({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await make({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await make({ origin: up.url })).status).toBe(201);
  });

  test('is not read where there is an Authorization', async () => {
    const cookie = await cookieIn();
    const { token } = await up.account('both');
    expect((await up.send('GET /schema', { token, headers: { cookie } })).status).toBe(403);
    expect((await up.send('GET /schema', { token: 'nope', headers: { cookie } })).status).toBe(401);
  });

  test('ends with sign-out', async () => {
    const cookie = await cookieIn();
    const out = await up.send('POST /auth/_admins/sign-out', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await up.send('GET /schema', { headers: { cookie } })).status).toBe(401);
  });
});

describe('setup', () => {
  test('the link makes the owner, once, and there is none where there is an owner', async () => {
    const fresh = await startTestApp({ ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
    try {
      const token = (await fresh.app.setupToken()) ?? '';
      const setup = (body: Record<string, unknown>) =>
        fresh.send('POST /ops/setup', { body: { email: 'me@example.com', password, token, ...body } });
      expect((await setup({ token: 'nope' })).status).toBe(404);
      expect((await setup({ password: 'short' })).status).toBe(422);
      const both = await Promise.all([setup({}), setup({})]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 404]);
      expect(await fresh.sql('SELECT email, role FROM underpin.admins')).toEqual([{ email: 'me@example.com', role: 'owner' }]);
      expect(await fresh.app.setupToken()).toBeUndefined();
      expect((await setup({})).status).toBe(404);
    } finally {
      await fresh.close();
    }
  });

  test('the link ends after thirty minutes', async () => {
    const fresh = await startTestApp({ ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
    try {
      const token = (await fresh.app.setupToken()) ?? '';
      fresh.ahead = 31 * 60_000;
      expect((await fresh.send('POST /ops/setup', { body: { email: 'me@example.com', password, token } })).status).toBe(404);
      expect(await fresh.sql('SELECT 1 FROM underpin.admins')).toEqual([]);
    } finally {
      await fresh.close();
    }
  });
});

describe('limits', () => {
  test('five wrong passwords in a minute, then 429, and again after the minute', async () => {
    const limited = await startTestApp({ RATE_LIMITS: 'on' });
    try {
      await limited.account('target');
      const tries = [];
      for (let n = 0; n < 7; n++)
        tries.push(await limited.send('POST /auth/users/sign-in', { body: { email: 'Target@example.com', password: 'not the password' } }));
      expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429]);
      expect(Number(tries[6]?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await limited.send('POST /auth/users/sign-in', { body: { email: 'target@example.com', password } })).status).toBe(429);
      limited.ahead = 61_000;
      expect((await limited.send('POST /auth/users/sign-in', { body: { email: 'target@example.com', password } })).status).toBe(200);
    } finally {
      await limited.close();
    }
  });

  test('requests of one caller are bounded, of another not', async () => {
    const limited = await startTestApp({ RATE_LIMITS: 'on' });
    try {
      const { token } = await limited.account('busy');
      const { token: other } = await limited.account('idle');
      const statuses: number[] = [];
      for (let n = 0; n < 31; n++)
        statuses.push(
          ...(await Promise.all(Array.from({ length: 10 }, () => limited.send('GET /auth/users/me', { token })))).map(
            ({ status }) => status,
          ),
        );
      expect(statuses.filter((status) => status === 200)).toHaveLength(300);
      expect(statuses.filter((status) => status === 429)).toHaveLength(10);
      expect((await limited.send('GET /auth/users/me', { token: other })).status).toBe(200);
    } finally {
      await limited.close();
    }
  });
});
