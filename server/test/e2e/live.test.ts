/** The dashboard beside somebody else: lists and open records show what psql changes, and no draft is lost by it. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';
import { until } from '../support/process.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the dashboard', () => {
  let up: TestApp;
  let browser: Visit;
  const shown = (text: string | RegExp) => browser.page.getByText(text).first().waitFor();
  const button = (name: string) => browser.page.getByRole('button', { name, exact: true });
  const box = (name: string) => browser.page.getByRole('textbox', { name, exact: true });
  /** The titles of the list, from the top. */
  const list = (wanted: readonly string[]): Promise<void> =>
    until(`the list is ${wanted.join()}`, async () => {
      const rows = browser.page.locator('tbody tr');
      const titles = await rows.evaluateAll((all) => all.map((row) => row.querySelector('a')?.textContent));
      return titles.join() === wanted.join();
    });
  const insert = async (title: string, more: object = {}): Promise<string> =>
    (await up.send('POST /records/tasks', { token: up.owner, body: { title, ...more } })).body.id;
  const stored = async (id: string) => (await up.sql('SELECT title, rank, note FROM tasks WHERE id = $1', [id]))[0];
  const open = async (id: string): Promise<void> => {
    await browser.page.goto(`${up.url}/admin/tasks/${id}`);
    await box('title').waitFor();
    // One subscription, of this record.
    await until('it is followed', () => up.app.hub.size === 1);
  };
  const value = (name: string, wanted: string): Promise<void> =>
    until(`${name} is ${wanted}`, async () => (await box(name).inputValue()) === wanted);
  const shot = async (name: string): Promise<void> => {
    for (const [look, width] of [
      ['light', 1280],
      ['dark', 375],
    ] as const) {
      await browser.page.emulateMedia({ colorScheme: look });
      await narrowTo(browser.page, width);
      if (folder !== undefined) await browser.page.screenshot({ path: `${folder}/live-${name}-${look}.png`, fullPage: true });
    }
    await browser.page.emulateMedia({ colorScheme: 'light' });
    await narrowTo(browser.page, 1280);
  };

  beforeAll(async () => {
    up = await startTestApp();
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'rank', type: 'number', integer: true },
      { name: 'note', type: 'text' },
      { name: 'owner', type: 'relation', to: 'users' },
    ];
    expect((await up.send('POST /collections', { token: up.owner, body: { name: 'tasks', fields } })).status).toBe(201);
    browser = await visit(up.url);
    await browser.page.goto(`${up.url}/admin/tasks`);
    await box('Email').fill(ownerEmail);
    await browser.page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await button('Sign in').waitFor({ state: 'detached' });
  }, 60_000);
  afterAll(async () => {
    const faults = browser.faults.filter((fault) => !/ERR_INTERNET_DISCONNECTED|WebSocket connection to/.test(fault));
    await browser.close();
    await until('nothing is left on the server', () => up.app.hub.size === 0);
    await up.close();
    expect([faults, browser.refusals.filter((one) => !one.startsWith('401 '))]).toEqual([[], []]);
  });

  test('a list shows what comes, changes and goes, in its place, and what has changed is seen once', async () => {
    const { page } = browser;
    await shown('No records in tasks');
    await until('it is followed', () => up.app.hub.size === 1);
    await up.sql(`INSERT INTO tasks (id, title, rank) VALUES (gen_random_uuid(), 'first', 1)`);
    await list(['first']);
    const { id } = await up.account('ann');
    await insert('second', { owner: id });
    await list(['second', 'first']);
    await shown('1-2 of 2');
    await up.sql(`UPDATE tasks SET title = 'changed', rank = 7 WHERE title = 'first'`);
    await list(['second', 'changed']);
    const row = (text: string) => page.getByRole('row', { name: text });
    const glow = (text: string): Promise<string> => row(text).evaluate((one) => getComputedStyle(one).animationName);
    expect([await glow('changed'), await glow('second')]).toEqual([expect.not.stringMatching(/^none$/), 'none']);
    await shot('list');
    await until('it was seen', async () => (await glow('changed')) === 'none');
    await up.sql(`UPDATE users SET email = 'other@example.com'`);
    await row('second').getByText('other@example.com').waitFor();
    await up.sql(`DELETE FROM tasks WHERE title = 'second'`);
    await list(['changed']);
    await shown('1-1 of 1');
  });

  test('a filter, another order and another page are followed as they are', async () => {
    const { page } = browser;
    await up.sql(`INSERT INTO tasks (id, title, rank) SELECT gen_random_uuid(), 'n' || n, n FROM generate_series(10, 60) n`);
    const query = (more: Readonly<Record<string, string>>) => `${up.url}/admin/tasks?${new URLSearchParams(more).toString()}`;
    await page.goto(query({ sort: 'rank', order: 'ASC', page: '2', perPage: '10', filter: '{}' }));
    await list(['n19', 'n20', 'n21', 'n22', 'n23', 'n24', 'n25', 'n26', 'n27', 'n28']);
    await until('it is followed', () => up.app.hub.size === 1);
    await up.sql(`UPDATE tasks SET rank = 15 WHERE title = 'n21'`);
    await list(['n18', 'n19', 'n20', 'n22', 'n23', 'n24', 'n25', 'n26', 'n27', 'n28']);
    await up.sql(`DELETE FROM tasks WHERE title IN ('n10', 'n60')`);
    await list(['n19', 'n20', 'n22', 'n23', 'n24', 'n25', 'n26', 'n27', 'n28', 'n29']);
    await shown('11-20 of 50');
    await page.goto(query({ sort: 'rank', order: 'ASC', page: '1', perPage: '10', filter: JSON.stringify({ filter: 'rank > 55' }) }));
    await list(['n56', 'n57', 'n58', 'n59']);
    await until('it is followed', () => up.app.hub.size === 1);
    await up.sql(`UPDATE tasks SET rank = 100 WHERE title = 'n30'`);
    await up.sql(`UPDATE tasks SET rank = 1 WHERE title = 'n57'`);
    await list(['n56', 'n58', 'n59', 'n30']);
    await shown('1-4 of 4');
  });

  test('what was missed while there was no connection is there when it is back', async () => {
    await browser.page.context().setOffline(true);
    await until('it is away', () => up.app.hub.size === 0);
    await up.sql(`UPDATE tasks SET rank = 101, title = 'away' WHERE title = 'n31'`);
    await browser.page.context().setOffline(false);
    await list(['n56', 'n58', 'n59', 'n30', 'away']);
  });

  test('a record that is open takes what others change, but no draft is written over', async () => {
    const id = await insert('one', { rank: 1, note: 'a' });
    await open(id);
    await box('title').fill('mine');
    await up.sql(`UPDATE tasks SET title = 'theirs', rank = 2, note = 'b', version = version + 1 WHERE id = $1`, [id]);
    await shown('Somebody else has just changed this to:');
    await value('rank', '2');
    await value('note', 'b');
    await value('title', 'mine');
    await shown('theirs');
    await shot('draft');
    // Nobody has chosen: saving asks.
    await button('Save').click();
    await shown('Changed by somebody else');
    await button('Keep editing').click();
    await button('Keep mine: title').click();
    await button('Keep mine: title').waitFor({ state: 'detached' });
    await button('Save').click();
    await shown('Record saved');
    expect(await stored(id)).toEqual({ title: 'mine', rank: '2', note: 'b' });
  });

  test('theirs is taken where the person says so; what is half typed is a draft too', async () => {
    const id = await insert('one', { rank: 1, note: 'a' });
    await open(id);
    await box('title').fill('mine');
    await box('rank').fill('-');
    await up.sql(`UPDATE tasks SET title = 'theirs', rank = 2, note = 'b' WHERE id = $1`, [id]);
    await button('Take theirs: rank').waitFor();
    await value('note', 'b');
    expect([await box('rank').inputValue(), await box('title').inputValue()]).toEqual(['-', 'mine']);
    await button('Take theirs: rank').click();
    await button('Take theirs: title').click();
    await value('rank', '2');
    await value('title', 'theirs');
    await box('note').fill('c');
    await button('Save').click();
    await shown('Record saved');
    expect(await stored(id)).toEqual({ title: 'theirs', rank: '2', note: 'c' });
  });

  test('a record that somebody deletes says so, and what was typed is still there', async () => {
    const id = await insert('one');
    await open(id);
    await box('title').fill('mine');
    await up.sql('DELETE FROM tasks WHERE id = $1', [id]);
    await shown('Somebody else has deleted this record');
    expect([await button('Save').isDisabled(), await box('title').inputValue(), await button('Delete').count()]).toEqual([true, 'mine', 0]);
    await shot('gone');
  });
});
