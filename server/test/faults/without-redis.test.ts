/** Redis is where jobs are told of, and no more: a server without its Redis starts, serves and stops; jobs wait, and are done when it is back. */
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { ownerEmail, password, testSecret } from '../support/app.ts';
import { dataFolder, endProcesses, startProcess, until, type Process } from '../support/process.ts';
import { hasRedis, startRedis, testOn, type TestRedis } from '../support/redis.ts';

jest.setTimeout(90_000);
const test = testOn('Redis');
const dataDir = dataFolder();
let redis: TestRedis;
let server: Process;

const begin = async (): Promise<void> => {
  server = await startProcess(dataDir, {
    SECRET: testSecret,
    RATE_LIMITS: 'off',
    ADMIN_EMAIL: ownerEmail,
    ADMIN_PASSWORD: password,
    REDIS_URL: redis.url,
  });
  await server.ready();
};
const ask = async (): Promise<string> =>
  (await server.send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
const jobs = async (): Promise<Readonly<Record<string, number>>> =>
  (await server.send('GET /ops/queues', { token: await ask() })).body.queues.find(({ name }: { name: string }) => name === 'now');
/** Each causes a mail, which is a job. */
const cause = async (): Promise<void> =>
  void expect((await server.send('POST /auth/users/password/forgot', { body: { email: 'ann@example.com' } })).status).toBeLessThan(300);

beforeAll(async () => {
  if (hasRedis) redis = await startRedis();
});
afterAll(async () => {
  await endProcesses();
  if (hasRedis) await redis.end();
}, 60_000);

describe('without Redis', () => {
  test('that went away while it served, it serves on, keeps what is to be done, and stops when it is told', async () => {
    await begin();
    expect((await server.send('POST /auth/users/sign-up', { body: { email: 'ann@example.com', password, name: 'Ann' } })).status).toBe(201);
    await cause();
    await until('the first job is done', async () => (await jobs())['done'] === 1);
    await redis.kill();
    await cause();
    expect(await jobs()).toMatchObject({ done: 1, waiting: 1, active: 0 });
    server.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  test('it starts, and what is to be done is done when Redis is there', async () => {
    await begin();
    await cause();
    expect(await jobs()).toMatchObject({ done: 1, waiting: 2, active: 0 });
    await redis.start();
    await until('all jobs are done', async () => (await jobs())['done'] === 3);
    expect(await jobs()).toMatchObject({ waiting: 0, active: 0, failed: 0 });
    server.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });
});
