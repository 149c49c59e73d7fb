/** Accounts by mail: every link and code is taken from the mail itself. Also what must not happen. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '@underpin/sdk';
import { sweepGuests } from '../../src/auth/flows/guest-sweep.ts';
import { systemCtx } from '../../src/ctx.ts';
import { limits } from '../../src/kit/limits.ts';
import { ownerEmail, password, startTestApp, type Answer, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

const site = 'https://app.example.com';
const allowed = 'https://shop.example.com/welcome';
let smtp: TestSmtp;
let up: TestApp;
let owner = '';
beforeAll(async () => {
  smtp = await startSmtp();
  up = await startTestApp({ ROLE: 'all', SMTP_URL: smtp.url, PUBLIC_URL: site });
  owner = up.owner;
  const make = async (name: string, auth: unknown) => {
    const rules = { list: 'id == auth.id', create: 'true' };
    expect((await up.send('POST /collections', { token: up.owner, body: { name, kind: 'auth', rules, auth } })).status).toBe(201);
  };
  await make('members', {
    verification: true,
    code: true,
    guests: true,
    redirects: [allowed],
    urls: { code: 'https://shop.example.com/in' },
  });
  await make('visitors', { code: true, guests: true, urls: { reset: 'https://shop.example.com/reset?x=1' } });
}, 60_000);
afterAll(async () => {
  await up.close();
  await smtp.stop();
});

const post = (path: string, body: unknown, token?: string): Promise<Answer> =>
  up.send(`POST /auth/${path}`, { body, ...(token === undefined ? {} : { token }) });
const signIn = (of: string, email: string, secret = password) => post(`${of}/sign-in`, { email, password: secret });
const linkIn = (text: string): string => /https?:\S+/.exec(text.replace(`${site} `, '').replace(`${site}:`, ''))?.[0] ?? '';
const linkOf = (text: string): string => [...text.matchAll(/https?:\/\/\S+#t=\S+/g)].map(([whole]) => whole)[0] ?? linkIn(text);
const tokenOf = (text: string): string => /#t=([\w-]{43})/.exec(text)?.[1] ?? 'no token in the mail';
const codeOf = (text: string): string => /^(\d{6})$/m.exec(text)?.[1] ?? 'no code in the mail';
/** The newest mail to an address, when there are so many. */
const mailTo = async (address: string, count = 1) => {
  const mail = (await smtp.to(address, count)).at(-1);
  if (mail === undefined) throw new Error(`no mail to ${address}`);
  return mail;
};
const member = async (who: string): Promise<string> => {
  const email = `${who}@example.com`;
  expect((await post('members/sign-up', { email, password })).status).toBe(202);
  const { text } = await mailTo(email);
  expect((await post('members/verify/confirm', { token: tokenOf(text) })).status).toBe(200);
  return email;
};
const alike = ({ status, text, headers }: Answer) => ({
  status,
  text: text.replace(/"requestId":"[^"]*"/, ''),
  headers: [...headers.keys()].filter((name) => name !== 'date').sort(),
});
const gone = (of: string, token: string) =>
  until('the session has ended', async () => (await up.send(`GET /auth/${of}/me`, { token })).status === 401);

