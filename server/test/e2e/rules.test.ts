/** The rule editor: completion, an error at its place, what an edit changes, rules of fields, the tester and what is expected. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';
import { until } from '../support/process.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

inBrowser('the rule editor', () => {
  let app: TestApp;
  let browser: Visit;
  const owner = () => ({ token: app.owner });
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const box = (name: string) => browser.page.getByRole('textbox', { name, exact: true });
  const region = (name: string) => browser.page.getByRole('region', { name, exact: true });
  const shown = (text: string | RegExp) => browser.page.getByText(text).first().waitFor();
  const offer = (name: string) => browser.page.getByRole('option', { name: new RegExp(`^${name}`) });
  const write = async (rule: string, text: string): Promise<void> => {
    await box(rule).fill('');
    await box(rule).pressSequentially(text);
  };
  /** Chooses from a list. It is fetched when it opens, and a click may fall on what is just being replaced. */
  const pick = async (label: string, name: string): Promise<void> => {
    const input = browser.page.getByRole('combobox', { name: label, exact: true });
    await until(`${name} is chosen`, async () => {
      if ((await input.inputValue()).includes(name)) return true;
      if ((await browser.page.getByRole('listbox').count()) === 0) await input.click();
      await browser.page
        .getByRole('option', { name })
        .click({ timeout: 1_000 })
        .catch(() => undefined);
      return (await input.inputValue()).includes(name);
    });
  };
  const save = async (): Promise<void> => {
    const saved = browser.page.waitForResponse((response) => response.request().method() === 'PATCH' && response.ok());
    await button('Save').click();
    await saved;
    await button('Discard changes').waitFor({ state: 'detached' });
  };
  const definition = async () => (await app.send('GET /collections/notes', owner())).body;

  beforeAll(async () => {
    app = await startTestApp();
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'status', type: 'select', values: ['draft', 'published'] },
      { name: 'keeper', type: 'relation', to: 'users', inverse: 'notes' },
    ];
    const made = await app.send('POST /collections', { ...owner(), body: { name: 'notes', fields, rules: { list: 'keeper == auth.id' } } });
    if (made.status !== 201) throw new Error(made.text);
    for (const [title, status] of [
      ['first', 'draft'],
      ['second', 'published'],
      ['third', 'published'],
    ])
      await app.send('POST /records/notes', { ...owner(), body: { title, status } });
    browser = await visit(app.url);
    const { page } = browser;
    await page.goto(`${app.url}/admin/-/collections/notes/rules`);
    await box('Email').fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await box('List rule').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('fields, ways through relations and the values of a choice are offered', async () => {
    const { page } = browser;
    await write('List rule', 'keeper.');
    await offer('email').waitFor();
    await page.keyboard.press('Escape');
    await write('List rule', 'sta');
    await offer('status').click();
    await box('List rule').pressSequentially(' == ');
    await offer('"published"').click();
    expect(await box('List rule').innerText()).toBe('status == "published"');
    await shown('Allowed where status is “published”.');
    await box('List rule').pressSequentially(' || keeper == ');
    await offer('auth\\.id').click();
    await shown('Allowed where status is “published”, or keeper is the caller.');
  });

  test('a mistake is shown at its place before anything is saved, and goes with it', async () => {
    await write('View rule', 'titel == "first"');
    await region('View rule').getByText('Did you mean "title"?').waitFor();
    expect(await region('View rule').locator('mark').innerText()).toBe('titel');
    expect(await region('View rule').locator('.cm-lintRange-error').innerText()).toBe('titel');
    expect(await box('View rule').getAttribute('aria-invalid')).toBe('true');
    await box('View rule').fill('title == "first"');
    await region('View rule').locator('mark').waitFor({ state: 'detached' });
    await browser.page.getByRole('group', { name: 'Presets of the View rule' }).getByRole('button', { name: 'Same as list' }).click();
    expect(browser.refusals.filter((refusal) => refusal.includes('/collections'))).toEqual([]);
  });

  test('an edit says who may now what was refused before, and what is odd about it', async () => {
    const change = region('What the edit of the List rule changes');
    await change.getByText('Newly allowed for anonymous callers').waitFor();
    expect(await change.getByText('status: "published"').count()).toBeGreaterThan(0);
    expect(await change.getByText('No longer allowed').count()).toBe(0);
    await change.getByText('2 records become open to anonymous callers').waitFor();
    await box('Delete rule').fill('true');
    await region('Delete rule').getByText('Who is not signed in may delete records').waitFor();
    await browser.page.getByRole('group', { name: 'Presets of the Delete rule' }).getByRole('button', { name: 'Nobody' }).click();
    await region('Delete rule').getByText('Who is not signed in may delete records').waitFor({ state: 'detached' });
  });

  test('the rules of a field stand beside those of the records', async () => {
    const { page } = browser;
    await page.getByRole('combobox', { name: 'Add rules to a field' }).click();
    await page.getByRole('option', { name: 'title', exact: true }).click();
    await write('Write rule', 'changed.');
    await offer('status').waitFor();
    await page.keyboard.press('Escape');
    await write('Write rule', 'keeper == auth.id && !changed.keeper');
    await region('Rules of the field title').getByText('Allowed where keeper is the caller and keeper stays as it is.').waitFor();
  });

  test('what was written is saved, in the form of the server', async () => {
    await save();
    const { rules, fields } = await definition();
    expect(rules.list).toBe('status == "published" || keeper == auth.id');
    expect(fields[0].rules).toEqual({ write: 'keeper == auth.id && !changed.keeper' });
    expect((await app.send('GET /records/notes')).body.data).toHaveLength(2);
  });

  test('the tester says why, clause by clause, by the draft and by what is saved', async () => {
    const { page } = browser;
    const tester = region('Try the rules');
    await pick('Record', 'first');
    await button('Explain').click();
    await tester.getByText('Refused', { exact: true }).waitFor();
    await tester.getByText('Sees 2 of 3 records').waitFor();
    const clause = tester.getByRole('listitem').filter({ hasText: 'status == "published"' }).last();
    expect(await clause.innerText()).toContain('with status = "draft"');
    await tester.getByText('As SQL').click();
    await tester.getByText(/"?status"? = '/).waitFor();
    await box('List rule').fill('status != null');
    await button('Explain').click();
    await tester.getByText('Allowed', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Which rule' }).click();
    await page.getByRole('option', { name: 'As it is saved' }).click();
    await button('Explain').click();
    await tester.getByText('Refused', { exact: true }).waitFor();
  });

  test('what was tried for real is undone, and kept as what is expected', async () => {
    const { page } = browser;
    const tester = region('Try the rules');
    await page.getByRole('combobox', { name: 'What', exact: true }).click();
    await page.getByRole('option', { name: 'view', exact: true }).click();
    await button('Try for real, and undo').click();
    await tester.getByText(/Refused · 404/).waitFor();
    await button('Add to expectations').click();
    await pick('Record', 'second');
    await button('Try for real, and undo').click();
    await tester.getByText(/Allowed · 200/).waitFor();
    await button('Add to expectations').click();
    await button('Run all').click();
    await tester.getByText('2 of 2 hold').waitFor();
    await save();
    await button('Run all').click();
    await tester.getByText('1 of 2 hold').waitFor();
    await region('Expectations').getByText('200').waitFor();
    const loaded = page.waitForEvent('download');
    await button('Download').click();
    const file = await loaded;
    expect(file.suggestedFilename()).toBe('rules.test.json');
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(Buffer.from(chunk));
    expect(JSON.parse(Buffer.concat(chunks).toString()).expectations).toMatchObject([
      { collection: 'notes', action: 'view', as: null, allowed: false },
      { collection: 'notes', action: 'view', as: null, allowed: true },
    ]);
  });

  test('meanwhile nothing broke, and nothing was asked elsewhere', () => {
    expect(browser.faults).toEqual([]);
  });
});
