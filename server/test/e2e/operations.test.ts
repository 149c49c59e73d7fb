/** The pages for those who run the server: jobs, mail, API keys; empty, full, dark, and on a narrow screen. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { systemCtx } from '../../src/ctx.ts';
import { defineJob } from '../../src/jobs/job.ts';
import { message } from '../../src/messages/message.ts';
import { enqueue } from '../../src/queue/enqueue.ts';
import { jobKind } from '../../src/queue/kinds.ts';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';

jest.setTimeout(90_000);
const greet = jobKind('greet', 'now', z.strictObject({}));
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the pages for those who run the server', () => {
  let up: TestApp;
  let browser: Visit;
  let refuses = true;
  const shot = async (name: string): Promise<void> => {
    if (folder !== undefined) await browser.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  };

  /** As on a phone: nothing is wider than the screen. */
  const narrow = async (name: string): Promise<void> => {
    const { page } = browser;
    await narrowTo(page, 375);
    await shot(name);
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  beforeAll(async () => {
    const job = defineJob(greet, {
      attempts: 1,
      run: () => (refuses ? Promise.reject(new Error('nobody at home')) : Promise.resolve()),
    });
    up = await startTestApp({ ROLE: 'all' }, { jobs: [job], schedules: [] });
    browser = await visit(up.url);
    const { page } = browser;
    await page.goto(`${up.url}/admin/-/jobs`);
    await page.getByRole('textbox', { name: 'Email' }).fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  }, 60_000);
  afterAll(async () => {
    expect(browser.faults).toEqual([]);
    await browser.close();
    await up.close();
  });

  test('jobs: says that nothing failed, and what the clock starts next', async () => {
    const { page } = browser;
    await page.getByText('Nothing failed.').waitFor();
    await page.getByText('17 * * * * (UTC)').waitFor();
    await shot('jobs-empty');
  });

  test('jobs: shows what failed and why, and does it again', async () => {
    const { page } = browser;
    const id = await enqueue(systemCtx(up.app.base), greet, {});
    await page.getByText('nobody at home').waitFor();
    await shot('jobs-failed');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot('jobs-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await narrow('jobs-narrow');
    refuses = false;
    await page.getByRole('button', { name: 'Do again: greet' }).click();
    await page.getByText('Nothing failed.').waitFor();
    expect(await up.sql('SELECT state FROM underpin.jobs WHERE id = $1', [id])).toEqual([{ state: 'done' }]);
  });

  test('jobs: leads to all of them as records', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'All jobs' }).click();
    await page.getByRole('cell', { name: 'greet' }).waitFor();
    await shot('jobs-records');
  });

  test('mail: a text is written anew, seen as it will be, and given back', async () => {
    const { page } = browser;
    await page.goto(`${up.url}/admin/-/mail`);
    await page.getByText('There is no mail server (SMTP_URL)').waitFor();
    await page.getByText('No mails yet.').waitFor();
    await shot('mail-empty');
    await page.getByRole('tab', { name: 'Texts' }).click();
    await page.getByRole('textbox', { name: 'Subject' }).fill('Welcome to {{site}}');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('heading', { name: 'Welcome to https://example.com' }).waitFor();
    await shot('mail-text');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('written anew').waitFor();
    expect(await up.sql('SELECT subject FROM underpin.templates')).toEqual([{ subject: 'Welcome to {{site}}' }]);
    await page.getByRole('textbox', { name: 'Subject' }).fill('For {{nobody}}');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('{{nobody}}').last().waitFor();
    await page.getByRole('button', { name: 'As it came' }).click();
    await page.getByText('as it came', { exact: true }).waitFor();
    expect(await up.sql('SELECT FROM underpin.templates')).toEqual([]);
    await narrow('mail-narrow');
  });

  test('mail: what is in the outbox is read', async () => {
    const { page } = browser;
    await message(systemCtx(up.app.base), { template: 'test', to: 'ann@example.com' });
    await page.goto(`${up.url}/admin/-/mail`);
    await page.getByText('to ann@example.com').waitFor();
    await page.getByRole('button', { name: /^Read: / }).click();
    await page.getByText('This mail to ann@example.com').waitFor();
    await shot('mail-read');
    expect(await up.sql(`SELECT count(*)::int AS n FROM underpin.audit WHERE action = 'message.read'`)).toEqual([{ n: 1 }]);
  });

  test('keys: one is made, shown once, works, and is turned off; with an old session only after signing in again', async () => {
    const { page } = browser;
    await page.goto(`${up.url}/admin/-/keys`);
    await page.getByText('No keys yet.').waitFor();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('shop');
    await page.getByRole('combobox', { name: 'Collection' }).click();
    await page.getByRole('option', { name: 'users' }).click();
    await shot('keys-new');
    up.ahead = 11 * 60_000;
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Create key' }).click();
    const shown = page.getByRole('region', { name: /This is the key/ });
    await shown.waitFor();
    const key = (await shown.locator('pre').textContent()) ?? '';
    expect(key).toMatch(/^upk_/);
    await shot('keys-made');
    expect((await up.send('GET /records/users', { token: key })).status).toBe(200);
    await page.getByRole('button', { name: 'Turn off: shop' }).click();
    await page.getByText('off', { exact: true }).waitFor();
    expect((await up.send('GET /records/users', { token: key })).status).toBe(401);
    await narrow('keys-narrow');
    await page.getByRole('button', { name: 'Delete: shop' }).click();
    await page.getByText('No keys yet.').waitFor();
  });

  test('accounts: how people get in is chosen, a wrong page is told of at its place, and sessions are ended', async () => {
    const { page } = browser;
    await up.account('ann');
    await page.goto(`${up.url}/admin/-/collections/users/sign-in`);
    await page.getByRole('switch', { name: 'Guests' }).check();
    await page.getByRole('textbox', { name: 'To set a new password' }).fill('app.example.com/reset');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('must be an absolute URL').first().waitFor();
    await shot('sign-in-wrong');
    await page.getByRole('textbox', { name: 'To set a new password' }).fill('https://app.example.com/reset');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('users is saved').or(page.getByText(/saved/i)).first().waitFor();
    await narrow('sign-in-narrow');
    const { body: methods } = await up.send('GET /auth/users/methods');
    expect(methods).toEqual({ password: true, verification: false, code: false, guests: true });
    await page.goto(`${up.url}/admin/users`);
    await page.getByRole('cell', { name: 'ann@example.com' }).click();
    const sessions = page.getByRole('region', { name: 'Sessions' });
    await sessions.getByRole('button', { name: /^End session/ }).waitFor();
    await shot('account-sessions');
    await sessions.getByRole('button', { name: /^End session/ }).click();
    await sessions.getByText('Not signed in anywhere.').waitFor();
    expect(await up.sql(`SELECT count(*)::int AS n FROM underpin.sessions WHERE collection_name = 'users' AND ended IS NULL`)).toEqual([
      { n: 0 },
    ]);
  });

  test('audit: who did what is seen newest first, searched, and read through to the oldest', async () => {
    const { page } = browser;
    await up.sql(
      `INSERT INTO underpin.audit (id, created, action, actor, address, request_id, target)
       SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '2020-01-01', 'collection.changed', 'system', '10.0.0.1', 'r', 'table' || n
       FROM generate_series(1, 120) n`,
    );
    await page.goto(`${up.url}/admin/-/audit`);
    const rows = page.getByRole('list', { name: 'Audit' }).getByRole('listitem');
    await rows.first().waitFor();
    const newest = await rows.first().textContent();
    const [{ action, target } = {}] = await up.sql('SELECT action, target FROM underpin.audit ORDER BY id DESC LIMIT 1');
    expect(newest).toContain(`${String(action)} ${String(target)}`);
    const search = page.getByRole('searchbox', { name: 'Action, person' });
    await search.fill('key.created');
    await page.getByText('key.created').waitFor();
    await rows.filter({ hasText: 'key.created' }).getByRole('button', { name: 'Changes' }).click();
    await page.getByText('"name": "shop"').waitFor();
    await shot('audit');
    await page.emulateMedia({ colorScheme: 'dark' });
    await narrow('audit-narrow');
    await page.emulateMedia({ colorScheme: 'light' });
    await search.fill('10.0.0.1');
    await page.getByText('table120').waitFor();
    expect(await rows.count()).toBe(50);
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await page.getByText('collection.changed table70', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await page.getByText('collection.changed table1', { exact: true }).waitFor();
    expect([await rows.count(), await page.getByRole('button', { name: 'Show older ones' }).count()]).toEqual([120, 0]);
    await search.fill('no such thing');
    await page.getByText('Nothing of the kind was done.').waitFor();
  });
});
