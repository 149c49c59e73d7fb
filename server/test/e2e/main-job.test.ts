/**
 * The main job, as people do it: an owner makes a collection in the dashboard and works with its records; then an app
 * developer, in an empty folder, installs the client from that server, generates the types and writes a program.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';

const run = promisify(execFile);
// A busy machine draws slowly.
jest.setTimeout(90_000);

inBrowser('the main job', () => {
  let app: TestApp;
  let browser: Visit;
  let shownTypes = '';
  const inside = {
    menu: () => browser.page.getByRole('menu').first(),
    row: (text: string) => browser.page.getByRole('row', { name: text }),
  };
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const link = (name: string) => browser.page.getByRole('link', { name, exact: true });
  const type = (label: string, text: string) => browser.page.getByRole('textbox', { name: label, exact: true }).fill(text);
  const choose = async (label: string, option: string): Promise<void> => {
    await browser.page.getByRole('combobox', { name: label }).click();
    await browser.page.getByRole('option', { name: option, exact: true }).click();
  };
  const shown = (text: string | RegExp) => browser.page.getByText(text).first().waitFor();

  beforeAll(async () => {
    app = await startTestApp({ ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
    browser = await visit(app.url);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test('the setup link makes the owner, once', async () => {
    const { page } = browser;
    await page.goto(`${app.url}/admin/setup#t=${await app.app.setupToken()}`);
    await type('Email', ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByLabel('Password again').fill(password);
    await button('Create owner').click();
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    expect(page.url()).not.toContain('t=');
    expect(await app.app.setupToken()).toBeUndefined();
    expect(await app.sql('SELECT email, role FROM underpin.admins')).toEqual([{ email: ownerEmail, role: 'owner' }]);
    // A mark that a reload would wipe: the rest happens without one.
    await page.evaluate(() => Object.assign(window, { mark: 'here' }));
  });

  test('a collection with eight fields and rules stands in the menu without a reload', async () => {
    const { page } = browser;
    await app.account('ann');
    await page.getByRole('menuitem', { name: 'New collection' }).click();
    await type('Name', 'books');
    const add = async (kind: string, name: string): Promise<void> => {
      await button('Add field').click();
      await page.getByRole('menuitem', { name: kind, exact: true }).click();
      await type('Field name', name);
    };
    await add('Text', 'title');
    await page.getByRole('checkbox', { name: 'Required' }).check();
    await add('Number', 'pages');
    await page.getByRole('checkbox', { name: 'Whole numbers only' }).check();
    await add('Number', 'stars');
    await add('Yes or no', 'lent');
    await add('Choice', 'genre');
    await type('Values', 'novel\npoems\nessay');
    await add('Date and time', 'due');
    await add('Relation', 'keeper');
    await choose('Target collection', 'users');
    await add('Decimal', 'price');
    await page.getByRole('tab', { name: 'Rules' }).click();
    const preset = (rule: string, name: string) =>
      page
        .getByRole('group', { name: `Presets of the ${rule} rule` })
        .getByRole('button', { name })
        .click();
    await preset('List', 'Everyone');
    await preset('Create', 'Signed in');
    for (const rule of ['Update', 'Delete']) {
      await preset(rule, 'Owner only');
      await page.getByRole('menuitem', { name: 'keeper' }).click();
    }
    expect(await app.sql(`SELECT FROM underpin.collections WHERE name = 'books'`)).toEqual([]);
    await button('Save').click();
    await page.getByRole('menuitem', { name: 'books', exact: true }).waitFor();
    await shown('No records in books');
    expect(await page.evaluate(() => 'mark' in window)).toBe(true);
    expect(await app.sql(`SELECT definition->'rules' AS rules FROM underpin.collections WHERE name = 'books'`)).toEqual([
      { rules: { list: 'true', create: 'auth != null && !auth.guest', update: 'keeper == auth.id', delete: 'keeper == auth.id' } },
    ]);
    expect(
      await app.sql(`SELECT column_name AS name, data_type AS type FROM information_schema.columns
                     WHERE table_name = 'books' AND column_name NOT IN ('id', 'created', 'updated', 'version') ORDER BY ordinal_position`),
    ).toEqual([
      { name: 'title', type: 'text' },
      { name: 'pages', type: 'bigint' },
      { name: 'stars', type: 'double precision' },
      { name: 'lent', type: 'boolean' },
      { name: 'genre', type: 'text' },
      { name: 'due', type: 'timestamp with time zone' },
      { name: 'keeper', type: 'uuid' },
      { name: 'price', type: 'numeric' },
    ]);
  });

  test('a record made in the form stands in the list, and in the table as it was typed', async () => {
    const { page } = browser;
    await link('Create the first record').click();
    await button('Create').click();
    await shown('Required');
    expect(await app.sql('SELECT FROM books')).toEqual([]);
    await type('title', 'Dune');
    await type('pages', '612');
    await type('stars', '4.5');
    await page.getByRole('checkbox', { name: 'lent' }).check();
    await choose('genre', 'novel');
    await page.getByLabel('due').fill('2026-07-04T12:30:15');
    await page.getByRole('combobox', { name: 'keeper' }).fill('ann@');
    await page.getByRole('option', { name: 'ann@example.com' }).click();
    await type('price', '12345678901234567.89');
    await button('Create').click();
    await inside.row('Dune').waitFor();
    expect(
      await app.sql(
        'SELECT b.title, b.pages, b.stars, b.lent, b.genre, b.due, b.price, u.email AS keeper FROM books b JOIN users u ON u.id = b.keeper',
      ),
    ).toEqual([
      {
        title: 'Dune',
        pages: '612',
        stars: 4.5,
        lent: true,
        genre: 'novel',
        due: new Date('2026-07-04T10:30:15Z'),
        price: '12345678901234567.89',
        keeper: 'ann@example.com',
      },
    ]);
    expect(await inside.row('Dune').innerText()).toMatch(/612\s+4\.5[\s\S]*novel[\s\S]*ann@example\.com\s+12345678901234567\.89/);
  });

  test('a renamed field keeps its values: list, form, table', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Fields' }).click();
    await button('Edit field title').click();
    await type('Field name', 'headline');
    await shown('Renames title; its values are kept.');
    await button('Save').click();
    await shown('books saved');
    await page.getByRole('tab', { name: 'Records' }).click();
    await page.getByRole('columnheader', { name: 'headline' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'title' }).count()).toBe(0);
    await link('Dune').click();
    await page.getByRole('heading', { name: 'Dune' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'headline' }).inputValue()).toBe('Dune');
    expect(await page.getByLabel('due').inputValue()).toBe('2026-07-04T12:30:15');
    expect(await app.sql('SELECT headline FROM books')).toEqual([{ headline: 'Dune' }]);
    await link('Cancel').click();
  });

  test('a filter typed and one put together leave only what matches', async () => {
    const { page } = browser;
    await app.sql(`INSERT INTO books (id, headline, pages, stars, genre)
                   VALUES (gen_random_uuid(), 'Odes', 90, 5, 'poems'), (gen_random_uuid(), 'Letters', 300, 2, 'essay')`);
    await page.reload();
    await inside.row('Odes').waitFor();
    await type('Filter', 'pages > 100 && genre != "essay"');
    await button('Apply').click();
    await inside.row('Odes').waitFor({ state: 'detached' });
    expect(await inside.row('Dune').count()).toBe(1);
    expect(await inside.row('Letters').count()).toBe(0);
    await type('Filter', 'pagess > 100');
    await button('Apply').click();
    // The server's own words: the text that was typed is in the page before any answer.
    await shown(/Unknown field "pagess"/);
    await button('Clear filter').click();
    await inside.row('Letters').waitFor();
    await button('Add condition').click();
    const form = page.getByRole('form', { name: 'Add condition' });
    await choose('Field', 'genre');
    await choose('Value', 'poems');
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await inside.row('Dune').waitFor({ state: 'detached' });
    expect(await inside.row('Odes').count()).toBe(1);
    await button('Clear filter').click();
    await inside.row('Dune').waitFor();
  });

  test('a field is dropped only after its plan was read', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Fields' }).click();
    await button('Remove stars').click();
    await button('Save').click();
    const dialog = page.getByRole('dialog', { name: 'Review this change' });
    await dialog.getByText('Deletes data').waitFor();
    expect(await dialog.innerText()).toMatch(/drop books\.stars[\s\S]*3 deleted/);
    expect(await dialog.getByRole('listitem').count()).toBe(1);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await app.sql('SELECT stars FROM books ORDER BY stars')).toEqual([{ stars: 2 }, { stars: 4.5 }, { stars: 5 }]);
    await button('Save').click();
    await button('Apply this change').click();
    await shown('books saved');
    expect(
      await app.sql(`SELECT column_name FROM information_schema.columns WHERE table_name = 'books' AND column_name = 'stars'`),
    ).toEqual([]);
    await page.getByRole('tab', { name: 'Records' }).click();
    await inside.row('Dune').waitFor();
    expect(await page.getByRole('columnheader', { name: 'stars' }).count()).toBe(0);
  });

  test('the page of its API shows the types that will be generated', async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'API' }).click();
    const block = page.locator('pre', { hasText: 'export interface BooksRow' });
    await block.waitFor();
    shownTypes = await block.innerText();
    expect(shownTypes).toContain('readonly headline: string;');
  });

  test('meanwhile nothing broke: no error, no refused policy, no request elsewhere, only the refusals provoked', () => {
    expect(browser.faults).toEqual([]);
    expect(browser.refusals).toEqual([
      '400 GET /api/v1/records/books',
      '409 PATCH /api/v1/collections/books',
      '409 PATCH /api/v1/collections/books',
    ]);
  });

  test('an app developer installs, generates, type-checks and runs against that collection', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underpin-app-'));
    // No registry: the package must come from the server alone.
    const env = { ...process.env, npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, '.npm'), NODE_OPTIONS: '' };
    const here = { cwd: folder, env };
    const token = (await app.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
    try {
      writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
      await run('npm', ['install', `${app.url}/sdk.tgz`, '--no-audit', '--no-fund', '--ignore-scripts'], here);
      expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@underpin']);
      await run('npx', ['--no', 'underpin-sdk', 'types', '--url', app.url, '--token', token, '--out', 'underpin.gen.ts'], here);
      const generated = readFileSync(join(folder, 'underpin.gen.ts'), 'utf8');
      expect(generated).toContain(shownTypes);
      expect(generated).not.toMatch(/\bany\b|stars|title|: unknown/);
      writeFileSync(join(folder, 'app.ts'), program(app.url));
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const compiler = join(process.cwd(), 'node_modules/ts7/bin/tsc');
      await run(process.execPath, [compiler, '-p', folder], here).catch((error: unknown) => {
        throw new Error(error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error));
      });
      const { stdout, stderr } = await run(process.execPath, ['out/app.js'], here);
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({
        mine: { headline: 'Emma', pages: 475, genre: 'novel', price: '9.90', version: 1 },
        novels: ['Dune', 'Emma'],
        keepers: ['', 'ben'],
        changed: { pages: 476, lent: false, version: 2 },
        others: 'rule_denied',
        total: 4,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(
      await app.sql(
        `SELECT b.headline, b.pages, b.lent, b.version, u.name AS keeper FROM books b LEFT JOIN users u ON u.id = b.keeper ORDER BY headline`,
      ),
    ).toEqual([
      { headline: 'Dune', pages: '612', lent: true, version: '1', keeper: 'ann' },
      { headline: 'Emma', pages: '476', lent: false, version: '2', keeper: 'ben' },
      { headline: 'Letters', pages: '300', lent: null, version: '1', keeper: null },
      { headline: 'Odes', pages: '90', lent: null, version: '1', keeper: null },
    ]);
  });
});

const config = {
  compilerOptions: {
    ...{ module: 'NodeNext', target: 'ES2023', strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
    ...{ rewriteRelativeImportExtensions: true, verbatimModuleSyntax: true, outDir: 'out', types: [] },
  },
  include: ['*.ts'],
};

const program = (url: string): string => `
import { attempt, createClient } from '@underpin/sdk';
import type { BooksCreate, BooksRow, BooksUpdate, Schema, UsersRow } from './underpin.gen.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
type AnyKeys<T> = { [K in keyof T]-?: IsAny<T[K]> extends true ? K : never }[keyof T];
const none = <T extends never>(): T | undefined => undefined;
none<AnyKeys<BooksRow>>();
none<AnyKeys<BooksCreate>>();
none<AnyKeys<BooksUpdate>>();
none<AnyKeys<UsersRow>>();
none<IsAny<BooksRow> extends true ? 'any' : never>();

const up = createClient<Schema>({ url: '${url}' });
const session = await up.auth.signUp({ email: 'ben@example.com', password: '${password}', name: 'ben' });
if (!session) throw new Error('no session');
const books = up.collection('books');
const { created, updated, id, keeper, due, lent, ...mine } = await books.create({
  headline: 'Emma', pages: 475, genre: 'novel', price: '9.90', keeper: session.record.id,
});
const novels = await books.list({ where: { genre: 'novel', pages: { gt: 100 } }, sort: ['headline'], fields: ['headline'], expand: { keeper: { fields: ['name'] } } });
const changed = await books.update(id, { pages: { $inc: 1 }, lent: false }, { ifVersion: 1 });
const dune = novels.data[0];
const [refusal] = await attempt(books.update(dune?.id ?? '', { pages: 1 }));
const all = await books.list({ count: 'exact', limit: 1 });
console.log(JSON.stringify({
  mine,
  novels: novels.data.map((book) => book.headline),
  keepers: novels.data.map((book) => book.expand.keeper?.name ?? ''),
  changed: { pages: changed.pages, lent: changed.lent, version: changed.version },
  others: refusal?.code,
  total: all.page.total,
}));

export async function refused(): Promise<void> {
  // @ts-expect-error a misspelt name in where
  await books.list({ where: { headlin: 'x' } });
  // @ts-expect-error a name that was renamed
  await books.list({ where: { title: 'x' } });
  // @ts-expect-error a misspelt name in sort
  await books.list({ sort: ['-pagess'] });
  // @ts-expect-error a misspelt name in fields
  await books.list({ fields: ['headlin'] });
  // @ts-expect-error a misspelt name in expand
  await books.list({ expand: { keper: true } });
  // @ts-expect-error a misspelt name in a body
  await books.create({ headline: 'x', pagess: 1 });
  // @ts-expect-error a wrong value in where
  await books.list({ where: { pages: 'many' } });
  // @ts-expect-error a value that is no choice
  await books.create({ headline: 'x', genre: 'drama' });
  // @ts-expect-error text for a number
  await books.update(id, { pages: '1' });
  // @ts-expect-error a missing required field
  await books.create({ pages: 1 });
  // @ts-expect-error null for a required field
  await books.update(id, { headline: null });
  // @ts-expect-error a field that was not selected
  (await books.get(id, { fields: ['headline'] })).pages;
  // @ts-expect-error a write to a system field
  await books.update(id, { version: 3 });
  // @ts-expect-error a system field at creation
  await books.create({ headline: 'x', created: '2026-01-01T00:00:00Z' });
  // @ts-expect-error an expand that was not asked for
  (await books.get(id)).expand;
  // @ts-expect-error a field that was not selected in the expand
  novels.data[0]?.expand.keeper?.email;
  // @ts-expect-error a collection that is not there
  up.collection('book');
}
`;
