/** A start whose Postgres is not there yet: it waits for what may come, fails at once where nothing will, and can be stopped. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startTestApp, testPostgres, testSecret, type TestApp } from '../support/app.ts';
import { dataFolder, endProcesses, freePort, startProcess, until } from '../support/process.ts';

jest.setTimeout(90_000);
let app: TestApp;
const open = new Set<Server>();
const sockets = new Set<Socket>();
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  for (const server of open) server.close();
  for (const socket of sockets) socket.destroy();
  await endProcesses();
  await app.close();
}, 60_000);

/** The database of this suite, with something else about its URL. */
const databaseUrl = (change: Partial<Pick<URL, 'hostname' | 'port' | 'password' | 'pathname'>>): string =>
  Object.assign(new URL(app.databaseUrl), change).href;
const hidden = (): string => new URL(app.databaseUrl).password;

/** Somebody on a port. */
const listen = (port: number, meet: (near: Socket) => void): Promise<void> =>
  new Promise((resolved) => {
    const server = createServer((near) => {
      sockets.add(near.on('error', () => undefined));
      meet(near);
    });
    open.add(server.listen(port, '127.0.0.1', () => resolved()));
  });
const toPostgres = (near: Socket): void => {
  const far = connect(testPostgres().port, '127.0.0.1').on('error', () => undefined);
  sockets.add(far);
  near.pipe(far).pipe(near);
};

test('it goes on when Postgres comes, and said once that it waits', async () => {
  const port = await freePort();
  const server = await startProcess(dataFolder(), { SECRET: testSecret, DATABASE_URL: databaseUrl({ port: String(port) }) });
  await until('it says that it waits', () => server.said().includes('Waiting for Postgres'));
  await listen(port, toPostgres);
  await server.ready();
  expect(server.said().match(/Waiting for .*/g)).toEqual([
    `Waiting for Postgres at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
  ]);
  server.kill('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

describe('a signal ends the wait', () => {
  const away: readonly (readonly [name: string, change: Parameters<typeof databaseUrl>[0], says: RegExp])[] = [
    ['for a port that is closed', { port: '9' }, /Waiting for Postgres at 127\.0\.0\.1:9: connect ECONNREFUSED/],
    ['for a host without address', { hostname: 'no-such-host.invalid' }, /at no-such-host\.invalid:\d+: getaddrinfo (ENOTFOUND|EAI_AGAIN)/],
  ];
  test.each(away)('%s', async (_name, change, says) => {
    const dataDir = dataFolder();
    const server = await startProcess(dataDir, { DATABASE_URL: databaseUrl(change) });
    await until('it says that it waits', () => says.test(server.said()), 40_000);
    server.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.said()).toMatch(/Stopped while waiting for Postgres at /);
    expect(server.said()).not.toContain(hidden());
    expect(server.said()).not.toMatch(/\n {4}at /);
    for (const name of ['postgres', 'server.pid', 'secret']) expect(existsSync(join(dataDir, name))).toBe(false);
  });

  test('for one who takes the connection and says nothing', async () => {
    const port = await freePort();
    let met = 0;
    await listen(port, () => met++);
    const server = await startProcess(dataFolder(), { DATABASE_URL: databaseUrl({ port: String(port) }) });
    await until('it is connected', () => met > 0);
    const begun = performance.now();
    server.kill('SIGINT');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    // Before it would have given up by itself.
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(server.said()).not.toMatch(/Waiting/);
  });
});

describe('what Postgres refuses for good ends the start at once', () => {
  const wrong: readonly (readonly [name: string, change: Parameters<typeof databaseUrl>[0], says: string])[] = [
    ['a wrong password', { password: 'another-one-by-far' }, 'password authentication failed for user "underpin"'],
    ['an unknown database', { pathname: '/nowhere' }, 'database "nowhere" does not exist'],
  ];
  test.each(wrong)('%s', async (_name, change, says) => {
    const server = await startProcess(dataFolder(), { DATABASE_URL: databaseUrl(change) });
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.said()).toContain(says);
    expect(server.said()).not.toMatch(/Waiting|another-one-by-far|\n {4}at /);
  });
});

test('the patience has an end, which says where nobody answered and why', async () => {
  const program = `import { awaitServer } from './server/dist/db/await-server.js';
    await awaitServer('postgres://u:hidden@localhost:9/x', console.log, undefined, 600).catch(({ message }) => console.log(message));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const [waits, ends, ...more] = stdout.trim().split('\n');
  expect(waits).toMatch(/^Waiting for Postgres at localhost:9: connect ECONNREFUSED \S+:9$/);
  expect(ends).toMatch(/^Postgres at localhost:9 did not answer in 0\.6 s: connect ECONNREFUSED \S+:9$/);
  expect(more).toEqual([]);
});

test('the program runs by a link to it too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-link-'));
  const link = join(folder, 'underpin');
  symlinkSync(resolve('server/dist/main.js'), link);
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [link, ...args], { env: { PORT: '21007' } });
  expect(JSON.parse((await run('config', 'show', '--json')).stdout).settings).toContainEqual({
    name: 'PORT',
    value: 21_007,
    source: 'environment',
    about: 'TCP port of the HTTP server; 0 takes a free one.',
  });
  expect((await run('--help')).stdout).toMatch(/^Usage: underpin /);
  rmSync(folder, { recursive: true, force: true });
});
