/**
 * Postgres, memory and folder decide alike: random rules of every operator over rows at the edges, asked by five callers, with
 * guards and field masks on. Fixed seeds, and one of the day, which is printed: `SEED=… npx jest server/test/property` repeats it.
 * The long form (`npm run test:long`) takes 20,000 rules and more.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';
import { randomGuard } from './asking.ts';
import { runGate } from './gate.ts';
import { required } from './histogram.ts';
import { randomness } from './random.ts';
import { defineWorld, fillWorld, guardWorld, readWorld } from './world.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const ofTheDay = Number(process.env['SEED'] ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
const seeds = process.env['SEED'] === undefined ? [1, 2, 3, ofTheDay] : [ofTheDay];
const rules = long ? 6_000 : 1_200;

let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
  await defineWorld(up);
  await fillWorld(up, randomness(7));
}, 60_000);
afterAll(() => up.close());

describe('Postgres, memory and folder', () => {
  test.each(seeds)(
    'agree on every rule of seed %d',
    async (seed) => {
      const random = randomness(seed);
      // Some record of each passes for everybody: of a collection that is not there for him, no rule could be asked.
      await guardWorld(up, (collection) => `(${randomGuard(random, collection)}) || created > timestamp("2000-01-01T00:00:00Z")`);
      const known = await readWorld(up);
      const begun = performance.now();
      const { histogram, wrong, skipped } = await runGate(up.app.base.database.app, known, seed, rules);
      process.stdout.write(`seed ${seed}: ${Math.round(performance.now() - begun)} ms, skipped ${skipped}; ${histogram.print()}`);
      expect(wrong).toEqual([]);
      expect(required.filter((feature) => histogram.share(feature) < 0.01)).toEqual([]);
      const allowed = histogram.allowed / histogram.decisions;
      expect([allowed > 0.2, allowed < 0.8]).toEqual([true, true]);
    },
    long ? 600_000 : 60_000,
  );
});
