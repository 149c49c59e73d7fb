/**
 * A process that does jobs and nothing else, with two kinds that the tests know: one writes down its number, which nothing stops from
 * being written twice; the other what the clock says. What it is made of comes as JSON in UNDERPIN_TEST_WORKER.
 */
import { z } from 'zod';
import { createApp } from '../../dist/app.js';
import { defineJob } from '../../dist/jobs/job.js';
import { parseConfig } from '../../dist/kit/config.js';
import { createLog } from '../../dist/kit/log.js';
import { jobKind } from '../../dist/queue/kinds.js';

const { url, env, seconds } = JSON.parse(process.env.UNDERPIN_TEST_WORKER);
const number = jobKind('test-number', 'now', z.strictObject({ n: z.number() }));
const tick = jobKind('test-tick', 'now', z.strictObject({}));
const { config } = parseConfig({ ...env, ROLE: 'all', JOBS_LOCK: '1', JOBS_STALLED: '1' });

const app = await createApp({
  config,
  log: createLog('fatal'),
  access: { url, roles: { app: 'underpin_app', owner: 'underpin_owner' } },
  secret: config.SECRET,
  served: { dashboard: '/', sdk: '/', docs: '/', reference: '/', account: '/' },
  work: {
    jobs: [
      defineJob(number, {
        run: async ({ db }, { n }) => {
          await db.run({ text: 'INSERT INTO public.test_effects (n) VALUES ($1)', values: [n] });
          await db.run({ text: 'SELECT pg_sleep(0.02)' });
        },
      }),
      defineJob(tick, {
        run: async ({ db }, _payload, { id }) =>
          void (await db.run({ text: 'INSERT INTO public.test_ticks (job) VALUES ($1)', values: [id] })),
      }),
    ],
    schedules: seconds === undefined ? [] : [{ name: 'test', cron: `*/${seconds} * * * * *`, zone: 'UTC', overlap: 'queue', kind: tick }],
  },
});
process.stdout.write('working\n');
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
