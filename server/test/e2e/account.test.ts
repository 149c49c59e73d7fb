/** The pages that links in mails open, clicked through as their readers do. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';
import { freePort } from '../support/process.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

inBrowser('the pages of mails', () => {
  let smtp: TestSmtp;
  let up: TestApp;
  let seen: Visit;
  let welcome = '';
  beforeAll(async () => {
    smtp = await startSmtp();
    up = await startTestApp({ ROLE: 'all', SMTP_URL: smtp.url, PUBLIC_URL: `http://localhost:${await freePort()}` });
    welcome = `${up.url}/docs/errors`;
    const auth = { verification: true, redirects: [welcome] };
    const made = { name: 'members', kind: 'auth', rules: { list: 'id == auth.id', create: 'true' }, auth };
    expect((await up.send('POST /collections', { token: up.owner, body: made })).status).toBe(201);
    seen = await visit(up.url);
  });
  afterAll(async () => {
    await seen.close();
    await up.close();
    await smtp.stop();
  });

  const email = 'ann@example.com';
  /** The link of the newest of so many mails, at the address where this server is really reached. */
  const link = async (count: number): Promise<string> => {
    const text = (await smtp.to(email, count)).at(-1)?.text ?? '';
    return (/https?:\/\/\S+#t=\S+/.exec(text)?.[0] ?? '').replace(/^https?:\/\/[^/]+/, up.url);
  };
  const signIn = async (secret: string) => (await up.send('POST /auth/members/sign-in', { body: { email, password: secret } })).status;

  test('confirm an address by a click, not by being opened', async () => {
    await up.send('POST /auth/members/sign-up', { body: { email, password } });
    await seen.page.goto(await link(1));
    await seen.page.getByRole('heading', { name: 'Confirm your address' }).waitFor();
    expect([await up.sql('SELECT verified FROM members'), await signIn(password)]).toEqual([[{ verified: false }], 401]);
    await seen.page.getByRole('button', { name: 'Confirm' }).click();
    await seen.page.getByText('Your address is confirmed').waitFor();
    expect([await signIn(password), new URL(seen.page.url()).hash, seen.faults]).toEqual([200, '', []]);
  });

  test('say so where a link was used', async () => {
    await seen.page.goto('about:blank');
    await seen.page.goto(await link(1));
    await seen.page.getByRole('button', { name: 'Confirm' }).click();
    await seen.page.getByText('wrong, was used, or has ended').waitFor();
    expect(seen.faults).toEqual([]);
  });

  test('set a new password, and lead on to where the app asked for', async () => {
    await up.send('POST /auth/members/password/forgot', { body: { email, redirect: welcome } });
    await seen.page.goto(await link(2));
    const field = seen.page.getByLabel('New password');
    await field.fill('password123');
    await seen.page.getByRole('button', { name: 'Set it' }).click();
    await seen.page.getByText('most used passwords').waitFor();
    await field.fill('a new good password');
    await seen.page.getByRole('button', { name: 'Set it' }).click();
    await seen.page.getByText('Your password is set').waitFor();
    expect(await signIn('a new good password')).toBe(200);
    await seen.page.getByRole('link', { name: 'Continue' }).click();
    await seen.page.waitForURL(welcome);
    expect(seen.faults).toEqual([]);
  });

  test('lead nowhere that a link says, and are there for what they are for only', async () => {
    await seen.page.goto(`${up.url}/account/verify#c=members&redirect=https://evil.example&r=javascript:alert(1)`);
    await seen.page.getByText('This link is not whole').waitFor();
    expect([await seen.page.getByRole('link').count(), await seen.page.getByRole('button').count()]).toEqual([0, 0]);
    for (const [path, status] of [
      ['/account/reset', 200],
      ['/account/code', 404],
      ['/account/', 404],
      ['/account/index.html', 404],
    ] as const) {
      const answer = await fetch(up.url + path);
      expect([path, answer.status]).toEqual([path, status]);
      if (status === 200)
        expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'.*frame-ancestors 'none'/);
    }
  });
});
