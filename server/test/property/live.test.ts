/**
 * Live views against the truth (live-run.ts). `SEED=…` repeats a run; the long form takes more of them, and breaks the server on
 * purpose (support/ablate.mjs): then views must be wrong, and one is printed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { endProcesses } from '../support/process.ts';
import { run, type Outcome, type Plan } from './live-run.ts';
import { openWorld, type World } from './live-world.ts';

const long = process.env['UNDERPIN_TEST_LONG'] === '1';
const least = { operations: 10_000, drops: 50, lags: 1 };
const short = { least, kills: 5, crashes: 2, ruleChanges: 3, rests: 3 };
const runs: readonly Plan[] = long
  ? [2, 3, 20261122]
      .map((seed) => ({ ...short, seed, seconds: 40 }))
      .concat({
        seed: 5,
        seconds: 300,
        least: { operations: 100_000, drops: 500, lags: 10 },
        kills: 20,
        crashes: 6,
        ruleChanges: 15,
        rests: 6,
      })
  : [{ ...short, seed: Number(process.env['SEED'] ?? 1), seconds: Number(process.env['SECONDS'] ?? 35) }];
jest.setTimeout(600_000);

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  await endProcesses();
}, 60_000);

async function tell(plan: Plan, ablation?: string): Promise<Outcome> {
  world = await openWorld(ablation);
  const outcome = await run(world, plan);
  process.stdout.write(`${ablation ?? 'whole'}, seed ${plan.seed}, ${plan.seconds} s: ${JSON.stringify(outcome.counts)}\n`);
  for (const one of [...outcome.errors.slice(0, 2), ...outcome.wrong.slice(0, ablation === undefined ? 2 : 1), ...outcome.poor.slice(0, 2)])
    process.stdout.write(`${one}\n`);
  return outcome;
}

test.each(runs)('every view at every place is what Postgres says (seed $seed, $seconds s)', async (plan) => {
  const { counts, wrong, errors, poor } = await tell(plan);
  expect([wrong.length, errors.length, poor.length]).toEqual([0, 0, 0]);
  for (const [name, count] of Object.entries({ ...plan.least, kills: plan.kills, crashes: plan.crashes }))
    expect([name, (counts[name] ?? 0) >= count]).toEqual([name, true]);
});

const ablations: object = JSON.parse(readFileSync(join(import.meta.dirname, '../support/ablations.json'), 'utf8'));
const broken = long ? Object.keys(ablations) : [process.env['ABLATION'] ?? []].flat();
if (broken.length > 0)
  test.each(broken)('is seen to be wrong where it is broken: %s', async (name) => {
    const { wrong } = await tell({ ...short, least: { operations: 0, drops: 0, lags: 0 }, ruleChanges: 1, seed: 1, seconds: 20 }, name);
    expect(wrong.length).toBeGreaterThan(0);
  });
