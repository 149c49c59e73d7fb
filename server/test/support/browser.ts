/** A real Chromium for suites that need one, with everything kept that a person would call broken. */
import { describe, test } from '@jest/globals';
import { chromium, type Page } from 'playwright-core';

const program = process.env['UNDERPIN_TEST_CHROMIUM'] ?? '';

/** A suite that needs Chromium: skipped by name where there is none, a failure where nothing may be skipped. */
export function inBrowser(name: string, suite: () => void): void {
  if (program !== '') describe(name, suite);
  else if (process.env['CI'] === 'true')
    describe(name, () => {
      test('needs Chromium', () => {
        throw new Error('UNDERPIN_TEST_CHROMIUM names no Chromium; `npm test -- --install` installs one');
      });
    });
  else describe.skip(`${name} (needs Chromium)`, suite);
}

export interface Visit {
  readonly page: Page;
  /** Errors of the page and its console, what the content security policy refused, requests that left the origin. */
  readonly faults: readonly string[];
  /** Answers of 400 and more: `409 PATCH /api/v1/collections/posts`. */
  readonly refusals: readonly string[];
  close(): Promise<void>;
}

/** Makes the window that wide, and waits until the page, which may still be moving, is no wider. */
export async function narrowTo(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.waitForFunction((most) => document.documentElement.scrollWidth <= most, width);
}

/** Opens a browser of its own with an empty profile, in a zone that is not UTC, so that confused times show. */
export async function visit(origin: string): Promise<Visit> {
  const browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
  });
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults: string[] = [];
  const refusals: string[] = [];
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`);
    });
  });
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
  page.on('console', (message) => {
    // An answer that is a refusal is told twice by the browser; it stands in `refusals`.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource: the server responded with a status of 4'))
      faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !/^(data|blob|about):/.test(request.url())) faults.push(`elsewhere: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) refusals.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
  });
  return { page, faults, refusals, close: () => browser.close() };
}
