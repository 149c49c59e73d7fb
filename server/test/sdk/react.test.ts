/** The hooks of `@underpin/sdk/react`: drawn on a server, taken over by a browser, in StrictMode. */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { build } from 'esbuild';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createClient } from '@underpin/sdk';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';
import { freePort, until } from '../support/process.ts';
import { ReactPage, type PageInput } from '../support/react-page.ts';

jest.setTimeout(60_000);

inBrowser('the hooks of React', () => {
  let up: TestApp;
  let pages: Server;
  let visitor: Visit;
  let drawn = '';
  const frames: string[] = [];
  const subscribes = (): number => frames.filter((one) => one.includes('"subscribe"')).length;
  const texts = (id: string): Promise<readonly string[]> => visitor.page.locator(`#${id} li`).allTextContents();
  const shows = (id: string, wanted: readonly string[]): Promise<void> =>
    until(`#${id} shows ${wanted.join()}`, async () => (await texts(id)).join() === wanted.join());
  const says = (id: string, wanted: string): Promise<void> =>
    visitor.page
      .locator(`#${id}`)
      .filter({ hasText: new RegExp(`^${wanted}$`) })
      .waitFor();
  const press = (id: string): Promise<void> => visitor.page.locator(`#${id}`).click();
  const insert = (title: string) => up.send('POST /records/notes', { token: up.owner, body: { title } });

  beforeAll(async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    up = await startTestApp({ CORS_ORIGINS: origin });
    for (const body of [
      { name: 'notes', fields: [{ name: 'title', type: 'text', max: 20 }], rules: { list: 'true', create: 'true' } },
      { name: 'clubs', fields: [{ name: 'title', type: 'text' }], rules: { list: 'auth != null' } },
    ])
      expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
    for (const title of ['a', 'b', 'c', 'd', 'e']) await insert(title);
    const reader = createClient({ url: up.url });
    const rows = (await reader.collection('notes').list({ sort: ['title'], limit: 3 })).data;
    const input: PageInput = { url: up.url, rows, list: await reader.collection('notes').list({ limit: 50 }) };
    drawn = renderToString(createElement(ReactPage, { input }));
    const { outputFiles } = await build({
      stdin: {
        contents: `import { createElement } from 'react'; import { hydrateRoot } from 'react-dom/client'; import { ReactPage } from './react-page.ts';
          const seen = window.seen = [];
          new MutationObserver((all) => seen.push(...all.map((one) => one.target.id))).observe(document.getElementById('first'), { childList: true, subtree: true, characterData: true });
          hydrateRoot(document.getElementById('root'), createElement(ReactPage, { input: window.input }));`,
        resolveDir: new URL('../support', import.meta.url).pathname,
        loader: 'ts',
      },
      ...{ bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2022', conditions: ['underpin-source'] },
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    const script = outputFiles[0]?.text ?? '';
    pages = createServer(({ url }, response) => {
      if (url === '/page.js') return void response.setHeader('content-type', 'text/javascript').end(script);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><div id="root">${drawn}</div><script>input=${JSON.stringify(input)}</script><script type="module" src="/page.js"></script>`,
      );
    });
    await new Promise<void>((resolve) => pages.listen(port, resolve));
    visitor = await visit(origin);
    visitor.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => frames.push(String(payload))));
    await visitor.page.goto(origin);
  });
  afterAll(async () => {
    // Its requests go to Underpin, which is elsewhere for a browser; and one of them is made to fail.
    const faults = visitor.faults.filter((fault) => !fault.startsWith(`elsewhere: ${up.url}/api/`) && !fault.includes('net::ERR_FAILED'));
    await visitor.close();
    await until('nothing is left on the server', () => up.app.hub.size === 0);
    pages.close();
    pages.closeAllConnections();
    await up.close();
    expect(faults).toEqual([]);
  });

  test('a server draws what it was given, and the browser takes it over without a flicker', async () => {
    expect(drawn).toContain('<ul id="first"><li>a</li><li>b</li><li>c</li></ul><output id="first-status">connecting</output>');
    expect(drawn).toContain('<output id="list">5</output>');
    await says('first-status', 'live');
    await shows('first', ['a', 'b', 'c']);
    expect(await visitor.page.evaluate(() => Reflect.get(window, 'seen'))).toEqual([]);
    await says('record', 'a');
  });

  test('StrictMode leaves one subscription, which all who ask the same share', async () => {
    await says('clubs', 'unauthenticated');
    expect([subscribes(), up.app.hub.size]).toEqual([2, 1]);
    await press('toggle');
    await until('nobody follows', () => up.app.hub.size === 0);
    await press('toggle');
    await shows('second', ['a', 'b', 'c']);
    await says('second-status', 'live');
    expect([subscribes(), up.app.hub.size]).toEqual([3, 1]);
  });

  test('a change elsewhere is shown, and more of them where they are wanted', async () => {
    await insert('A');
    for (const id of ['first', 'second']) await shows(id, ['A', 'a', 'b']);
    await press('first-more');
    await shows('first', ['A', 'a', 'b', 'c', 'd', 'e']);
    await shows('second', ['A', 'a', 'b']);
  });

  test('a query that changes is followed instead of the one before', async () => {
    await visitor.page.locator('#wanted').fill('b');
    await shows('some', ['b']);
    await visitor.page.locator('#wanted').fill('c');
    await shows('some', ['c']);
    await insert('cc');
    await until('it follows', async () => (await texts('some')).length === 2);
    await visitor.page.locator('#wanted').fill('');
    await shows('some', []);
    await until('only the others are followed', () => up.app.hub.size === 2);
  });

  test('a write is done once, however often it is sent', async () => {
    const { page } = visitor;
    const keys: string[] = [];
    let lost = 1;
    await page.route('**/records/notes', async (route) => {
      const request = route.request();
      if (request.method() !== 'POST') return route.continue();
      keys.push(request.headers()['idempotency-key'] ?? '');
      const response = await route.fetch();
      return lost-- > 0 ? route.abort() : route.fulfill({ response });
    });
    await page.locator('#title').fill('once');
    await page.locator('#add').evaluate((button: HTMLButtonElement) => {
      button.click();
      button.click();
    });
    await says('added', 'network');
    await press('add');
    await says('added', 'once');
    await press('add');
    await until('again is another', () => keys.length === 3);
    await says('added', 'once');
    expect(new Set(keys).size).toBe(2);
    expect(await up.sql(`SELECT count(*)::int AS n FROM notes WHERE title = 'once'`)).toEqual([{ n: 2 }]);
    await page.locator('#title').fill('x'.repeat(21));
    await press('add');
    await says('added', 'validation_failed');
    await page.unroute('**/records/notes');
    await press('reload');
    await says('list', '9');
  });

  test('who signs in is known, and sees what he may', async () => {
    await says('user', 'nobody');
    await press('sign-in');
    await says('user', 'Ann');
    await says('clubs', 'live 0');
    await press('sign-out');
    await says('user', 'nobody');
    await says('clubs', 'unauthenticated');
    await says('record', 'a');
  });
});
