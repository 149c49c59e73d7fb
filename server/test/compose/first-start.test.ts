/** A first start that is cut off while the database is being made: nothing half made is ever taken for a database. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../support/process.ts';
import { makeOwner, makeStack, up, type Stack } from './stack.ts';

const home = '/var/lib/postgresql/18/docker';
let stack: Stack;
beforeAll(async () => {
  stack = await makeStack('first');
  await stack.compose('build');
}, 900_000);
afterAll(() => stack?.end(), 120_000);

test('what was half made is made anew, and then everything comes up', async () => {
  await stack.watched(async () => {
    const isThere = async (folder: string): Promise<boolean> => (await stack.inside('db', 'ls', `${folder}/PG_VERSION`)).code === 0;
    await stack.compose('up', '-d', 'db');
    await until('the database is being made', () => isThere(`${home}.part`), 60_000);
    await stack.crash('db');
    expect((await stack.compose('logs', '--no-color', 'db')).stdout).not.toContain('listening on IPv4');
    await until('it is begun anew', async () => Number(await stack.inspect('db', '{{.RestartCount}}')) > 0, 60_000);
    await up(stack, ['db', 'redis', 'app']);
    expect([await isThere(home), await isThere(`${home}.part`)]).toEqual([true, false]);
    expect(await stack.sql(`SELECT count(*) FROM pg_roles WHERE rolname LIKE 'underpin%'`)).toEqual(['3']);
    await makeOwner(stack);
  })();
}, 400_000);

test('a database that is there stays as it is', async () => {
  await stack.watched(async () => {
    const made = (await stack.inside('db', 'cat', `${home}/global/pg_control`)).stdout.slice(0, 8);
    await stack.compose('restart', 'db');
    for (const service of ['db', 'app']) await stack.healthy(service);
    expect((await stack.inside('db', 'cat', `${home}/global/pg_control`)).stdout.slice(0, 8)).toBe(made);
    expect(
      (await stack.send('POST /auth/_admins/sign-in', { body: { email: 'owner@example.com', password: 'correct horse battery staple' } }))
        .status,
    ).toBe(200);
  })();
}, 200_000);
