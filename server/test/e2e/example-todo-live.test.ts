/** `examples/todo-live` in two browsers: each shows what the other does, also what it missed while it was offline. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';
import { startBuiltExample, type Example } from '../support/example.ts';
import { freePort, until } from '../support/process.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the example of a live list', () => {
  let up: TestApp;
  let example: Example;
  let first: Visit;
  let second: Visit;
  beforeAll(async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    up = await startTestApp({ CORS_ORIGINS: origin });
    example = await startBuiltExample('todo-live', up.url, port);
    [first, second] = await Promise.all([visit(origin), visit(origin)]);
    await first.page.goto(origin);
    await second.page.goto(origin);
  }, 60_000);
  afterAll(async () => {
    // Its requests go to Underpin, which is elsewhere for a browser; and one of them is offline for a while.
    const faults = [...first.faults, ...second.faults].filter(
      (fault) =>
        !fault.startsWith(`elsewhere: ${up.url}/api/`) && !/ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket connection to/.test(fault),
    );
    await Promise.all([first.close(), second.close(), example.close()]);
    await until('nothing is left on the server', () => up.app.hub.size === 0);
    await up.close();
    expect(faults).toEqual([]);
  });

  const add = async ({ page }: Visit, title: string): Promise<void> => {
    await page.getByLabel('What is to be done').fill(title);
    await page.getByRole('button', { name: 'Add' }).click();
  };
  const sees = ({ page }: Visit, titles: readonly string[]): Promise<void> =>
    until(`it sees ${titles.join()}`, async () => (await page.locator('li span').allTextContents()).join() === titles.join());

  test('what one adds, does and removes, the other sees', async () => {
    for (const one of [first, second]) await one.page.getByText('Nothing to do.').waitFor();
    await add(first, 'Buy milk');
    for (const one of [first, second]) await sees(one, ['Buy milk']);
    await add(second, 'Feed the cat');
    for (const one of [first, second]) await sees(one, ['Feed the cat', 'Buy milk']);
    await first.page.getByLabel('Feed the cat', { exact: true }).click();
    for (const one of [first, second]) await sees(one, ['Buy milk', 'Feed the cat']);
    expect(await second.page.getByLabel('Feed the cat', { exact: true }).isChecked()).toBe(true);
    for (const [look, width] of [
      ['light', 1280],
      ['dark', 375],
    ] as const) {
      await second.page.emulateMedia({ colorScheme: look });
      await narrowTo(second.page, width);
      if (folder !== undefined) await second.page.screenshot({ path: `${folder}/example-todo-live-${look}.png` });
    }
    await second.page.getByRole('button', { name: 'Remove Feed the cat' }).click();
    for (const one of [first, second]) await sees(one, ['Buy milk']);
  });

  test('who was offline has all of it when he is back', async () => {
    await second.page.context().setOffline(true);
    await second.page.getByText('Offline').waitFor();
    await add(first, 'Water the plants');
    await up.sql(`UPDATE todos SET title = 'Buy bread' WHERE title = 'Buy milk'`);
    await sees(first, ['Water the plants', 'Buy bread']);
    expect(await second.page.locator('li span').allTextContents()).toEqual(['Buy milk']);
    await second.page.context().setOffline(false);
    await sees(second, ['Water the plants', 'Buy bread']);
    await second.page.getByText('Live', { exact: true }).waitFor();
  });

  test('there is more where there is more', async () => {
    await up.sql(`INSERT INTO todos (id, title, done) SELECT gen_random_uuid(), 'todo ' || n, false FROM generate_series(1, 40) n`);
    await until('the first of them', async () => (await first.page.locator('li').count()) === 20);
    await first.page.getByRole('button', { name: 'Show more' }).click();
    await until('more of them', async () => (await first.page.locator('li').count()) === 40);
  });
});