describe('verification', () => {
  test('lets nobody in before the link of the mail was used, and then by the password', async () => {
    const email = 'new@example.com';
    const made = await post('members/sign-up', { email, password });
    expect([made.status, made.text]).toEqual([202, '{}']);
    expect((await signIn('members', email)).status).toBe(401);
    const { text, subject } = await mailTo(email);
    expect(subject).toBe(`Confirm your address for ${site}`);
    expect(linkOf(text)).toMatch(/^https:\/\/app\.example\.com\/account\/verify#t=[\w-]{43}&c=members$/);
    expect(await post('members/verify/confirm', { token: tokenOf(text) })).toMatchObject({ status: 200, body: { redirect: null } });
    const { body } = await signIn('members', email);
    expect(body.record).toMatchObject({ email, verified: true });
    expect((await post('members/verify/confirm', { token: tokenOf(text) })).status).toBe(401);
  });

  test('tells the owner of a taken address, and makes nobody', async () => {
    const email = await member('owned');
    const before = await up.sql('SELECT (SELECT count(*) FROM members) + (SELECT count(*) FROM underpin.credentials) AS n');
    const again = await post('members/sign-up', { email: 'OWNED@example.com', password: 'another good password' });
    expect([again.status, again.text]).toEqual([202, '{}']);
    expect((await mailTo(email, 2)).subject).toBe(`You have an account at ${site}`);
    expect(await up.sql('SELECT (SELECT count(*) FROM members) + (SELECT count(*) FROM underpin.credentials) AS n')).toEqual(before);
    expect([(await signIn('members', email, 'another good password')).status, (await signIn('members', email)).status]).toEqual([401, 200]);
  });

  test('can be asked for again: the newer link is good, the older is not', async () => {
    const email = 'twice@example.com';
    await post('members/sign-up', { email, password });
    const first = tokenOf((await mailTo(email)).text);
    expect((await post('members/verify/request', { email })).status).toBe(202);
    const second = tokenOf((await mailTo(email, 2)).text);
    expect([
      (await post('members/verify/confirm', { token: first })).status,
      (await post('members/verify/confirm', { token: second })).status,
    ]).toEqual([401, 200]);
  });

  test('ends after a day, and where the address is another by then', async () => {
    const email = 'late@example.com';
    await post('members/sign-up', { email, password });
    const token = tokenOf((await mailTo(email)).text);
    up.ahead = 86_400_001;
    expect((await post('members/verify/confirm', { token })).status).toBe(401);
    up.ahead = 0;
    const [{ id } = {}] = await up.sql('SELECT id FROM members WHERE email = $1', [email]);
    await up.send(`PATCH /records/members/${String(id)}`, { token: owner, body: { email: 'other@example.com' } });
    expect((await post('members/verify/confirm', { token })).status).toBe(401);
    expect(await up.sql('SELECT verified FROM members WHERE id = $1', [id])).toEqual([{ verified: false }]);
  });
});

describe('a forgotten password', () => {
  test('is set anew by the link, which ends every session and tells the address', async () => {
    const email = await member('forgot');
    const { body: before } = await signIn('members', email);
    expect((await post('members/password/forgot', { email, redirect: allowed })).status).toBe(202);
    const token = tokenOf((await mailTo(email, 2)).text);
    const weak = await post('members/password/reset', { token, password: 'short' });
    expect([weak.status, weak.body.errors[0].pointer]).toEqual([422, '/password']);
    expect((await post('members/password/reset', { token, password: 'a new good password' })).body).toEqual({ redirect: allowed });
    await gone('members', before.accessToken);
    expect([(await signIn('members', email)).status, (await signIn('members', email, 'a new good password')).status]).toEqual([401, 200]);
    expect((await mailTo(email, 3)).subject).toBe(`Your password at ${site} has changed`);
    expect((await post('members/password/reset', { token, password: 'a newer good password' })).status).toBe(401);
  });

  test('link opens the app’s own page where the definition names one, and ends after thirty minutes', async () => {
    await up.account('resetter', 'visitors');
    await post('visitors/password/forgot', { email: 'resetter@example.com' });
    const { text } = await mailTo('resetter@example.com');
    expect(linkOf(text)).toMatch(/^https:\/\/shop\.example\.com\/reset\?x=1#t=[\w-]{43}$/);
    up.ahead = 30 * 60_000 + 1;
    expect((await post('visitors/password/reset', { token: tokenOf(text), password: 'a new good password' })).status).toBe(401);
    up.ahead = 0;
  });

  test('of an admin is set the same way', async () => {
    await post('_admins/password/forgot', { email: ownerEmail });
    const { text } = await mailTo(ownerEmail);
    expect(linkOf(text)).toMatch(/^https:\/\/app\.example\.com\/account\/reset#t=[\w-]{43}&c=_admins$/);
    expect((await post('_admins/password/reset', { token: tokenOf(text), password })).status).toBe(200);
    await gone('_admins', owner);
    owner = (await signIn('_admins', ownerEmail)).body.accessToken;
  });
});

describe('a password', () => {
  test('is changed by who knows it; the other sessions end, this one goes on', async () => {
    const email = await member('changer');
    const [mine, other] = [(await signIn('members', email)).body, (await signIn('members', email)).body];
    const next = 'a changed good password';
    const wrong = await post('members/password/change', { current: 'not it at all', password: next }, mine.accessToken);
    const none = await post('members/password/change', { password: next }, mine.accessToken);
    expect([wrong.status, wrong.body.errors[0].pointer, none.status]).toEqual([422, '/current', 422]);
    expect((await post('members/password/change', { current: password, password: next }, mine.accessToken)).status).toBe(204);
    await gone('members', other.accessToken);
    expect((await up.send('GET /auth/members/me', { token: mine.accessToken })).status).toBe(200);
    expect([(await signIn('members', email)).status, (await signIn('members', email, next)).status]).toEqual([401, 200]);
    expect((await mailTo(email, 2)).subject).toBe(`Your password at ${site} has changed`);
    expect((await post('members/password/change', { current: next, password: next })).status).toBe(401);
  });
});

describe('a code', () => {
  test('signs in, and so does the link beside it; one ends the other', async () => {
    const email = await member('coder');
    expect((await post('members/code/request', { email })).status).toBe(202);
    const first = (await mailTo(email, 2)).text;
    expect(linkOf(first)).toMatch(/^https:\/\/shop\.example\.com\/in#t=[\w-]{43}$/);
    const { status, body } = await post('members/code/confirm', { email, code: codeOf(first) });
    expect([status, body.record.email]).toEqual([200, email]);
    expect((await up.send('GET /auth/members/me', { token: body.accessToken })).status).toBe(200);
    expect((await post('members/code/confirm', { token: tokenOf(first) })).status).toBe(401);
    await post('members/code/request', { email });
    const second = (await mailTo(email, 3)).text;
    expect([
      (await post('members/code/confirm', { token: tokenOf(second) })).status,
      (await post('members/code/confirm', { email, code: codeOf(second) })).status,
    ]).toEqual([200, 401]);
  });

  test('has five tries, however many come at once', async () => {
    const email = await member('guesser');
    await post('members/code/request', { email });
    const right = codeOf((await mailTo(email, 2)).text);
    const wrong = Array.from({ length: 30 }, (_none, n) => String((Number(right) + n + 1) % 1_000_000).padStart(6, '0'));
    const tries = await Promise.all(wrong.map((code) => post('members/code/confirm', { email, code })));
    expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await up.sql(`SELECT tries FROM underpin.one_time WHERE address = $1 AND purpose = 'code'`, [email])).toEqual([{ tries: 5 }]);
    expect((await post('members/code/confirm', { email, code: right })).status).toBe(401);
  });

  test('ends after ten minutes, is one account’s only, and is none where codes are off', async () => {
    const [email, other] = [await member('short'), await member('neighbour')];
    await post('members/code/request', { email });
    const { text } = await mailTo(email, 2);
    expect((await post('members/code/confirm', { email: other, code: codeOf(text) })).status).toBe(401);
    up.ahead = 600_001;
    expect((await post('members/code/confirm', { email, code: codeOf(text) })).status).toBe(401);
    up.ahead = 0;
    expect((await post('users/code/request', { email })).status).toBe(404);
    expect((await up.send('GET /auth/members/methods')).body).toEqual({ password: true, verification: true, code: true, guests: true });
    expect((await up.send('GET /auth/users/methods')).body).toEqual({ password: true, verification: false, code: false, guests: false });
  });

  test('takes an account from who made it with another’s address: his password and sessions are gone', async () => {
    const thief = await up.account('victim', 'visitors');
    await post('visitors/code/request', { email: 'victim@example.com' });
    const { text } = await mailTo('victim@example.com');
    expect(text).not.toContain('#t=');
    const { status, body } = await post('visitors/code/confirm', { email: 'victim@example.com', code: codeOf(text) });
    expect([status, body.record.verified]).toEqual([200, true]);
    await gone('visitors', thief.token);
    expect((await signIn('visitors', 'victim@example.com')).status).toBe(401);
    expect((await up.send('GET /auth/visitors/me', { token: body.accessToken })).status).toBe(200);
  });
});

describe('another address', () => {
  test('is asked for with the password, proven by its own mail, and told to both', async () => {
    const email = await member('mover');
    const [mine, other] = [(await signIn('members', email)).body, (await signIn('members', email)).body];
    expect((await post('members/email/change', { email: 'moved@example.com' }, mine.accessToken)).status).toBe(422);
    expect((await post('members/email/change', { email: 'Moved@example.com', current: password }, mine.accessToken)).status).toBe(202);
    expect((await mailTo(email, 2)).text).toContain('moved@example.com');
    const { text } = await mailTo('moved@example.com');
    expect((await signIn('members', 'moved@example.com')).status).toBe(401);
    expect((await post('members/email/confirm', { token: tokenOf(text) })).status).toBe(200);
    expect((await mailTo(email, 3)).subject).toBe(`Your address at ${site} has changed`);
    await gone('members', other.accessToken);
    expect((await up.send('GET /auth/members/me', { token: mine.accessToken })).body.record).toMatchObject({
      email: 'moved@example.com',
      verified: true,
    });
    expect([(await signIn('members', email)).status, (await signIn('members', 'moved@example.com')).status]).toEqual([401, 200]);
  });

  test('that somebody has is answered alike; its owner is told, and no link is good for it', async () => {
    const [email, taken] = [await member('wants'), await member('has')];
    const { body: mine } = await signIn('members', email);
    const answers = [
      await post('members/email/change', { email: taken, current: password }, mine.accessToken),
      await post('members/email/change', { email: 'free@example.com', current: password }, mine.accessToken),
    ];
    expect(answers.map(alike)[0]).toEqual(answers.map(alike)[1]);
    expect((await mailTo(taken, 2)).text).not.toContain('#t=');
  });

  test('ends what was sent to the one before', async () => {
    const email = await member('stale');
    await post('members/password/forgot', { email });
    const reset = tokenOf((await mailTo(email, 2)).text);
    const { body: mine } = await signIn('members', email);
    await post('members/email/change', { email: 'fresh@example.com', current: password }, mine.accessToken);
    await post('members/email/confirm', { token: tokenOf((await mailTo('fresh@example.com')).text) });
    expect((await post('members/password/reset', { token: reset, password: 'a new good password' })).status).toBe(401);
  });
});

describe('the end of an account', () => {
  const end = (token: string, body?: unknown) => up.send('DELETE /auth/members/me', { token, ...(body === undefined ? {} : { body }) });
  test('needs the password or a sign-in of the last ten minutes, and leaves nothing to inherit', async () => {
    const email = await member('leaver');
    const { body: mine } = await signIn('members', email);
    await post('members/password/forgot', { email });
    const reset = tokenOf((await mailTo(email, 2)).text);
    expect((await end(mine.accessToken, { current: 'not the password' })).status).toBe(422);
    up.ahead = 600_001;
    const later = (await post('members/refresh', { refreshToken: mine.refreshToken })).body;
    expect((await end(later.accessToken)).status).toBe(422);
    expect((await end(later.accessToken, { current: password })).status).toBe(204);
    up.ahead = 0;
    await gone('members', later.accessToken);
    const left = ['credentials', 'sessions', 'one_time'].map((table) =>
      up.sql(`SELECT FROM underpin.${table} WHERE account = $1`, [mine.record.id]),
    );
    expect(await Promise.all(left)).toEqual([[], [], []]);
    expect(await up.sql('SELECT FROM underpin.messages WHERE account = $1', [`members:${String(mine.record.id)}`])).toEqual([]);
    expect((await post('members/sign-up', { email, password })).status).toBe(202);
    expect((await post('members/password/reset', { token: reset, password: 'a new good password' })).status).toBe(401);
    const [{ id } = {}] = await up.sql('SELECT id FROM members WHERE email = $1', [email]);
    expect(id).not.toBe(mine.record.id);
  });

  test('by a sign-in of a moment ago', async () => {
    const email = await member('quick');
    const { body: mine } = await signIn('members', email);
    expect((await end(mine.accessToken)).status).toBe(204);
    expect((await signIn('members', email)).status).toBe(401);
    expect((await up.send('DELETE /auth/_admins/me', { token: owner, body: { current: password } })).status).toBe(403);
  });
});

describe('thirty at once', () => {
  const once = async (ask: () => Promise<Answer>, ok: number) => {
    const answers = await Promise.all(Array.from({ length: 30 }, ask));
    expect(answers.map(({ status }) => status).sort()).toEqual([ok, ...Array<number>(29).fill(401)]);
  };
  test('with one verification: one succeeds', async () => {
    await post('members/sign-up', { email: 'race1@example.com', password });
    const token = tokenOf((await mailTo('race1@example.com')).text);
    await once(() => post('members/verify/confirm', { token }), 200);
  });
  test('with one reset link: one succeeds', async () => {
    const email = await member('race2');
    await post('members/password/forgot', { email });
    const token = tokenOf((await mailTo(email, 2)).text);
    await once(() => post('members/password/reset', { token, password: 'a new good password' }), 200);
  });
  test('with one code: one succeeds', async () => {
    const email = await member('race3');
    await post('members/code/request', { email });
    const code = codeOf((await mailTo(email, 2)).text);
    await once(() => post('members/code/confirm', { email, code }), 200);
  });
  test('with one magic link: one succeeds', async () => {
    const email = await member('race4');
    await post('members/code/request', { email });
    const token = tokenOf((await mailTo(email, 2)).text);
    await once(() => post('members/code/confirm', { token }), 200);
  });
  test('with one new address: one succeeds', async () => {
    const email = await member('race5');
    const { body } = await signIn('members', email);
    await post('members/email/change', { email: 'race5new@example.com', current: password }, body.accessToken);
    const token = tokenOf((await mailTo('race5new@example.com')).text);
    await once(() => post('members/email/confirm', { token }), 200);
  });
});

describe('a token', () => {
  const doors: Record<string, (token: string) => Promise<Answer>> = {
    verify: (token) => post('members/verify/confirm', { token }),
    reset: (token) => post('members/password/reset', { token, password: 'a new good password' }),
    code: (token) => post('members/code/confirm', { token }),
    email: (token) => post('members/email/confirm', { token }),
  };
  test('of one purpose is refused at every other door, of its collection and of others; at its own it is good', async () => {
    const email = await member('keys');
    const { body: mine } = await signIn('members', email);
    await post('members/sign-up', { email: 'keys2@example.com', password });
    await post('members/email/change', { email: 'keys3@example.com', current: password }, mine.accessToken);
    // Two mails under way at once may come in either order.
    await mailTo(email, 2);
    await post('members/password/forgot', { email });
    const reset = tokenOf((await mailTo(email, 3)).text);
    await post('members/code/request', { email });
    const tokens: Record<string, string> = {
      verify: tokenOf((await mailTo('keys2@example.com')).text),
      reset,
      code: tokenOf((await mailTo(email, 4)).text),
      email: tokenOf((await mailTo('keys3@example.com')).text),
    };
    const others = ['visitors', 'users', '_admins'];
    for (const [purpose, token] of Object.entries(tokens)) {
      for (const [door, open] of Object.entries(doors))
        if (door !== purpose) expect([purpose, door, (await open(token)).status]).toEqual([purpose, door, 401]);
      for (const of of others) {
        const answers = [
          await post(`${of}/password/reset`, { token, password: 'a new good password' }),
          await post(`${of}/email/confirm`, { token }),
        ];
        expect([of, ...answers.map(({ status }) => status)]).toEqual([of, 401, 401]);
      }
      expect((await up.send('GET /auth/members/me', { token })).status).toBe(401);
      expect((await post('members/refresh', { refreshToken: token })).status).toBe(401);
    }
    const own = [];
    // In an order in which one does not end the next.
    for (const purpose of ['verify', 'code', 'email', 'reset']) own.push((await doors[purpose]?.(tokens[purpose] ?? ''))?.status);
    // The change of address ended the reset that went to the one before.
    expect(own).toEqual([200, 200, 200, 401]);
  });

  test.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(43)}\u0000`])('that was never made is refused: %j', async (token) => {
    for (const open of Object.values(doors)) expect((await open(token)).status).toBe(401);
  });
});

describe('a link', () => {
  test('is not changed by what a request says of its host', async () => {
    const email = await member('hosted');
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example;proto=http',
      origin: 'https://evil.example',
      referer: 'https://evil.example/',
      'content-type': 'application/json',
    };
    // Not by fetch, which has its own mind about Host.
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${up.url}/api/v1/auth/members/password/forgot`, { method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ email }));
    });
    expect(status).toBe(202);
    const { text } = await mailTo(email, 2);
    expect(linkOf(text)).toMatch(/^https:\/\/app\.example\.com\/account\/reset#t=/);
    expect(text).not.toContain('evil');
  });

  test.each([
    'https://evil.example',
    `${allowed}/`,
    `${allowed}?x=1`,
    `${allowed}#x`,
    allowed.toUpperCase(),
    ` ${allowed}`,
    `${allowed} `,
    `${allowed}\n`,
    `${allowed}%00`,
    'https://shop.example.com',
    'https://shop.example.com/welcome/../admin',
    'https://shop.example.com.evil.example/welcome',
    'https://shop.example.com@evil.example/welcome',
    'https://evil.example/https://shop.example.com/welcome',
    'http://shop.example.com/welcome',
    '//shop.example.com/welcome',
    '/welcome',
    '\\\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://localhost:3000/welcome',
    'http://localhost:*',
    '',
  ])('leads on nowhere but to the listed page: %j', async (redirect) => {
    for (const path of ['verify/request', 'password/forgot', 'code/request']) {
      const { status, body } = await post(`members/${path}`, { email: 'nobody@example.com', redirect });
      expect([path, status, body.errors?.[0].pointer]).toEqual([path, 400, '/redirect']);
    }
  });

  test.each<[string, unknown]>([
    ['a page that is no URL', { urls: { reset: 'reset' } }],
    ['a page with a fragment', { urls: { reset: 'https://a.example/#x' } }],
    ['a page with a password', { urls: { reset: 'https://a:b@a.example/' } }],
    ['another scheme', { redirects: ['javascript:alert(1)'] }],
    ['a pattern', { redirects: ['*'] }],
    ['an unknown member', { magic: true }],
    ['a truthy text', { verification: 'yes' }],
  ])('cannot be defined with %s', async (_name, auth) => {
    const { status, body } = await up.send('PATCH /collections/visitors', { token: owner, body: { auth } });
    expect([status, body.errors[0].pointer.startsWith('/auth')]).toEqual([400, true]);
  });
});

