/** Redis is away for half a minute under load: it holds the queues of jobs alone, so no request notices, and jobs are done when it is back. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tell } from './engine.ts';
import { startLoad, type Load } from './load.ts';
import { makeOwner, makeStack, up, type Stack } from './stack.ts';

const away = 30_000;
/** Of four who ask twice or thrice and then rest for a quarter of a second. */
const leastPerSecond = 10;
let stack: Stack;
let load: Load | undefined;

beforeAll(async () => {
  stack = await makeStack('outage');
  await stack.compose('build');
  await up(stack, ['app', 'db', 'redis']);
  await makeOwner(stack);
  load = await startLoad(stack, stack.url);
  await load.progress();
}, 900_000);
afterAll(async () => {
  try {
    await load?.end();
  } finally {
    await stack?.end();
  }
}, 180_000);

test('without Redis every request is answered, the app starts, and all jobs are done in the end', async () => {
  await stack.watched(async () => {
    if (load === undefined) throw new Error('there is no load');
    const middle = (list: readonly number[]): string => ([...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0).toFixed(0);
    await pause(5_000);
    const before = { failed: load.failed.length, answered: load.answered };
    tell(`with Redis: median ${middle(load.took)} ms`);
    await stack.compose('stop', 'redis');
    await pause(away);
    const during = load.took.slice(before.answered);
    const failed = load.failed.slice(before.failed);
    tell(
      `without: ${(during.length / (away / 1000)).toFixed(0)} requests a second, median ${middle(during)} ms, longest ${Math.max(...during).toFixed(0)} ms`,
    );
    expect(failed).toEqual([]);
    expect(during.length / (away / 1000)).toBeGreaterThan(leastPerSecond);

    const begun = performance.now();
    await stack.crash('app');
    await pause(500);
    await stack.healthy('app');
    tell(`the app is ready without Redis ${((performance.now() - begun) / 1000).toFixed(1)} s after a crash`);
    await load.progress();
    await stack.compose('start', 'redis');
    await stack.healthy('redis');
    await load.progress();
    expect(await load.compare()).toEqual([]);
  })();
}, 400_000);
