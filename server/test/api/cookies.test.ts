/** Accounts in cookie mode: no token reaches the page, no other site can use the cookie, and a server that renders pages asks as its visitor. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServerClient } from '@underpin/sdk/server';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp({ TRUST_PROXY: '1' });
  const rules = { list: 'author == auth.id', create: 'auth != null', update: 'author == auth.id', delete: 'author == auth.id' };
  const fields = [
    { name: 'title', type: 'text' },
    { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' } },
  ];
  for (const body of [
    { name: 'posts', fields, rules },
    { name: 'members', kind: 'auth', rules: { create: 'true', view: 'id == auth.id' } },
  ])
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await up.account('ann');
});
afterAll(() => up.close());

const mode = { 'x-underpin-session': 'cookie' };
const own = { 'sec-fetch-site': 'same-origin' };
const valueOf = (setCookie: string | null): string => setCookie?.split(';')[0] ?? '';
async function cookieFor(name = 'ann', collection = 'users', headers: Record<string, string> = {}): Promise<string> {
  const email = collection === '_admins' ? ownerEmail : `${name}@example.com`;
  const answer = await up.send(`POST /auth/${collection}/sign-in`, { body: { email, password }, headers: { ...mode, ...headers } });
  expect([answer.status, Object.keys(answer.body).sort()]).toEqual([200, ['expiresAt', 'record']]);
  return valueOf(answer.headers.get('set-cookie'));
}
const me = async (cookie: string, more: Record<string, string> = mode, collection = 'users') =>
  up.send(`GET /auth/${collection}/me`, { headers: { cookie, ...more } });

describe('the cookie', () => {
  test.each<[string, string, Record<string, string>, RegExp]>([
    ['sign-up', 'POST /auth/users/sign-up', {}, /^underpin_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1209600$/],
    ['sign-in', 'POST /auth/users/sign-in', {}, /^underpin_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1209600$/],
    [
      'sign-in over TLS',
      'POST /auth/users/sign-in',
      { 'x-forwarded-proto': 'https' },
      /^__Host-underpin_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1209600; Secure$/,
    ],
  ])('of %s', async (_name, request, headers, form) => {
    const answer = await up.send(request, { body: { email: 'new@example.com', password }, headers: { ...mode, ...headers } });
    expect(answer.headers.get('set-cookie')).toMatch(form);
    expect(answer.text).not.toMatch(/Token/);
    expect(valueOf(answer.headers.get('set-cookie')).split('=')[1]).not.toBe('');
  });

  test('is not given where it is not asked for', async () => {
    const body = { email: 'ann@example.com', password };
    expect((await up.send('POST /auth/users/sign-in', { body })).headers.get('set-cookie')).toBeNull();
    expect((await up.send('POST /auth/users/sign-in', { body, headers: { 'x-underpin-session': 'yes' } })).status).toBe(400);
  });

  test('is the session: it reads, refreshes and ends with sign-out', async () => {
    const first = await cookieFor();
    expect((await me(first)).body.record.email).toBe('ann@example.com');
    const refreshed = await up.send('POST /auth/users/refresh', { body: {}, headers: { ...mode, ...own, cookie: first } });
    const second = valueOf(refreshed.headers.get('set-cookie'));
    expect([refreshed.status, second === first, refreshed.text.includes('Token')]).toEqual([200, false, false]);
    expect((await me(second)).status).toBe(200);
    up.ahead = 11_000;
    expect((await me(first)).status).toBe(401);
    up.ahead = 0;
    const out = await up.send('POST /auth/users/sign-out', { headers: { ...mode, ...own, cookie: second } });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, 'underpin_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0']);
    expect((await me(second)).status).toBe(401);
  });

  test('lives for as long as it is used, and ninety days at most', async () => {
    const cookie = await cookieFor();
    const day = 86_400_000;
    const asked = async (days: number) => {
      up.ahead = days * day;
      const answer = await me(cookie);
      return [answer.status, valueOf(answer.headers.get('set-cookie'))];
    };
    expect(await asked(0.5)).toEqual([200, '']);
    for (const days of [13, 26, 39, 52, 65, 78, 89]) expect([days, ...(await asked(days))]).toEqual([days, 200, cookie]);
    expect(await asked(89.5)).toEqual([200, '']);
    expect((await asked(91))[0]).toBe(401);
    up.ahead = 0;
    const idle = await cookieFor();
    up.ahead = 15 * day;
    expect((await me(idle)).status).toBe(401);
    up.ahead = 0;
  });

  test('ends in other processes as every session does', async () => {
    const cookie = await cookieFor();
    expect((await me(cookie)).status).toBe(200);
    await up.sql('UPDATE underpin.sessions SET ended = now() WHERE ended IS NULL AND collection_name = $1', ['users']);
    expect((await me(cookie)).status).toBe(401);
  });
});

test('changes count only from the own origin', async () => {
  const cookie = await cookieFor();
  const make = (headers: Record<string, string>) =>
    up.send('POST /records/posts', { body: { title: 'x' }, headers: { cookie, ...mode, ...headers } });
  const count = async () => (await up.sql('SELECT count(*)::int AS n FROM posts'))[0]?.['n'];
  const before = Number(await count());
  const refused: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: up.url },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://evil.example' },
    { origin: `${up.url}.evil.example` },
    { origin: 'null' },
  ];
  for (const headers of refused) {
    expect([headers, (await make(headers)).status]).toEqual([headers, 403]);
    const refresh = await up.send('POST /auth/users/refresh', { body: {}, headers: { cookie, ...mode, ...headers } });
    expect([headers, refresh.status]).toEqual([headers, 403]);
  }
  expect(await count()).toBe(before);
  expect([(await make(own)).status, (await make({ origin: up.url })).status]).toEqual([201, 201]);
});

test('dashboard and app on one origin: each has its own session, and neither takes the other’s', async () => {
  const account = await cookieFor();
  const admin = await cookieFor('', '_admins');
  const both = `${admin}; ${account}`;
  const schema = async (cookie: string, headers: Record<string, string>) =>
    (await up.send('GET /schema', { headers: { cookie, ...headers } })).status;
  expect([await schema(both, {}), await schema(both, mode), await schema(admin, mode), await schema(account, {})]).toEqual([
    200, 403, 401, 401,
  ]);
  expect((await me(both)).body.record.email).toBe('ann@example.com');
  expect((await me(both, mode, '_admins')).body.record.email).toBe(ownerEmail);
  expect((await me(both, {}, '_admins')).body.record.email).toBe(ownerEmail);
  expect([(await me(admin)).status, (await me(account, mode, '_admins')).status, (await me(both, mode, 'members')).status]).toEqual([
    401, 401, 401,
  ]);
  // A value of the one under the name of the other.
  const value = (cookie: string): string => cookie.split('=')[1] ?? '';
  expect([(await me(`underpin_session=${value(admin)}`)).status, await schema(`underpin_admin=${value(account)}`, {})]).toEqual([401, 401]);
  const { body } = await up.send('POST /auth/users/sign-in', { body: { email: 'ann@example.com', password } });
  expect((await up.send('GET /schema', { token: body.accessToken, headers: { cookie: both } })).status).toBe(403);
  const refresh = await up.send('POST /auth/members/refresh', { body: {}, headers: { ...mode, ...own, cookie: account } });
  expect(refresh.status).toBe(401);
});

describe('a server that renders pages', () => {
  const page = (headers: Record<string, string>) => createServerClient({ headers }, { url: up.url, retries: 0 });

  test('asks as its visitor, and sends on no other cookie', async () => {
    const account = await cookieFor();
    const admin = await cookieFor('', '_admins');
    const seen: Record<string, string>[] = [];
    const watched: typeof fetch = (input, init) => {
      seen.push(Object.fromEntries(new Headers(init?.headers).entries()));
      return fetch(input, init);
    };
    const headers = { cookie: `${admin}; theme=dark; ${account}`, 'user-agent': 'a browser', authorization: 'Bearer nope' };
    const up2 = createServerClient({ headers: new Headers(headers) }, { url: up.url, fetch: watched });
    expect(await up2.auth.me()).toMatchObject({ email: 'ann@example.com' });
    expect(seen[0]).toMatchObject({ cookie: account, 'user-agent': 'a browser', 'x-underpin-session': 'cookie' });
    expect(seen[0]).not.toHaveProperty('authorization');
  });

  test('writes only where the visitor’s own browser would be let', async () => {
    const cookie = await cookieFor();
    const made = await page({ cookie, ...own })
      .collection('posts')
      .create({ title: 'from a form' });
    expect(made).toMatchObject({ title: 'from a form' });
    const elsewhere: Record<string, string>[] = [{ 'sec-fetch-site': 'cross-site' }, {}, { origin: 'http://evil.example' }];
    for (const headers of elsewhere)
      await expect(
        page({ cookie, ...headers })
          .collection('posts')
          .create({ title: 'forged' }),
      ).rejects.toMatchObject({ status: 403 });
  });

  test('knows a visitor over TLS by the cookie that he has there', async () => {
    const cookie = await cookieFor('ann', 'users', { 'x-forwarded-proto': 'https' });
    expect(cookie).toMatch(/^__Host-/);
    expect(await page({ cookie }).auth.me()).toMatchObject({ email: 'ann@example.com' });
  });

  test('is nobody without a session', async () => {
    await expect(page({}).auth.me()).rejects.toMatchObject({ status: 401 });
    await expect(page({ cookie: 'theme=dark' }).auth.me()).rejects.toMatchObject({ status: 401 });
  });
});
