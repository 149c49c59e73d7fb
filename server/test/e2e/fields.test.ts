/**
 * A record with a field of every type that the server offers: made, changed and emptied in the dashboard's forms, and read
 * back through the API and from the table.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/process.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

/** One field a type, named `f_<type>`, and `f_many`, a relation of the other kind. */
const settings: Readonly<Record<string, object>> = {
  text: {},
  richtext: {},
  email: {},
  url: {},
  number: {},
  decimal: { scale: 4 },
  bool: {},
  date: {},
  day: {},
  json: {},
  select: { values: ['red', 'green'] },
  relation: { to: 'people', onDelete: 'set null' },
  geo: {},
  file: {},
  computed: { expr: 'f_number * 2' },
};

inBrowser('every type of field', () => {
  let app: TestApp;
  let browser: Visit;
  const ids: Record<string, string> = {};
  const owner = () => ({ token: app.owner });
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const box = (name: string) => browser.page.getByRole('textbox', { name, exact: true });
  const row = (text: string) => browser.page.getByRole('row', { name: text });
  /** Chooses by typing. The list follows the text a moment later, and a click may fall on what is just being replaced. */
  const pick = async (label: string, typed: string, shows: () => Promise<boolean>): Promise<void> => {
    const input = browser.page.getByRole('combobox', { name: label });
    await until(`${typed} is chosen`, async () => {
      if (await shows()) return true;
      if ((await input.inputValue()) !== typed) await input.fill(typed);
      await browser.page
        .getByRole('option', { name: typed })
        .click({ timeout: 1_000 })
        .catch(() => undefined);
      return shows();
    });
  };
  const isChip = (text: string) => async (): Promise<boolean> => (await browser.page.getByText(text, { exact: true }).count()) === 1;
  const file = expect.objectContaining({ name: 'Grüße.txt', type: 'text/plain', size: 5 });
  const stored = async (): Promise<Record<string, unknown>> => {
    const { body } = await app.send('GET /records/things', owner());
    expect(body.data).toHaveLength(1);
    const { id: _id, created: _created, updated: _updated, version: _version, ...own } = body.data[0];
    return own;
  };
  const inTable = async () =>
    (
      await app.sql(`SELECT f_text, f_richtext, f_email, f_url, f_number, f_decimal::text, f_bool, f_date, f_day::text, f_json, f_select,
                            f_relation, f_geo::text, f_file, f_computed, version FROM things`)
    )[0];
  const junction = async () => {
    const [found] = await app.sql(`SELECT table_schema || '.' || table_name AS name FROM information_schema.columns
                                   WHERE column_name = 'position' AND table_schema NOT IN ('pg_catalog', 'information_schema')`);
    return (await app.sql(`SELECT target FROM ${String(found?.['name'])} ORDER BY position`)).map(({ target }) => target);
  };

  beforeAll(async () => {
    app = await startTestApp();
    const make = async (request: string, body: object) => {
      const answer = await app.send(request, { ...owner(), body });
      if (answer.status !== 201) throw new Error(`${request}: ${answer.text}`);
      return answer.body;
    };
    await make('POST /collections', { name: 'people', fields: [{ name: 'name', type: 'text' }] });
    for (const name of ['ann', 'ben', 'cleo']) ids[name] = (await make('POST /records/people', { name })).id;
    const fields = Object.entries(settings).map(([type, more]) => ({ name: `f_${type}`, type, ...more }));
    await make('POST /collections', {
      name: 'things',
      fields: [...fields, { name: 'f_many', type: 'relation', to: 'people', many: true }],
    });
    browser = await visit(app.url);
    const { page } = browser;
    await page.goto(`${app.url}/admin/`);
    await box('Email').fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await page.getByRole('menuitem', { name: 'things', exact: true }).click();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('the collection has them all', async () => {
    const { types } = (await app.send('GET /schema', owner())).body;
    expect(Object.keys(settings).sort()).toEqual(types.map(({ name }: { name: string }) => name).sort());
  });

  test('what was filled in at create stands in the API and in the table', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'Create the first record' }).click();
    await box('f_text').fill('Grüße');
    await box('f_richtext').fill('<p>Tom &amp; <b>Ann</b></p><script>alert(1)</script>');
    await box('f_email').fill('ann@example.com');
    await box('f_url').fill('https://example.com/a?b=c');
    await box('f_number').fill('4.5');
    await box('f_decimal').fill('12345678901234567.8900');
    await page.getByRole('checkbox', { name: 'f_bool' }).check();
    await page.getByLabel('f_date').fill('2026-07-04T12:30:15');
    await page.getByLabel('f_day').fill('2026-02-28');
    await box('f_json').fill('{ "a": [1, null, "x"] }');
    await page.getByRole('combobox', { name: 'f_select' }).click();
    await page.getByRole('option', { name: 'green' }).click();
    await pick(
      'f_relation',
      'ann',
      async () =>
        (await page.getByRole('combobox', { name: 'f_relation' }).inputValue()) === 'ann' && (await page.getByRole('option').count()) === 0,
    );
    for (const [index, name] of ['cleo', 'ann', 'ben'].entries()) await pick('f_many', name, isChip(`${index + 1}. ${name}`));
    await page.keyboard.press('Escape');
    await box('f_geo: latitude').fill('52.5');
    expect(await page.getByText('f_computed').count()).toBe(0);
    await button('Create').click();
    await page.getByText('A place has both a latitude and a longitude').waitFor();
    await box('f_geo: longitude').fill('-13.25');
    const chooser = page.waitForEvent('filechooser');
    await button('Choose for f_file').click();
    await (await chooser).setFiles([{ name: 'Grüße.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
    await page.getByRole('link', { name: 'Grüße.txt', exact: true }).waitFor();
    await button('Create').click();
    await row('Grüße').waitFor();
    expect(await stored()).toEqual({
      f_text: 'Grüße',
      f_richtext: '<p>Tom &amp; <b>Ann</b></p>',
      f_email: 'ann@example.com',
      f_url: 'https://example.com/a?b=c',
      f_number: 4.5,
      f_decimal: '12345678901234567.8900',
      f_bool: true,
      f_date: '2026-07-04T10:30:15.000Z',
      f_day: '2026-02-28',
      f_json: { a: [1, null, 'x'] },
      f_select: 'green',
      f_relation: ids['ann'],
      f_many: [ids['cleo'], ids['ann'], ids['ben']],
      f_geo: { lat: 52.5, lon: -13.25 },
      f_file: file,
      f_computed: 9,
    });
    expect(await inTable()).toEqual({
      f_text: 'Grüße',
      f_richtext: '<p>Tom &amp; <b>Ann</b></p>',
      f_email: 'ann@example.com',
      f_url: 'https://example.com/a?b=c',
      f_number: 4.5,
      f_decimal: '12345678901234567.8900',
      f_bool: true,
      f_date: new Date('2026-07-04T10:30:15Z'),
      f_day: '2026-02-28',
      f_json: { a: [1, null, 'x'] },
      f_select: 'green',
      f_relation: ids['ann'],
      f_geo: '(-13.25,52.5)',
      f_file: file,
      f_computed: 9,
      version: '1',
    });
    expect(await junction()).toEqual([ids['cleo'], ids['ann'], ids['ben']]);
  });

  test('the list shows rich text as text, a list as its length, a place as two numbers', async () => {
    const { page } = browser;
    await button('Columns').click();
    for (const name of ['f_geo', 'f_file', 'f_computed', 'f_many']) await page.getByLabel(name, { exact: true }).check();
    await page.keyboard.press('Escape');
    const cells = (await row('Grüße').innerText()).split(/\s*[\t\n]\s*/);
    expect(cells).toEqual(expect.arrayContaining(['Tom & Ann', '3 records', '52.5, -13.25', 'Grüße.txt', '9']));
  });

  test('the form shows what is stored; saving untouched sends nothing, an edit only what it changed', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'Grüße', exact: true }).click();
    await page.getByText('1. cleo').waitFor();
    expect(await page.getByText(/^\d\. (ann|ben|cleo)$/).allInnerTexts()).toEqual(['1. cleo', '2. ann', '3. ben']);
    expect(await box('f_richtext').inputValue()).toBe('<p>Tom &amp; <b>Ann</b></p>');
    expect(await box('f_computed').inputValue()).toBe('9');
    expect(await box('f_computed').isEditable()).toBe(false);
    expect(await box('f_geo: latitude').inputValue()).toBe('52.5');
    await button('Save').click();
    await row('Grüße').waitFor();
    expect((await inTable())?.['version']).toBe('1');
    await page.getByRole('link', { name: 'Grüße', exact: true }).click();
    await page.getByText('1. cleo').waitFor();
    await box('f_number').fill('5');
    await box('f_geo: latitude').fill('-1');
    await page.getByRole('combobox', { name: 'f_many' }).focus();
    await page.keyboard.press('Backspace');
    await page.getByText('3. ben').waitFor({ state: 'detached' });
    await page.keyboard.press('Backspace');
    await page.getByText('2. ann').waitFor({ state: 'detached' });
    await pick('f_many', 'ben', isChip('2. ben'));
    await page.keyboard.press('Escape');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await button('Save').click();
    expect((await sent).postDataJSON()).toEqual({
      f_number: 5,
      f_geo: { lat: -1, lon: -13.25 },
      f_many: [ids['cleo'], ids['ben']],
    });
    await row('Grüße').waitFor();
    expect(await inTable()).toMatchObject({ f_number: 5, f_computed: 10, f_geo: '(-13.25,-1)', f_text: 'Grüße', version: '2' });
    expect(await junction()).toEqual([ids['cleo'], ids['ben']]);
  });

  test('emptied inputs are null, in the API and in the table', async () => {
    const { page } = browser;
    await page.getByRole('link', { name: 'Grüße', exact: true }).click();
    await page.getByText('1. cleo').waitFor();
    const texts = ['f_richtext', 'f_email', 'f_url', 'f_number', 'f_decimal', 'f_json', 'f_geo: latitude', 'f_geo: longitude', 'f_text'];
    for (const name of texts) await box(name).fill('');
    for (const name of ['f_date', 'f_day']) await page.getByLabel(name).fill('');
    for (const name of ['f_bool', 'f_relation', 'f_many']) {
      await page.getByText(name).first().hover();
      if (name !== 'f_bool') await page.getByRole('combobox', { name }).focus();
      await button(`Clear ${name}`).click();
    }
    await button('Remove Grüße.txt').click();
    await page.getByRole('combobox', { name: 'f_select' }).click();
    await page.getByRole('option', { name: 'None' }).click();
    await button('Save').click();
    await page.getByText('Record saved').waitFor();
    const empty = Object.fromEntries(Object.keys(settings).map((type) => [`f_${type}`, null]));
    expect(await stored()).toEqual({ ...empty, f_many: [] });
    expect(await inTable()).toEqual({ ...empty, version: '3' });
    expect(await junction()).toEqual([]);
  });

  test('a list of more than a hundred is said to be one, and left alone', async () => {
    const { page } = browser;
    await app.sql(`INSERT INTO people (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, 101) n`);
    const all = (await app.sql(`SELECT id FROM people WHERE name LIKE 'p%' ORDER BY name`)).map(({ id }) => String(id));
    const { id } = (await app.send('GET /records/things', owner())).body.data[0];
    const put = (many: unknown) => app.send(`PATCH /records/things/${id}`, { ...owner(), body: { f_many: many } });
    expect((await put(all.slice(0, 100))).status).toBe(200);
    await page.goto(`${app.url}/admin/things/${id}`);
    await page.getByText('100. p').waitFor();
    expect((await put({ $add: all.slice(100) })).status).toBe(200);
    await page.reload();
    await page.getByText('More than 100 records').waitFor();
    await box('f_text').fill('long');
    await button('Save').click();
    await row('long').getByText('more than 100 records').waitFor();
    expect(await junction()).toHaveLength(101);
  });

  test('meanwhile nothing broke', () => {
    expect(browser.faults).toEqual([]);
    // The question who is there, before anybody signed in.
    expect(browser.refusals.filter((refusal) => !refusal.startsWith('401 GET /api/v1/auth/_admins/me'))).toEqual([]);
  });
});