describe('a guest', () => {
  const guest = async (of: string) => (await post(`${of}/guest`, {})).body;

  test('is an account that rules know, without password, address or mail', async () => {
    const rules = { list: 'auth != null', create: 'auth != null && !auth.guest' };
    const notes = { name: 'notes', fields: [{ name: 'title', type: 'text' }], rules };
    expect((await up.send('POST /collections', { token: owner, body: notes })).status).toBe(201);
    const { record, accessToken: token } = await guest('visitors');
    expect(record).toMatchObject({ email: expect.stringMatching(/^[0-9a-f-]{36}@guest\.invalid$/), verified: false });
    const known = await up.account('noguest', 'visitors');
    const make = async (as: string) => (await up.send('POST /records/notes', { token: as, body: { title: 'x' } })).status;
    expect([await make(token), await make(known.token), (await up.send('GET /records/notes', { token })).status]).toEqual([403, 201, 200]);
    expect((await signIn('visitors', record.email)).status).toBe(401);
    expect((await post('visitors/password/forgot', { email: record.email })).status).toBe(202);
    expect((await post('visitors/sign-up', { email: 'me@Guest.Invalid', password })).status).toBe(422);
    expect((await post('users/guest', {})).status).toBe(404);
    expect((await post('visitors/guest', { verified: true })).body.errors[0].pointer).toBe('/verified');
    expect(smtp.mails.filter(({ to }) => to.endsWith('invalid'))).toEqual([]);
  });

  test('becomes an account like any other, the same one', async () => {
    const { record, accessToken: token } = await guest('visitors');
    const upgrade = (email: string) => post('visitors/upgrade', { email, password }, token);
    expect((await upgrade('noguest@example.com')).status).toBe(409);
    expect((await upgrade('real@example.com')).body.record).toMatchObject({ id: record.id, email: 'real@example.com', verified: false });
    expect((await signIn('visitors', 'real@example.com')).body.record.id).toBe(record.id);
    expect((await upgrade('again@example.com')).status).toBe(403);
  });

  test('with verification becomes one when the address is proven; a taken one is answered alike', async () => {
    const taken = await member('host');
    const { record, accessToken: token } = await guest('members');
    const answers = [
      await post('members/upgrade', { email: taken, password }, token),
      await post('members/upgrade', { email: 'settled@example.com', password }, token),
    ];
    expect([answers[0]?.status, answers.map(alike)[0]]).toEqual([202, answers.map(alike)[1]]);
    expect((await mailTo(taken, 2)).subject).toBe(`You have an account at ${site}`);
    expect((await signIn('members', 'settled@example.com')).status).toBe(401);
    expect((await post('members/email/confirm', { token: tokenOf((await mailTo('settled@example.com')).text) })).status).toBe(200);
    expect((await signIn('members', 'settled@example.com')).body.record.id).toBe(record.id);
    expect((await up.send('GET /auth/members/me', { token })).status).toBe(200);
  });

  test('that has not been there for thirty days goes, others stay', async () => {
    const [old, used] = [await guest('visitors'), await guest('visitors')];
    await up.sql(`UPDATE visitors SET created = now() - interval '31 days' WHERE id = ANY($1)`, [[old.record.id, used.record.id]]);
    await up.sql(`UPDATE underpin.sessions SET used = now() - interval '31 days' WHERE account = $1`, [old.record.id]);
    await sweepGuests(systemCtx(up.app.base));
    const left = await up.sql('SELECT id FROM visitors WHERE id = ANY($1)', [[old.record.id, used.record.id]]);
    expect(left).toEqual([{ id: used.record.id }]);
  });
});

