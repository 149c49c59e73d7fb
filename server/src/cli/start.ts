/** `underpin start`: one process that serves, with a Postgres of its own unless it was given one. */
import { mkdirSync } from 'node:fs';
import { createApp, type App } from '../app.ts';
import type { Access } from '../db/connect.ts';
import { seedDemo } from '../demo/seed.ts';
import { startEmbedded, type Embedded } from '../db/embedded.ts';
import { awaitServer } from '../db/await-server.ts';
import { claimFolder } from '../db/processes.ts';
import { checkServer } from '../db/check-server.ts';
import { prepareRoles } from '../db/roles.ts';
import { parseConfig, type Config } from '../kit/config.ts';
import { boundHeap } from '../kit/heap.ts';
import { createLog, type Log } from '../kit/log.ts';
import { secretOf } from '../kit/secret.ts';
import type { Served } from '../http/server.ts';

export interface StartOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly served: Served;
  /** Fills in the demo's collections and records, with progress. */
  readonly demo?: (done: number, all: number) => void;
  /** Prints a line for people. */
  readonly print: (line: string) => void;
  /** Ends the wait for a Postgres that does not answer. */
  readonly signal?: AbortSignal;
}

export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts everything; what was begun is ended again where a later step fails. */
export async function start(options: StartOptions): Promise<Running> {
  const { served, print, demo } = options;
  const { config, warnings } = parseConfig(options.env);
  const log = createLog(config.LOG_LEVEL);
  for (const warning of warnings) log.warn(warning);
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        log.error({ err: error }, 'while stopping');
      }
    }
  };
  undo.push(boundHeap());
  try {
    mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 });
    const access = await openPostgres(config, log, options, undo);
    await checkServer(access.url);
    const app = await createApp({ config, log, access, secret: secretOf(config), served });
    undo.push(() => app.close());
    await app.base.database.fill();
    const port = await listenOn(app, config);
    const url = config.PUBLIC_URL ?? `http://localhost:${port}`;
    print(`Underpin is ready: ${url}/admin`);
    if (config.ROLE !== 'worker') undo.push(await announceSetup(app, url, print));
    if (demo !== undefined) print(`The demo is there: ${await seedDemo(app.base, demo)} movies`);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openPostgres(
  config: Config,
  log: Log,
  { print, signal }: StartOptions,
  undo: (() => Promise<void> | void)[],
): Promise<Access> {
  if (config.DATABASE_URL !== undefined) {
    await awaitServer(config.DATABASE_URL, print, signal);
    const { missing, ...access } = await prepareRoles(config.DATABASE_URL);
    if (missing !== undefined) print(missing);
    return access;
  }
  undo.push(claimFolder(config.DATA_DIR));
  const embedded: Embedded = await startEmbedded(config.DATA_DIR, log);
  undo.push(() => embedded.stop());
  return { url: embedded.url, roles: { app: 'underpin_app', owner: 'underpin_owner' } };
}

const listenOn = (app: App, config: Config): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.once('error', (error) => {
      const taken = 'code' in error && error.code === 'EADDRINUSE';
      reject(taken ? new Error(`Port ${config.PORT} is in use; stop what uses it, or set PORT to another`) : error);
    });
    app.server.listen(config.PORT, config.HOST, () => {
      const address = app.server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : config.PORT);
    });
  });

const repeat = 25 * 60_000;

/** Prints the setup link, and a new one before it ends, until there is an admin. */
async function announceSetup(app: App, url: string, print: (line: string) => void): Promise<() => void> {
  const tell = async (): Promise<void> => {
    const token = await app.setupToken();
    if (token === undefined) clearInterval(timer);
    else print(`Make the first admin here (once, within 30 minutes): ${url}/admin/setup#t=${token}`);
  };
  const timer = setInterval(() => void tell().catch(() => undefined), repeat);
  await tell();
  return () => clearInterval(timer);
}
