/** `examples/photos` in two browsers: what one uploads, he sees; what he shares, the other sees too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, narrowTo, visit, type Visit } from '../support/browser.ts';
import { startBuiltExample, type Example } from '../support/example.ts';
import { freePort, until } from '../support/process.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);
const folder = process.env['UNDERPIN_TEST_SHOTS'];

inBrowser('the example of photos', () => {
  const photos = mkdtempSync(join(tmpdir(), 'underpin-photos-'));
  const small = join(photos, 'small.png');
  const large = join(photos, 'large.png');
  let up: TestApp;
  let example: Example;
  let first: Visit;
  let second: Visit;
  beforeAll(async () => {
    writeFileSync(
      small,
      await sharp({ create: { width: 900, height: 600, channels: 3, background: '#38a' } })
        .png()
        .toBuffer(),
    );
    // What is noise is as large as its pixels.
    const noise = { raw: { width: 2_400, height: 2_000, channels: 3 } } as const;
    writeFileSync(
      large,
      await sharp(randomBytes(2_400 * 2_000 * 3), noise)
        .png({ compressionLevel: 0 })
        .toBuffer(),
    );
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    up = await startTestApp({ CORS_ORIGINS: origin });
    example = await startBuiltExample('photos', up.url, port);
    [first, second] = await Promise.all([visit(origin), visit(origin)]);
    await first.page.goto(origin);
    await second.page.goto(origin);
  }, 60_000);
  afterAll(async () => {
    // Its requests go to Underpin, which is elsewhere for a browser.
    const faults = [...first.faults, ...second.faults].filter((fault) => !fault.startsWith(`elsewhere: ${up.url}/api/`));
    await Promise.all([first.close(), second.close(), example.close()]);
    await up.close();
    rmSync(photos, { recursive: true });
    expect(faults).toEqual([]);
  });

  const choose = ({ page }: Visit, ...files: readonly string[]): Promise<void> =>
    page.locator('input[type=file]').setInputFiles([...files]);
  /** Names of the pictures that are drawn. */
  const drawn = ({ page }: Visit): Promise<readonly string[]> =>
    page
      .locator('.photo img')
      .evaluateAll((all) => all.flatMap((one) => (one instanceof HTMLImageElement && one.naturalWidth > 0 ? [one.alt] : [])));
  const sees = (one: Visit, names: readonly string[]): Promise<void> =>
    until(`it sees ${names.join()}`, async () => (await drawn(one)).join() === names.join());
  /** As over a line that is not fast: so many bytes a second. */
  const slow = async ({ page }: Visit, uploadThroughput: number): Promise<void> => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  };
  const uploaded = ({ page }: Visit): Promise<number> => page.locator('progress').evaluate((bar) => Number(bar.getAttribute('value')));

  test('a guest sees what he uploads, and nobody else does until he shares it', async () => {
    await first.page.getByRole('button', { name: 'Continue as a guest' }).click();
    await choose(first, small);
    await sees(first, ['small.png']);
    expect(await first.page.locator('.photo img').getAttribute('src')).toMatch(/^blob:/);
    await first.page.getByLabel('Caption of small.png').fill('The sea');
    await first.page.getByLabel('Caption of small.png').blur();
    await sees(first, ['The sea']);
    expect(await drawn(second)).toEqual([]);
    await first.page.getByLabel('Shared').click();
    for (const one of [second, first]) await sees(one, ['The sea']);
    expect(await second.page.locator('.photo img').getAttribute('src')).toMatch(/\/api\/v1\/files\/[^?]+\?thumb=400x300$/);
    await first.page.getByLabel('Shared').click();
    await sees(second, []);
    // A link leads to where Underpin says that it is, which a test only plays.
    await first.page.context().route(/token=/, async (route) => {
      const { pathname, search } = new URL(route.request().url());
      const linked = await fetch(`${up.url}${pathname}${search}`);
      await route.fulfill({ status: linked.status, contentType: String(linked.headers.get('content-type')), body: 'shown' });
    });
    const [other] = await Promise.all([first.page.context().waitForEvent('page'), first.page.getByLabel('Open The sea').click()]);
    const shown = await other.waitForResponse(/token=/);
    expect([shown.status(), shown.headers()['content-type']]).toEqual([200, 'image/png']);
    await other.close();
    for (const [look, width] of [
      ['light', 1280],
      ['dark', 375],
    ] as const) {
      await first.page.emulateMedia({ colorScheme: look });
      await narrowTo(first.page, width);
      if (folder !== undefined) await first.page.screenshot({ path: `${folder}/example-photos-${look}.png` });
    }
    await first.page.getByLabel('Delete The sea').click();
    await sees(first, []);
  });

  test('a large one is paused, and goes on after the page was loaded anew', async () => {
    const { page } = second;
    await page.getByLabel('E-mail').fill('ann@example.com');
    await page.getByLabel('Password').fill('correct horse battery staple');
    await page.getByRole('button', { name: 'New account' }).click();
    await slow(second, 4_000_000);
    await choose(second, large);
    await until('some of it is sent', async () => (await uploaded(second)) > 3_000_000);
    await page.getByRole('button', { name: 'Pause' }).click();
    const paused = await uploaded(second);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await uploaded(second)).toBe(paused);
    const [begun] = await up.sql('SELECT id FROM underpin.files WHERE whole IS NULL');
    await page.reload();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname.replace('/api/v1', '')}`));
    await slow(second, -1);
    await choose(second, large);
    await sees(second, ['large.png']);
    expect(asked.filter((one) => one.includes('/tus') && !one.startsWith('OPTIONS'))).toEqual([
      `HEAD /files/tus/${String(begun?.['id'])}`,
      `PATCH /files/tus/${String(begun?.['id'])}`,
      `GET /files/tus/${String(begun?.['id'])}`,
    ]);
    expect(await page.evaluate(() => localStorage.getItem('underpin:uploads'))).toBeNull();
  });

  test('one that is given up leaves nothing', async () => {
    await slow(second, 2_000_000);
    await choose(second, large);
    await until('some of it is sent', async () => (await uploaded(second)) > 1_000_000);
    await second.page.getByRole('button', { name: 'Cancel' }).click();
    await until('the bar is gone', async () => (await second.page.locator('progress').count()) === 0);
    await until('nothing is left', async () => (await up.sql('SELECT FROM underpin.files WHERE whole IS NULL')).length === 0);
    expect(await drawn(second)).toEqual(['large.png']);
  });
});
