/** A server as its users start it: `scripts/start.mjs` as a process of its own, with its own data folder and port. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { sender, type TestApp } from './app.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Process {
  readonly pid: number;
  readonly url: string;
  readonly dataDir: string;
  send: TestApp['send'];
  /** What it said so far, both streams. */
  said(): string;
  ready(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** A folder that the user who runs Postgres may enter. */
export function dataFolder(mode = 0o711): string {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-start-'));
  chmodSync(folder, mode);
  return join(folder, 'data');
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();

export async function startProcess(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Process> {
  const port = env['PORT'] ?? String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const { PATH = '', HOME = '/' } = process.env;
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, NODE_NO_WARNINGS: '1', LOG_LEVEL: 'warn', DATA_DIR: dataDir, ...env, PORT: port },
  });
  running.add(child);
  folders.add(dataDir);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    }),
  );
  const isReady = async (): Promise<boolean> => {
    if (!running.has(child)) throw new Error(`It ended before it was ready:\n${said}`);
    return (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200;
  };
  return {
    pid: child.pid ?? 0,
    url,
    dataDir,
    send: sender(`${url}/api/v1`),
    said: () => said,
    ready: () => until('it is ready', isReady, 60_000),
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** It may have ended by itself since it was seen. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // An error of Node's own is no Error of the test's.
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** After a suite: what is still there is ended, orphans of it too, and the folders go. */
export async function endProcesses(): Promise<void> {
  for (const child of [...running]) child.kill('SIGKILL');
  for (const dataDir of folders) {
    const home = homeOf(dataDir);
    await until('all are gone', () => {
      const left = processesIn(home);
      left.forEach(killIfThere);
      return left.length === 0;
    });
    if (home !== dataDir) rmSync(home, { recursive: true, force: true });
    rmSync(join(dataDir, '..'), { recursive: true, force: true });
  }
}

/** Where Postgres lives: in the data folder, or elsewhere where its user may not enter that. */
export const homeOf = (dataDir: string): string => {
  const elsewhere = join(dataDir, 'postgres.folder');
  return existsSync(elsewhere) ? readFileSync(elsewhere, 'utf8').trim() : dataDir;
};

const pidFile = (dataDir: string): string[] => readFileSync(join(homeOf(dataDir), 'postgres/postmaster.pid'), 'utf8').split('\n');
export const postgresPid = (dataDir: string): number => Number(pidFile(dataDir)[0]);
export const postgresPort = (dataDir: string): number => Number(pidFile(dataDir)[3]);

/** Every process that works in that folder: Postgres's all do, whatever they call themselves. */
export function processesIn(folder: string): number[] {
  const worksThere = (pid: string): boolean => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksThere(name))
    .map(Number);
}

export async function superuser(dataDir: string): Promise<pg.Client> {
  const password = readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim();
  const client = new pg.Client({ host: '127.0.0.1', port: postgresPort(dataDir), user: 'postgres', password, database: 'underpin' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Asks again and again, and says what it waited for where that does not come. */
export async function until(what: string, done: () => boolean | Promise<boolean>, timeout = 20_000): Promise<void> {
  const begun = performance.now();
  while (!(await done())) {
    if (performance.now() - begun > timeout) throw new Error(`Waited ${timeout / 1000} s in vain until ${what}`);
    await pause(20);
  }
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
