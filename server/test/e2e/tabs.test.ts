/** Two tabs of a browser that keep their session in localStorage. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { build } from 'esbuild';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { password, startTestApp, type TestApp } from '../support/app.ts';
import { inBrowser, visit, type Visit } from '../support/browser.ts';
import { until } from '../support/process.ts';

// A busy machine draws slowly.
jest.setTimeout(90_000);

inBrowser('tabs with one localStorage', () => {
  let up: TestApp;
  let seen: Visit;
  let tabs: readonly Page[];
  beforeAll(async () => {
    up = await startTestApp();
    seen = await visit(up.url);
    tabs = [seen.page, await seen.page.context().newPage()];
    const client = await build({
      entryPoints: [join(process.cwd(), 'sdk/src/index.ts')],
      ...{ bundle: true, write: false, format: 'iife', globalName: 'sdk', platform: 'browser', target: 'es2022' },
    });
    for (const tab of tabs) {
      await tab.goto(`${up.url}/docs/errors`);
      await tab.evaluate(`${client.outputFiles[0]?.text ?? ''}
        globalThis.events = [];
        globalThis.up = sdk.createClient({ url: location.origin, storage: 'local' });
        up.auth.onChange((session, event) => events.push([event, session?.record.email ?? null]));`);
    }
  });
  afterAll(async () => {
    await seen.close();
    await up.close();
  });

  const [ann, bob] = ['ann@example.com', 'bob@example.com'];
  const events = (): Promise<unknown[]> => Promise.all(tabs.map((tab) => tab.evaluate('events')));
  const run = (tab: number, code: string): Promise<unknown> => tabs[tab]?.evaluate(code) ?? Promise.reject(new Error('no such tab'));
  const bothHear = (event: string, email?: string) =>
    until(`both hear of ${event} ${email ?? ''}`, async () => {
      const last = (await Promise.all(tabs.map((tab) => tab.evaluate('JSON.stringify(events.at(-1))')))).map(String);
      return last.every((one) => one === JSON.stringify([event, email ?? null]));
    });
  const signUp = (tab: number, email: string) =>
    run(tab, `up.auth.signUp(${JSON.stringify({ email, password, name: 'x' })}).then(() => 1)`);

  test('sign in and out, and renew, in one are so in the other', async () => {
    await signUp(0, ann);
    await bothHear('signedIn', ann);
    up.ahead += 11 * 60_000;
    await run(1, 'up.auth.me()');
    await bothHear('refreshed', ann);
    // Past the grace for what the first tab had.
    up.ahead += 11_000;
    expect(await run(0, 'up.auth.me().then(({ email }) => email)')).toBe(ann);
    await run(1, 'up.auth.signOut()');
    await bothHear('signedOut');
    expect(await events()).toEqual(
      Array(2).fill([
        ['signedIn', ann],
        ['refreshed', ann],
        ['signedOut', null],
      ]),
    );
    expect(await run(0, 'localStorage.length')).toBe(0);
  });

  test('renew at the same moment, round after round, and keep one session', async () => {
    await signUp(1, bob);
    await bothHear('signedIn', bob);
    for (let round = 0; round < 10; round += 1) {
      up.ahead += 11 * 60_000;
      expect(await Promise.all([0, 1].map((tab) => run(tab, 'up.auth.me().then(({ email }) => email)')))).toEqual([bob, bob]);
    }
    up.ahead += 11_000;
    expect(await Promise.all([0, 1].map((tab) => run(tab, 'up.auth.sessions.list().then(({ length }) => length)')))).toEqual([1, 1]);
    expect(await up.sql(`SELECT 1 FROM underpin.audit WHERE action = 'session.reused'`)).toEqual([]);
  });

  test('are signed out where what was kept is cleared', async () => {
    await run(0, 'localStorage.clear()');
    await until('the other has heard', async () => (await run(1, 'up.auth.session')) === null);
    expect(seen.faults).toEqual([]);
  });
});
