/** /docs: the API as the one who looks may know it, from this origin alone, and as him it is tried out. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ownerEmail, password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

describe('the page at /docs', () => {
  const asked = async (env: Readonly<Record<string, string>>, path: string) => {
    const app = await startTestApp(env);
    try {
      const answer = await fetch(app.url + path);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } finally {
      await app.close();
    }
  };

  test.each([
    ['in production', {}, 404],
    ['in development', { MODE: 'development' }, 200],
    ['in production, turned on', { API_DOCS: 'on' }, 200],
    ['in development, turned off', { MODE: 'development', API_DOCS: 'off' }, 404],
  ])('%s', async (_name, env, status) => {
    expect((await asked(env, '/docs')).status).toBe(status);
    const answer = await asked(env, '/docs/assets/start.js');
    expect(answer.status).toBe(status);
  });

  test('off, it is refused as any path that is not there', async () => {
    const { headers, text } = await asked({}, '/docs');
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ status: 404, code: 'not_found', detail: 'There is nothing at this path.' });
  });

  test('names scripts and looks of this origin only, under a policy that lets no other in, and no inline script', async () => {
    const { headers, text } = await asked({ API_DOCS: 'on' }, '/docs');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|https?:|\*/);
    const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, at = '']) => at);
    expect(named.length).toBe(5);
    expect(named.filter((at) => !/^\/(docs\/assets|admin)\/[\w.-]+$/.test(at))).toEqual([]);
    expect(text).not.toMatch(/<script>|<script [^>]*[^/"]>[^<]|\son\w+=/);
  });

  test('leaves the pages that errors lead to where they are', async () => {
    const { headers, text } = await asked({ API_DOCS: 'on' }, '/docs/errors');
    expect(headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(text).toContain('## not_found');
  });
});

inBrowser('the page at /docs, seen', () => {
  let app: TestApp;
  let browser: Visit;
  let ann = '';
  const operation = (path: string) => browser.page.locator(`.opblock-get [data-path="${path}"]`);

  beforeAll(async () => {
    app = await startTestApp({ API_DOCS: 'on' });
    ann = (await app.account('ann')).token;
    const make = async (name: string, list: string): Promise<void> => {
      const body = { name, fields: [{ name: 'title', type: 'text' }], rules: { list } };
      expect((await app.send('POST /collections', { token: app.owner, body })).status).toBe(201);
    };
    await make('posts', 'true');
    await make('drafts', 'auth != null');
    expect((await app.send('POST /records/posts', { token: app.owner, body: { title: 'Dune' } })).status).toBe(201);
    browser = await visit(app.url);
    await browser.page.goto(`${app.url}/docs`);
    await operation('/records/posts').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  const tryOut = async (path: string): Promise<{ code: string; body: string }> => {
    const { page } = browser;
    const block = page.locator('.opblock-get', { has: page.locator(`[data-path="${path}"]`) });
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    await block.getByRole('button', { name: 'Execute' }).click();
    const response = block.locator('.live-responses-table .response');
    await response.waitFor();
    return {
      code: await response.locator('.response-col_status').innerText(),
      body: await response.locator('.highlight-code').first().innerText(),
    };
  };
  const authorize = () => browser.page.locator('.auth-wrapper > .authorize').click();
  const inDialog = (name: string) => browser.page.locator('.modal-ux').getByRole('button', { name }).click();
  const apply = async (token: string): Promise<void> => {
    await browser.page.locator('.auth-container input').fill(token);
    await inDialog('Apply credentials');
  };

  test('shows a stranger what is open to all, and nothing else', async () => {
    expect(await operation('/records/posts').count()).toBe(1);
    expect(await operation('/records/drafts').count()).toBe(0);
    expect(await browser.page.content()).not.toContain('drafts');
  });

  test('tries out a list, with the answer of this server', async () => {
    const { code, body } = await tryOut('/records/posts');
    expect(code).toContain('200');
    expect(body).toContain('Dune');
  });

  test('shows with a token what its owner may know, and asks as him; a token that is none is not taken', async () => {
    const { page } = browser;
    await authorize();
    await apply('nobody');
    await page.locator('.modal-ux').getByText('The credentials are not valid').waitFor();
    expect(await operation('/records/drafts').count()).toBe(0);
    await apply(ann);
    await inDialog('Close');
    await operation('/records/drafts').waitFor();
    expect(await page.getByText('The credentials are not valid').count()).toBe(0);
    expect((await tryOut('/records/drafts')).code).toContain('200');
  });

  test('shows what a stranger may know again once the token is taken away', async () => {
    await authorize();
    await inDialog('Remove authorization');
    await inDialog('Close');
    await operation('/records/drafts').waitFor({ state: 'detached' });
  });

  test('shows whoever is signed in to the dashboard what he may know', async () => {
    const { page } = browser;
    await page.goto(`${app.url}/admin/`);
    await page.getByRole('textbox', { name: 'Email' }).fill(ownerEmail);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await page.goto(`${app.url}/docs`);
    await operation('/records/drafts').waitFor();
    expect((await tryOut('/records/drafts')).code).toContain('200');
  });

  test.each([
    ['light', 'html:not(.dark-mode)'],
    ['dark', 'html.dark-mode'],
  ] as const)('looks %s where the system does, and fits 375 pixels', async (colorScheme, page) => {
    await browser.page.emulateMedia({ colorScheme });
    await browser.page.locator(page).waitFor();
    await narrowTo(browser.page, 375);
  });

  test('asks nothing of anybody else, and the policy refuses nothing', () => {
    expect(browser.faults).toEqual([]);
    expect(browser.refusals).toEqual(['401 GET /api/v1/openapi.json', '401 GET /api/v1/auth/_admins/me']);
  });
});
