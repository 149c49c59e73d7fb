/** The history of records in the dashboard: switched on, seen, restored. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the history of a record', () => {
  let app: TestApp;
  let browser: Visit;
  let id: string;
  const owner = () => ({ token: app.owner });
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });

  const shot = async (name: string): Promise<void> => {
    if (folder !== undefined) await browser.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  };

  beforeAll(async () => {
    app = await startTestApp();
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'amount', type: 'number' },
    ];
    await app.send('POST /collections', { ...owner(), body: { name: 'notes', fields, rules: { list: 'true' } } });
    id = (await app.send('POST /records/notes', { ...owner(), body: { title: 'before', amount: 1 } })).body.id;
    browser = await visit(app.url);
    const { page } = browser;
    await page.goto(`${app.url}/admin/-/collections/notes/fields`);
    await page.getByRole('textbox', { name: 'Email', exact: true }).fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await button('Edit field title').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('is switched on with the fields, for as long as is said', async () => {
    const { page } = browser;
    await page.getByRole('switch', { name: 'Keep the history of records' }).click();
    const length = page.getByRole('textbox', { name: 'For how long', exact: true });
    await length.fill('long');
    await button('Save').click();
    await page
      .getByText(/must be true, false or/)
      .first()
      .waitFor();
    await length.fill('90 days');
    const saved = page.waitForResponse((response) => response.request().method() === 'PATCH' && response.ok());
    await button('Save').click();
    await saved;
    expect((await app.send('GET /collections/notes', owner())).body.history).toEqual({ keep: '90 days' });
    await shot('history-setting');
  });

  test('is empty at first, says who changed what, and goes back to a version', async () => {
    const { page } = browser;
    await page.goto(`${app.url}/admin/notes/${id}`);
    const history = page.getByRole('region', { name: 'History', exact: true });
    await history.getByText('Nothing was written since the history is kept.').waitFor();
    await app.send(`PATCH /records/notes/${id}`, { ...owner(), body: { title: 'second', amount: null } });
    await app.send(`PATCH /records/notes/${id}`, { ...owner(), body: { title: 'third' } });
    await app.sql('UPDATE public.notes SET amount = 7');
    await page.reload();
    await history.getByText(/outside the API, version 4/).waitFor();
    await history.getByText(new RegExp(`, ${ownerEmail}, version 3`)).waitFor();
    await history.getByText('title: second → third').waitFor();
    await history.getByText('amount: 1 → empty').waitFor();
    await shot('history');
    await page.emulateMedia({ colorScheme: 'dark' });
    await narrowTo(page, 375);
    await shot('history-phone-dark');
    await narrowTo(page, 1280);
    await button('Restore version 2').click();
    await page.getByText('Version 2 is restored.').waitFor();
    await history.getByText(/version 5/).waitFor();
    expect((await app.send(`GET /records/notes/${id}`, owner())).body).toMatchObject({ title: 'second', amount: null, version: 5 });
  });
});
