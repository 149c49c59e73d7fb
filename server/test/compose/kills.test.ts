/** Each container crashes in turn under load, and comes back by itself: nothing that was acknowledged is lost or doubled, in tables, live queries and jobs. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/process.ts';
import { tell } from './engine.ts';
import { random, seed, startLoad, type Load } from './load.ts';
import { makeOwner, makeStack, profiles, up, type Stack } from './stack.ts';

const stacks = [
  { what: 'one node', victims: ['app', 'db', 'redis'], services: ['app', 'db', 'redis'], options: [] },
  {
    what: 'two nodes, a worker and a proxy',
    victims: ['worker', 'app2', 'proxy', 'app', 'db'],
    services: ['app', 'app2', 'worker', 'proxy', 'db', 'redis'],
    options: profiles.flatMap((profile) => ['--profile', profile]),
  },
];

describe.each(stacks)('$what', ({ what, victims, services, options }) => {
  const next = random(seed);
  let stack: Stack;
  let load: Load | undefined;
  const watched = (work: () => Promise<void>) => () => stack.watched(work)();

  beforeAll(async () => {
    tell(`${what}, seed ${seed}`);
    stack = await makeStack('kills', options.length > 0 ? { TRUST_PROXY: '1' } : {});
    await stack.compose('build');
    await up(stack, services, options);
    await makeOwner(stack);
    load = await startLoad(stack, options.length > 0 ? stack.proxyUrl : stack.url);
    await load.progress();
  }, 900_000);
  afterAll(async () => {
    try {
      await load?.end();
    } finally {
      await stack?.end();
    }
  }, 180_000);

  const running = (): Load => {
    if (load === undefined) throw new Error('there is no load');
    return load;
  };

  test.each(victims)(
    '%s crashes and comes back',
    (victim) =>
      watched(async () => {
        const { progress, compare } = running();
        await pause(1_000 + next() * 2_000);
        const restarts = async (): Promise<number> => Number(await stack.inspect(victim, '{{.RestartCount}}'));
        const before = await restarts();
        const failed = running().failed.length;
        const begun = performance.now();
        await stack.crash(victim);
        await until(`${victim} is started again`, async () => (await restarts()) > before, 60_000);
        for (const service of services) await stack.healthy(service);
        const healthy = performance.now();
        await progress();
        const seconds = (until_: number): string => ((until_ - begun) / 1000).toFixed(1);
        tell(
          `${victim} crashed: healthy after ${seconds(healthy)} s, all write after ${seconds(performance.now())} s, ${running().failed.length - failed} tries failed`,
        );
        expect(await compare()).toEqual([]);
      })(),
    400_000,
  );

  test(
    'the app is stopped: it ends by itself, and what it had acknowledged is there',
    watched(async () => {
      const begun = performance.now();
      await stack.compose(...options, 'stop', 'app');
      tell(`stopped after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      expect(await stack.inspect('app', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 0');
      await stack.compose(...options, 'start', 'app');
      await stack.healthy('app');
      await running().progress();
      expect(await running().compare()).toEqual([]);
    }),
    300_000,
  );
});
