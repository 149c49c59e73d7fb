/** All connections for requests are open before the first request, and another is opened for each that ends. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { limits } from '../../src/kit/limits.ts';
import { ownPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import { until } from '../support/process.ts';

let own: OwnPostgres;
beforeAll(async () => {
  own = await ownPostgres();
}, 60_000);
afterAll(() => own.close());

const open = async (): Promise<number[]> =>
  (await own.sql(`SELECT pid FROM pg_stat_activity WHERE usename = 'underpin' AND datname = 'underpin'`)).map(({ pid }) => Number(pid));

test('the pool is full from the beginning, and again when Postgres has ended all of it', async () => {
  const before = await open();
  await own.database.fill();
  const filled = (await open()).filter((pid) => !before.includes(pid));
  expect(filled).toHaveLength(limits.database.pool);
  await own.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [filled]);
  await until('as many are open again', async () => {
    const now = await open();
    return !filled.some((pid) => now.includes(pid)) && now.filter((pid) => !before.includes(pid)).length === limits.database.pool;
  });
});
