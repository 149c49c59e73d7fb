/** The jobs page: empty, with what failed, done again with a click; dark, and on a narrow screen. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { systemCtx } from '../../src/ctx.ts';
import { defineJob } from '../../src/jobs/job.ts';
import { enqueue } from '../../src/queue/enqueue.ts';
import { jobKind } from '../../src/queue/kinds.ts';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';

jest.setTimeout(90_000);
const greet = jobKind('greet', 'now', z.strictObject({}));
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the jobs page', () => {
  let up: TestApp;
  let browser: Visit;
  let refuses = true;
  const shot = async (name: string): Promise<void> => {
    if (folder !== undefined) await browser.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
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

  test('says that nothing failed, and what the clock starts next', async () => {
    const { page } = browser;
    await page.getByText('Nothing failed.').waitFor();
    await page.getByText('17 * * * * (UTC)').waitFor();
    await shot('jobs-empty');
  });

  test('shows what failed and why, and does it again', async () => {
    const { page } = browser;
    const id = await enqueue(systemCtx(up.app.base), greet, {});
    await page.getByText('nobody at home').waitFor();
    await shot('jobs-failed');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shot('jobs-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 375, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
    await shot('jobs-narrow');
    await page.setViewportSize({ width: 1280, height: 900 });
    refuses = false;
    await page.getByRole('button', { name: 'Do again: greet' }).click();
    await page.getByText('Nothing failed.').waitFor();
    expect(await up.sql('SELECT state FROM underpin.jobs WHERE id = $1', [id])).toEqual([{ state: 'done' }]);
  });

  test('leads to all jobs as records', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'All jobs' }).click();
    await page.getByRole('cell', { name: 'greet' }).waitFor();
    await shot('jobs-records');
  });
});
