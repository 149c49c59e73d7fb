/** `examples/accounts` in two browsers, from sign-up to a session that is ended elsewhere, with the links and codes of real mails. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';
import { startExample, type Example } from '../support/example.ts';
import { freePort } from '../support/process.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the example of accounts', () => {
  let smtp: TestSmtp;
  let up: TestApp;
  let example: Example;
  let first: Visit;
  let second: Visit;
  beforeAll(async () => {
    smtp = await startSmtp();
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    up = await startTestApp({ ROLE: 'all', SMTP_URL: smtp.url, PUBLIC_URL: 'http://localhost:1', CORS_ORIGINS: origin });
    example = await startExample('accounts', up.url, port);
    [first, second] = await Promise.all([visit(origin), visit(origin)]);
    await first.page.goto(`${origin}/`);
    await second.page.goto(`${origin}/`);
  }, 60_000);
  afterAll(async () => {
    // Its requests go to Underpin, which is elsewhere for a browser, and nowhere else.
    const faults = [...first.faults, ...second.faults].filter((fault) => !fault.startsWith(`elsewhere: ${up.url}/api/`));
    await Promise.all([first.close(), second.close(), example.close()]);
    await up.close();
    await smtp.stop();
    expect(faults).toEqual([]);
  });

  const email = 'ann@example.com';
  const newPassword = 'another horse, another staple';
  /** What the newest of so many mails says by this pattern. */
  const told = async (to: string, count: number, pattern: RegExp): Promise<string> =>
    pattern.exec((await smtp.to(to, count)).at(-1)?.text ?? '')?.[0] ?? '';
  const link = (to: string, count: number) => told(to, count, /http\S+#t=\S+/);
  /** Opens a way of the page, fills its form and sends it; an empty title is for forms that are always there. */
  const submit = async ({ page }: Visit, title: string, form: string, values: Readonly<Record<string, string>> = {}): Promise<void> => {
    const way = page.locator('details', { has: page.locator(`#${form}`) });
    if (title !== '' && (await way.getAttribute('open')) === null) await way.locator('summary', { hasText: title }).click();
    for (const [name, value] of Object.entries(values)) await page.locator(`#${form} [name=${name}]`).fill(value);
    await page.locator(`#${form} button`).click();
  };
  /** Opens the link of a mail and clicks what is there. */
  const follow = async ({ page }: Visit, url: string, secret?: string): Promise<void> => {
    expect(url).toMatch(new RegExp(`^${example.url}/\\w+#t=`));
    await page.goto(url);
    if (secret !== undefined) await page.locator('#link-form [name=password]').fill(secret);
    await page.locator('#link-button').click();
    await page.getByRole('link', { name: 'Continue' }).click();
    await page.waitForURL(`${example.url}/`);
  };
  const see = ({ page }: Visit, text: string | RegExp) => page.getByText(text).filter({ visible: true }).first().waitFor();
  const shot = async ({ page }: Visit, name: string): Promise<void> => {
    for (const [look, width] of [
      ['light', 1280],
      ['dark', 375],
    ] as const) {
      await page.emulateMedia({ colorScheme: look });
      await narrowTo(page, width);
      if (folder !== undefined) await page.screenshot({ path: `${folder}/example-${name}-${look}.png`, fullPage: true });
    }
  };

  test('signs up: a bad password is told of at its field, and the address is confirmed by the link of the mail', async () => {
    await submit(first, 'Sign up', 'sign-up', { email, password: 'password123' });
    await first.page.locator('#sign-up label small').waitFor();
    expect(await first.page.locator('#sign-up [name=password]').getAttribute('aria-invalid')).toBe('true');
    await shot(first, 'refused');
    await submit(first, 'Sign up', 'sign-up', { email, password });
    await see(first, 'A link is on its way');
    await submit(first, 'Sign in', 'sign-in', { email, password });
    await see(first, 'Address or password is wrong.');
    await shot(first, 'outside');
    await submit(first, 'Confirm my address', 'verify-again', { email });
    await see(first, 'a link is on its way');
    await follow(first, await link(email, 2));
    await submit(first, 'Sign in', 'sign-in', { email, password });
    await see(first, `You are ${email}, confirmed.`);
  });

  test('a second browser signs in by a code; its session is ended in the first, and it is signed out', async () => {
    await submit(second, 'Sign in with a code', 'code-request', { email });
    const code = await told(email, 3, /\b\d{6}\b/);
    await submit(second, 'Sign in with a code', 'code', { code: code === '000000' ? '111111' : '000000' });
    await see(second, 'wrong, was used, or has ended');
    await submit(second, 'Sign in with a code', 'code', { code });
    await see(second, `You are ${email}`);
    await first.page.getByRole('button', { name: /^End session/ }).waitFor();
    await shot(first, 'sessions');
    await first.page.getByRole('button', { name: /^End session/ }).click();
    await see(second, 'Your session has ended. Sign in again.');
    await second.page.locator('#sign-in').waitFor();
    await shot(second, 'ended');
    expect(await first.page.locator('#sessions li').count()).toBe(1);
    await see(first, 'Chrome on Linux');
  });

  test('changes the password, which ends the other session, and sets one that was forgotten', async () => {
    await submit(second, 'Sign in with a code', 'code-request', { email });
    await follow(second, await link(email, 4));
    await see(second, `You are ${email}`);
    await submit(first, 'Change the password', 'change-password', { current: 'not this one', password: newPassword });
    await first.page.locator('#change-password [name=current][aria-invalid]').waitFor();
    await shot(first, 'inside');
    await submit(first, 'Change the password', 'change-password', { current: password, password: newPassword });
    await see(first, 'Your password is changed');
    await see(second, 'Your session has ended.');
    await submit(second, 'Forgot the password', 'forgot', { email });
    await follow(second, await link(email, 6), password);
    await see(first, 'Your session has ended.');
    await submit(first, 'Sign in', 'sign-in', { email, password });
    await submit(second, 'Sign in', 'sign-in', { email, password });
    await first.page.getByRole('button', { name: 'End all others' }).click();
    await see(second, 'Your session has ended.');
  });

  test('changes the address by a link, signs out, and the account ends', async () => {
    const moved = 'ann@example.org';
    await submit(first, 'Change the address', 'change-email', { email: moved, current: password });
    await see(first, `on its way to ${moved}`);
    await second.page.goto('about:blank');
    await follow(second, await link(moved, 1));
    await see(first, `You are ${moved}, confirmed.`);
    await submit(first, '', 'sign-out');
    await see(first, 'You are signed out.');
    await submit(first, 'Sign in', 'sign-in', { email: moved, password });
    const download = first.page.waitForEvent('download');
    await submit(first, 'Take my data along', 'own-data');
    const kept = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
    expect([kept.account.email, kept.sessions.length]).toEqual([moved, 1]);
    await submit(first, 'Delete the account', 'delete', { current: password });
    await first.page.locator('#sign-in').waitFor();
    expect(await up.sql('SELECT FROM users')).toEqual([]);
  });

  test('begins as a guest who becomes an account, with confirmed addresses and without', async () => {
    await submit(second, 'Just look around', 'guest');
    await see(second, 'You are a guest.');
    await shot(second, 'guest');
    const [before] = await up.sql('SELECT id FROM users');
    await submit(second, 'Make it mine', 'upgrade', { email: 'ben@example.com', password });
    await see(second, 'A link is on its way');
    await follow(second, await link('ben@example.com', 1));
    await see(second, 'You are ben@example.com, confirmed.');
    expect(await up.sql('SELECT id FROM users')).toEqual([before]);

    await example.setup('--without-verification');
    await submit(first, 'Just look around', 'guest');
    await submit(first, 'Make it mine', 'upgrade', { email: 'cem@example.com', password });
    await see(first, 'You are cem@example.com, not confirmed.');
    await submit(first, '', 'sign-out');
    await first.page.reload();
    await submit(first, 'Sign up', 'sign-up', { email: 'cem@example.com', password });
    await see(first, /already|taken/);
    await submit(first, 'Sign up', 'sign-up', { email: 'dan@example.com', password });
    await see(first, 'You are dan@example.com, not confirmed.');
    expect(await first.page.locator('#upgrade').isVisible()).toBe(false);
  });
});
