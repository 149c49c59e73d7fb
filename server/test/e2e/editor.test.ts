/** The collection's editor: rules of fields, secrets, lists and back-relations, computed fields, changes of type, the guard. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

inBrowser("the collection's editor", () => {
  let app: TestApp;
  let browser: Visit;
  const owner = () => ({ token: app.owner });
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const box = (name: string) => browser.page.getByRole('textbox', { name, exact: true });
  const check = (name: string) => browser.page.getByRole('checkbox', { name, exact: true });
  const shown = (text: string | RegExp) => browser.page.getByText(text).first().waitFor();
  const choose = async (label: string, option: string): Promise<void> => {
    await browser.page.getByRole('combobox', { name: label, exact: true }).click();
    await browser.page.getByRole('option', { name: option, exact: true }).click();
  };
  const preset = (rule: string, name: string) =>
    browser.page
      .getByRole('group', { name: `Presets of the ${rule}` })
      .getByRole('button', { name, exact: true })
      .click();
  const add = async (kind: string, name: string): Promise<void> => {
    await button('Add field').click();
    await browser.page.getByRole('menuitem', { name: kind, exact: true }).click();
    await box('Field name').fill(name);
  };
  const save = async (): Promise<void> => {
    const saved = browser.page.waitForResponse((response) => response.request().method() === 'PATCH' && response.ok());
    await button('Save').click();
    await saved;
    // Nothing is left to be saved once the editor has read the collection again.
    await button('Discard changes').waitFor({ state: 'detached' });
  };
  const definition = async () => (await app.send('GET /collections/notes', owner())).body;
  const field = async (name: string) => {
    const { fields } = await definition();
    const { id: _id, ...own } = fields.find((one: { name: string }) => one.name === name);
    return own;
  };

  beforeAll(async () => {
    app = await startTestApp();
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'amount', type: 'text' },
      { name: 'keeper', type: 'relation', to: 'users' },
    ];
    const made = await app.send('POST /collections', { ...owner(), body: { name: 'notes', fields, rules: { list: 'true' } } });
    if (made.status !== 201) throw new Error(made.text);
    for (const amount of ['12', 'twelve', '7'])
      await app.send('POST /records/notes', { ...owner(), body: { title: `note ${amount}`, amount } });
    browser = await visit(app.url);
    const { page } = browser;
    await page.goto(`${app.url}/admin/-/collections/notes/fields`);
    await box('Email').fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await button('Edit field title').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('rules of a field: presets, an error at its place, and the way back', async () => {
    const { page } = browser;
    await preset('Read rule', 'Owner only');
    await page.getByRole('menuitem', { name: 'keeper' }).click();
    await box('Write rule').fill('keper == auth.id');
    await button('Save').click();
    const writing = page.getByRole('region', { name: 'Write rule' });
    await writing.getByText(/Unknown.*keper/).waitFor();
    expect(await writing.locator('mark').innerText()).toBe('keper');
    await preset('Write rule', 'Nobody');
    await save();
    expect(await field('title')).toMatchObject({ rules: { read: 'keeper == auth.id', write: null } });
    await preset('Read rule', 'As the record');
    await preset('Write rule', 'As the record');
    await save();
    expect(await field('title')).not.toHaveProperty('rules');
  });

  test('a secret, a list with a way back, a computed value with an error first', async () => {
    const { page } = browser;
    await add('Text', 'token');
    await check('Secret').check();
    expect(await page.getByRole('region', { name: 'Read rule' }).count()).toBe(0);
    await add('Relation', 'readers');
    await choose('Target collection', 'users');
    await check('Many').check();
    await box('Name of the way back').fill('reads');
    await add('Computed', 'label');
    await box('Expression').fill('concat(title, nothing)');
    await button('Save').click();
    await shown(/Unknown field "nothing"/);
    expect(await box('Expression').getAttribute('aria-invalid')).toBe('true');
    await box('Expression').fill('concat(title, "!")');
    await save();
    expect(await box('Returns').inputValue()).toBe('Text');
    expect(await box('Returns').isEditable()).toBe(false);
    expect(await field('token')).toMatchObject({ type: 'text', secret: true });
    expect(await field('readers')).toMatchObject({ to: 'users', many: true, inverse: 'reads' });
    expect(await field('label')).toMatchObject({ expr: 'concat(title, "!")', returns: 'text' });
    const { body } = await app.send('GET /records/notes?filter=amount=="7"', owner());
    expect(body.data[0]).toMatchObject({ label: 'note 7!', readers: [] });
  });

  test('another type is refused with the number of what does not fit, then done', async () => {
    await button('Edit field amount').click();
    await choose('Type', 'Number');
    await check('Whole numbers only').check();
    await button('Save').click();
    await shown(/1 records do not fit/);
    expect(await browser.page.locator('.MuiFormHelperText-root', { hasText: '1 records do not fit' }).count()).toBeGreaterThan(0);
    await app.sql(`UPDATE notes SET amount = '12' WHERE amount = 'twelve'`);
    await save();
    expect(await app.sql('SELECT amount FROM notes ORDER BY amount')).toEqual([{ amount: '7' }, { amount: '12' }, { amount: '12' }]);
    expect(await field('amount')).toMatchObject({ type: 'number', integer: true });
    await choose('Type', 'Yes or no');
    await button('Save').click();
    await shown(/cannot be changed from number to bool/);
    await choose('Type', 'Number');
    expect(await button('Save').isDisabled()).toBe(true);
    expect(await browser.page.getByText(/cannot be changed/).count()).toBe(0);
  });

  test('a guard is set, refused where it is wrong, and taken away', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Rules' }).click();
    await shown('Not set: the rules alone decide.');
    await box('Guard').fill('keper == auth.id');
    await button('Save').click();
    await page.getByRole('region', { name: 'Guard' }).getByText(/keper/).first().waitFor();
    await preset('Guard', 'Owner only');
    await page.getByRole('menuitem', { name: 'keeper' }).click();
    await save();
    expect(await definition()).toMatchObject({ guard: 'keeper == auth.id' });
    // Without an account there is nobody to be the keeper.
    expect((await app.send('GET /records/notes')).status).toBe(401);
    await preset('Guard', 'None');
    await save();
    expect((await definition()).guard ?? null).toBeNull();
    expect((await app.send('GET /records/notes')).body.data).toHaveLength(3);
  });

  test('an index that is advised is added with a click, and then not advised any more', async () => {
    const { page } = browser;
    await app.sql(`INSERT INTO notes (id, created, updated, title)
                   SELECT gen_random_uuid(), now(), now(), 'many ' || i FROM generate_series(1, 20000) i`);
    await app.sql('ANALYZE notes');
    const ask = async () => expect((await app.send("GET /records/notes?filter=title=='many 7'", owner())).body.data).toHaveLength(1);
    await ask();
    await page.getByRole('tab', { name: 'Indexes' }).click();
    const advised = page.getByRole('region', { name: 'Suggested' });
    await advised.getByText('A list that was asked once').waitFor();
    await advised.getByText('CREATE INDEX CONCURRENTLY').waitFor();
    await button('Add the index on title, -created').click();
    await advised.waitFor({ state: 'detached' });
    await save();
    expect((await definition()).indexes).toEqual([{ fields: ['title', '-created'], unique: false }]);
    await ask();
    expect((await app.send('GET /collections/notes/advice', owner())).body).toEqual({ advice: [] });
  });

  test('meanwhile nothing broke', () => {
    expect(browser.faults).toEqual([]);
    const answers = browser.refusals.filter((refusal) => !refusal.startsWith('401 GET /api/v1/auth/_admins/me'));
    expect(answers.filter((refusal) => !/^4\d\d PATCH \/api\/v1\/collections\/notes$/.test(refusal))).toEqual([]);
    expect(answers).toHaveLength(5);
  });
});