describe('while the mail server is away', () => {
  const people = ['away-new', 'away-forgot', 'away-code', 'away-mover', 'away-next'].map((name) => `${name}@example.com`);
  const [fresh = '', forgot = '', coder = '', mover = '', next = ''] = people;
  const stored = () =>
    up.sql(
      `SELECT recipient, template, state, jsonb_array_length(attempts) AS tries FROM underpin.messages
       WHERE recipient = ANY($1) AND created >= $2 ORDER BY recipient, template`,
      [people, begun],
    );
  let begun = new Date();

  test('every flow answers as ever, its mail waits, comes once when the server is back, and its link is good', async () => {
    for (const email of [forgot, coder, mover]) await member(email.replace('@example.com', ''));
    const { body: mine } = await signIn('members', mover);
    await until('no mail is under way', async () => (await up.sql(`SELECT FROM underpin.messages WHERE state = 'queued'`)).length === 0);
    await smtp.stop();
    const came = smtp.mails.length;
    begun = new Date();
    const flows: [string, unknown, string?][] = [
      ['members/sign-up', { email: fresh, password }],
      ['members/password/forgot', { email: forgot }],
      ['members/code/request', { email: coder }],
      ['members/email/change', { email: next, current: password }, mine.accessToken],
    ];
    for (const [path, body, token] of flows) {
      const from = performance.now();
      const { status, text } = await post(path, body, token);
      expect([path, status, text]).toEqual([path, 202, '{}']);
      expect(performance.now() - from).toBeLessThan(limits.messages.patience);
    }
    await until('each was tried', async () => (await stored()).every(({ tries }) => Number(tries) > 0));
    expect((await stored()).map(({ recipient, template, state }) => [recipient, template, state])).toEqual([
      [coder, 'code-link', 'queued'],
      [forgot, 'reset', 'queued'],
      [mover, 'email-asked', 'queued'],
      [fresh, 'verify', 'queued'],
      [next, 'email', 'queued'],
    ]);
    expect(smtp.mails.length).toBe(came);

    await smtp.start();
    await until('each was sent', async () => (await stored()).every(({ state }) => state === 'sent'), 40_000);
    const since = smtp.mails.slice(came);
    expect(since.map(({ to }) => to).sort()).toEqual([...people].sort());
    const textTo = (email: string) => since.find(({ to }) => to === email)?.text ?? '';
    const renewed = 'a new good password';
    const answers = [
      await post('members/verify/confirm', { token: tokenOf(textTo(fresh)) }),
      await post('members/password/reset', { token: tokenOf(textTo(forgot)), password: renewed }),
      await post('members/code/confirm', { email: coder, code: codeOf(textTo(coder)) }),
      await post('members/email/confirm', { token: tokenOf(textTo(next)) }),
      await signIn('members', fresh),
      await signIn('members', forgot, renewed),
      await signIn('members', next),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }, 90_000);
});

test('the client does all of it', async () => {
  const client = createClient({ url: up.url });
  const auth = client.auth.collection('members');
  const email = 'client@example.com';
  expect(await auth.methods()).toEqual({ password: true, verification: true, code: true, guests: true });
  expect(await auth.signUp({ email, password })).toBeNull();
  // Each mail is waited for before the next is asked for: two under way at once may come in either order.
  await mailTo(email);
  await auth.requestVerification({ email, redirect: allowed });
  expect(await auth.confirmVerification(tokenOf((await mailTo(email, 2)).text))).toEqual({ redirect: allowed });
  await auth.requestCode({ email });
  expect((await auth.signInWithCode({ email, code: codeOf((await mailTo(email, 3)).text) })).record).toMatchObject({ email });
  await auth.changePassword({ current: password, password: 'a second good password' });
  await mailTo(email, 4);
  await auth.forgotPassword({ email });
  await auth.resetPassword({ token: tokenOf((await mailTo(email, 5)).text), password });
  await auth.signIn({ email, password });
  await auth.changeEmail({ email: 'client2@example.com', current: password });
  await auth.confirmEmail(tokenOf((await mailTo('client2@example.com')).text));
  expect(await auth.me()).toMatchObject({ email: 'client2@example.com', verified: true });
  await auth.deleteAccount({ current: password });
  expect(auth.session).toBeNull();
  const guest = await client.auth.collection('visitors').signInAsGuest();
  await client.auth.collection('visitors').upgrade({ email: 'client3@example.com', password });
  expect(await client.auth.collection('visitors').me()).toMatchObject({ id: guest.record['id'], email: 'client3@example.com' });
});

describe('all that is kept of an account', () => {
  test('is what it may see of what refers to it, and nothing of others', async () => {
    const rules = { list: 'author == auth.id || open == true', create: 'true' };
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'open', type: 'bool' },
      { name: 'author', type: 'relation', to: 'users' },
      { name: 'readers', type: 'relation', to: 'users', many: true },
      { name: 'judge', type: 'relation', to: 'users', rules: { read: null } },
      { name: 'note', type: 'text', rules: { read: null } },
    ];
    for (const body of [
      { name: 'letters', fields, rules },
      { name: 'files_on', fields: [{ name: 'about', type: 'relation', to: 'users' }] },
    ])
      expect((await up.send('POST /collections', { token: owner, body })).status).toBe(201);
    const dana = await up.account('dana');
    const erin = await up.account('erin');
    const letters: readonly Record<string, unknown>[] = [
      { title: 'her own', author: dana.id, note: 'not for her' },
      { title: 'to her', author: erin.id, readers: [dana.id], open: true },
      { title: 'to her, but closed', author: erin.id, readers: [dana.id] },
      { title: 'judged by her, which she may not know', author: erin.id, judge: dana.id, open: true },
      { title: 'of another', author: erin.id, open: true },
    ];
    for (const body of letters) expect((await up.send('POST /records/letters', { token: owner, body })).status).toBe(201);
    expect((await up.send('POST /records/files_on', { token: owner, body: { about: dana.id } })).status).toBe(201);
    const { status, headers, body } = await up.send('GET /auth/users/me/data', { token: dana.token });
    expect([status, headers.get('content-disposition')]).toEqual([200, 'attachment; filename="my-data.json"']);
    expect(Object.keys(body)).toEqual(['account', 'sessions', 'audit', 'records']);
    expect(body.account).toMatchObject({ id: dana.id, email: 'dana@example.com' });
    expect(body.sessions).toMatchObject([{ current: true }]);
    // Both at one moment, so in either order.
    const did = body.audit.map(({ action, target }: { action: string; target: string }) => `${action} ${target}`);
    expect(did.sort()).toEqual([`account.created users:${dana.id}`, `session.created users:${dana.id}`]);
    expect(Object.keys(body.records)).toEqual(['letters']);
    expect(body.records.letters.map(({ title }: { title: string }) => title).sort()).toEqual(['her own', 'to her']);
    expect(JSON.stringify(body)).not.toMatch(/not for her|judge|erin@/);
  });

  test('is for an account that is signed in, five times an hour', async () => {
    expect((await up.send('GET /auth/users/me/data')).status).toBe(401);
    expect((await up.send('GET /auth/_admins/me/data', { token: owner })).status).toBe(403);
    const limited = await startTestApp({ RATE_LIMITS: 'on' });
    try {
      const finn = await limited.account('finn');
      const answers = await Promise.all(Array.from({ length: 6 }, () => limited.send('GET /auth/users/me/data', { token: finn.token })));
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 200, 429]);
    } finally {
      await limited.close();
    }
  });
});
