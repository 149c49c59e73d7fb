/** What somebody uploaded with scripts in it, opened in every way that a browser knows, on our own origin: none of them runs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';
import { upload } from '../support/files.ts';

/** Says on every way it has that it ran. */
const script =
  "try{localStorage.setItem('ran','1')}catch(e){};try{document.cookie='ran=1'}catch(e){};try{fetch('/ran')}catch(e){};try{(top||self).ran=1}catch(e){};try{opener.ran=1}catch(e){};new Image().src='/ran'";
const pdf = (js: string): string => `%PDF-1.7
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(${js.replace(/[()\\]/g, '\\$&')})>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
trailer<</Root 1 0 R>>
%%EOF`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${script.replaceAll('"', '&quot;')}"><script>${script}</script><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:${script}"/></foreignObject></svg>`;
const html = `<!doctype html><html><body onload="${script}"><script>${script}</script><img src=x onerror="${script}"></body></html>`;

const files: readonly (readonly [string, string])[] = [
  ['drawing.svg', svg],
  ['drawing.png', svg],
  ['xml.svg', `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?>${svg}`],
  ['page.html', html],
  ['page.txt', html],
  ['late.txt', `${' \n'.repeat(3_000)}${html}`],
  ['page.xhtml', `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>${script}</script></html>`],
  ['words.txt', `words, then <script>${script}</script>`],
  ['paper.pdf', pdf(`app.launchURL("/ran");${script}`)],
  ['code.js', script],
  ['worker.mjs', `self.addEventListener('fetch',()=>{});${script}`],
  // Begins as a picture, and is a script and a page too.
  ['poly.gif', `GIF89a/*\u0001\u0001\u0000\u0000\u0000*/=1;${script};//${html}`],
  ['poly.jpg', `\u00ff\u00d8\u00ff\u00e0/*${html}*/`],
  ['mail.mht', `MIME-Version: 1.0\nContent-Type: text/html\n\n${html}`],
];

inBrowser('hostile files', () => {
  let up: TestApp;
  let seen: Visit;
  const urls = new Map<string, string>();
  beforeAll(async () => {
    up = await startTestApp({ INSECURE_COOKIES: 'on' });
    await up.send('POST /collections', {
      token: up.owner,
      body: { name: 'posts', fields: [{ name: 'papers', type: 'file', many: true, max: 50 }], rules: { list: 'true' } },
    });
    const ids: string[] = [];
    for (const [name, text] of files) {
      const bytes = Buffer.from(text, name.startsWith('poly') ? 'latin1' : 'utf8');
      const { body } = await upload(up, bytes, { field: 'papers', name, token: up.owner });
      urls.set(name, body.url);
      ids.push(body.id);
    }
    const made = await up.send('POST /records/posts', { token: up.owner, body: { papers: ids } });
    if (made.status !== 201) throw new Error(made.text);
    seen = await visit(up.url);
  }, 60_000);
  afterAll(async () => {
    await seen?.close();
    await up.close();
  });

  test('a script of ours that is not kept from it runs: so the test can fail', async () => {
    const { page } = seen;
    await page.goto(`${up.url}/health/live`);
    await page.evaluate((text) => void document.body.append(Object.assign(document.createElement('script'), { text })), script);
    expect(await traces()).not.toEqual([]);
    await forget();
  });

  test.each(files.map(([name]) => name))('%s', async (name) => {
    const { page } = seen;
    const url = up.url + (urls.get(name) ?? '');
    // Opened by itself: shown as a sandbox, or saved.
    for (const path of [url, url.replace(/\/[^/]*$/, '')]) await page.goto(path).catch(() => undefined);
    // In a page of ours, in every element that takes a URL.
    await page.goto(`${up.url}/health/live`);
    await page.evaluate(async (src) => {
      const all: Promise<unknown>[] = [];
      for (const [tag, attribute] of [
        ['iframe', 'src'],
        ['embed', 'src'],
        ['object', 'data'],
        ['img', 'src'],
        ['script', 'src'],
        ['video', 'src'],
      ] as const) {
        const element = document.createElement(tag);
        element.setAttribute(attribute, src);
        all.push(
          new Promise((resolve) => ['load', 'error', 'loadedmetadata'].forEach((event) => element.addEventListener(event, resolve))),
        );
        document.body.append(element);
      }
      const module = Object.assign(document.createElement('script'), { type: 'module', src });
      all.push(new Promise((resolve) => ['load', 'error'].forEach((event) => module.addEventListener(event, resolve))));
      document.body.append(module);
      all.push(navigator.serviceWorker?.register(src).catch(() => undefined) ?? Promise.resolve());
      all.push(
        Promise.resolve()
          .then(() => new Worker(src))
          .then(
            (worker) => new Promise((resolve) => (worker.onerror = resolve)),
            () => undefined,
          ),
      );
      // What is saved tells nobody that it is.
      await Promise.race([Promise.allSettled(all), new Promise((resolve) => setTimeout(resolve, 400))]);
    }, url);
    expect(await traces()).toEqual([]);
    expect(await page.evaluate(async () => (await navigator.serviceWorker?.getRegistrations())?.length ?? 0)).toBe(0);
    await forget();
  });

  /** What a script that ran has left. */
  async function traces(): Promise<string[]> {
    const { page } = seen;
    const left = await page.evaluate(() => [localStorage.getItem('ran'), document.cookie, Reflect.get(window, 'ran')].map(String));
    return [...left.filter((one) => !['null', '', 'undefined'].includes(one)), ...seen.refusals.filter((one) => one.endsWith(' /ran'))];
  }
  async function forget(): Promise<void> {
    await seen.page.evaluate(() => localStorage.clear());
    await seen.page.context().clearCookies();
    (seen.refusals as string[]).length = 0;
  }
});
