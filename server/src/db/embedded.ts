/**
 * The Postgres that comes with Underpin: started, watched and stopped by us, from the npm package's binaries.
 *
 * Worries, each with what is done about it:
 * - The package's own process management answers SIGTERM before we have drained, and shares our process group, so
 *   that Ctrl-C reaches the database first. We spawn `postgres` ourselves, detached, and stop it last.
 * - We may be killed with no chance to stop it. The orphan is found by its postmaster.pid and /proc, and stopped
 *   before ours starts; a folder that a living Underpin uses is refused (`claimFolder` below us decides that).
 * - Postgres refuses to run as root. As root we drop to the user `postgres`, else to nobody; where that user cannot
 *   reach the folder (a project below a 700 home), data and binaries live below /var/lib/underpin, and we say so.
 * - It may die. Then it is started again on the same port, and the pools find it by themselves; requests meanwhile
 *   get 503.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import type { Log } from '../kit/log.ts';
import { ident } from '../kit/sql.ts';
import { prepareSql } from './roles.ts';
import { findBinaries, initCluster, type Binaries } from './binaries.ts';
import { livingProcess, waitUntil } from './processes.ts';

export interface Embedded {
  /** URL of our own login, which is no superuser. */
  readonly url: string;
  readonly port: number;
  pid(): number | undefined;
  stop(): Promise<void>;
}

const login = 'underpin';
const database = 'underpin';

/** `more` are settings besides ours, as `name=value`. */
export async function startEmbedded(dataDir: string, log: Log, more: readonly string[] = []): Promise<Embedded> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const binaries = findBinaries(dataDir, log);
  const cluster = join(binaries.home, 'postgres');
  const superPassword = secretFile(dataDir, 'postgres.password');
  const loginPassword = secretFile(dataDir, 'postgres.login');
  if (!existsSync(join(cluster, 'PG_VERSION'))) initCluster(binaries, cluster, superPassword);
  await stopOrphan(cluster, log);

  const port = await freePort();
  const watch = superviseServer(binaries, cluster, port, log, more);
  try {
    await watch.ready();
    await ensureDatabase(port, superPassword, loginPassword);
  } catch (error) {
    await watch.stop();
    throw error;
  }
  return { url: `postgres://${login}:${loginPassword}@127.0.0.1:${port}/${database}`, port, pid: watch.pid, stop: watch.stop };
}

/** Where the embedded Postgres of a data folder answers, if it runs. */
export function runningUrl(dataDir: string): string | undefined {
  const elsewhere = join(dataDir, 'postgres.folder');
  const home = existsSync(elsewhere) ? readFileSync(elsewhere, 'utf8').trim() : dataDir;
  const [pidFile, secret] = [join(home, 'postgres', 'postmaster.pid'), join(dataDir, 'postgres.login')];
  if (!existsSync(pidFile) || !existsSync(secret)) return undefined;
  const [pid, , , port] = readFileSync(pidFile, 'utf8').split('\n');
  if (!livingProcess(Number(pid), 'postgres')) return undefined;
  return `postgres://${login}:${readFileSync(secret, 'utf8').trim()}@127.0.0.1:${port ?? ''}/${database}`;
}

/** Reads a secret of ours, or makes it: only we may read the file. */
function secretFile(dataDir: string, name: string): string {
  const path = join(dataDir, name);
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFileSync(path, 'utf8').trim();
}

async function stopOrphan(cluster: string, log: Log): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n')[0] : NaN);
  if (!livingProcess(pid, 'postgres')) return;
  log.warn({ pid }, 'a Postgres of an earlier run was still there; stopping it first');
  process.kill(pid, 'SIGINT');
  await waitUntil(() => !livingProcess(pid, 'postgres'), 30_000, 'the Postgres of an earlier run does not stop');
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });

interface Supervised {
  ready(): Promise<void>;
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Starts the server, and starts it again when it ends without being told to, waiting a little longer each time. */
function superviseServer(binaries: Binaries, cluster: string, port: number, log: Log, more: readonly string[]): Supervised {
  const logFile = join(binaries.home, 'postgres.log');
  const pidFile = join(cluster, 'postmaster.pid');
  let child: ChildProcess | undefined;
  let stopping = false;
  let delay = 100;
  let failure: Error | undefined;

  const start = (): void => {
    // We may have been told to stop while the remains of the last one were being cleared away.
    if (stopping) return;
    const output = openSync(logFile, 'w', 0o600);
    if (binaries.user) chownSync(logFile, binaries.user.uid, binaries.user.gid);
    const begun = performance.now();
    const started = spawn(
      binaries.path('postgres'),
      ['-D', cluster, '-p', String(port), ...[...serverSettings, ...more].flatMap((setting) => ['-c', setting])],
      { ...binaries.user, cwd: '/', detached: true, stdio: ['ignore', output, output], env: binaries.env },
    );
    closeSync(output);
    child = started;
    started.once('error', (error) => {
      failure = error;
    });
    started.once('exit', (code, signal) => {
      if (child === started) child = undefined;
      if (stopping) return;
      if (performance.now() - begun > 60_000) delay = 100;
      failure = new Error(`Postgres ended (${signal ?? code}); its last lines:\n${tail(logFile)}`);
      log.error({ code, signal, again: delay }, 'Postgres ended by itself; starting it again');
      setTimeout(() => {
        if (!stopping) void stopOrphan(cluster, log).then(start, start);
      }, delay);
      delay = Math.min(delay * 2, 5_000);
    });
    started.unref();
  };

  start();
  return {
    ready: async () => {
      const first = child;
      await waitUntil(
        () => {
          if (child !== first && failure) throw failure;
          return existsSync(pidFile) && /^ready/.test(readFileSync(pidFile, 'utf8').split('\n')[7] ?? '');
        },
        60_000,
        'Postgres does not get ready',
      );
    },
    pid: () => child?.pid,
    stop: async () => {
      stopping = true;
      const running = child;
      if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
      running.ref();
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      // SIGINT is Postgres's "fast" stop: sessions are ended, everything is written.
      running.kill('SIGINT');
      await ended;
    },
  };
}

const serverSettings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'wal_level=logical',
  'max_slot_wal_keep_size=1GB',
  'max_connections=200',
  'shared_buffers=128MB',
  'log_timezone=UTC',
  'timezone=UTC',
];

const tail = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8').slice(-2_000) : '');

/** Our login, roles and database. Asks first as our login: on every start but the first there is nothing to do. */
async function ensureDatabase(port: number, superPassword: string, loginPassword: string): Promise<void> {
  const probe = new pg.Client({ host: '127.0.0.1', port, user: login, password: loginPassword, database });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
    const { rows } = await probe.query<{ able: boolean }>('SELECT rolreplication AS able FROM pg_roles WHERE rolname = current_user');
    await probe.end();
    // Folders from before the log of changes have a login that may not read it.
    if (rows[0]?.able !== true) await asSuperuser(port, superPassword, database, (client) => mayReplicate(client));
    return;
  } catch {
    await probe.end().catch(() => undefined);
  }
  await asSuperuser(port, superPassword, 'postgres', async (client) => {
    const made = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (made.rowCount === 0) await client.query(`CREATE DATABASE ${ident(database)}`);
  });
  await asSuperuser(port, superPassword, database, async (client) => {
    await client.query(prepareSql(database, { name: login, password: loginPassword }));
    await mayReplicate(client);
  });
}

const mayReplicate = async (client: pg.Client): Promise<void> => void (await client.query(`ALTER ROLE ${ident(login)} REPLICATION`));

async function asSuperuser(port: number, password: string, name: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: name });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
