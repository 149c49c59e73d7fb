/** The composition root: the only place where parts are made and joined. Tests call it with other parts. */
import type { Server } from 'node:http';
import { openDatabase, type Access } from './db/connect.ts';
import { listen } from './db/listen.ts';
import { migrate } from './db/migrate.ts';
import { beginChanges, isFollowed } from './changes/begin.ts';
import type { ChangeBounds, ChangeLog } from './changes/log.ts';
import { followKeys } from './auth/api-keys.ts';
import { followSessions } from './auth/authenticate.ts';
import { createOwner } from './auth/accounts.ts';
import { hasAdmin, makeSetupToken } from './auth/setup.ts';
import { followSigningKeys, signingKeys } from './auth/keys.ts';
import { systemCtx, type Base } from './ctx.ts';
import { Tus } from './files/tus.ts';
import { createHttpServer, type Served } from './http/server.ts';
import type { Job } from './jobs/job.ts';
import { jobs } from './jobs/kinds/index.ts';
import { schedules, type Schedule } from './queue/schedules.ts';
import { startWorker } from './jobs/worker.ts';
import { Cache } from './kit/cache.ts';
import type { Config } from './kit/config.ts';
import type { Log } from './kit/log.ts';
import { createRealtime } from './realtime/attach.ts';
import type { Backlog } from './realtime/doors/backlog.ts';
import type { Hub } from './realtime/hub.ts';
import type { Driver } from './storage/driver.ts';
import { openStorage } from './storage/index.ts';
import { followSchema, schemaOf } from './schema/load.ts';
import { ensureUsers } from './schema/save.ts';

export interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly access: Access;
  readonly secret: string;
  readonly served: Served;
  readonly clock?: () => number;
  readonly storage?: Driver;
  /** How much of the change log is remembered. */
  readonly changes?: ChangeBounds;
  /** How much may wait for one who follows live queries. */
  readonly backlog?: Backlog;
  /** Jobs and schedules besides our own. */
  readonly work?: { readonly jobs: readonly Job[]; readonly schedules: readonly Schedule[] };
}

export interface App {
  readonly base: Base;
  readonly server: Server;
  /** Whom this process tells of changes. */
  readonly hub: Hub;
  /** A token for the setup link, or undefined where there is an admin. */
  setupToken(): Promise<string | undefined>;
  /** Lets requests under way finish, then closes everything that was opened, in reverse. */
  close(): Promise<void>;
}

export async function createApp(parts: Parts): Promise<App> {
  const { config, log, secret } = parts;
  const database = openDatabase(parts.access, log);
  let changes: ChangeLog | undefined;
  try {
    await migrate(database.owner);
    const listener = await listen(database, log);
    // Nobody asks a worker for live queries, so that it must not be the one that reads the log.
    changes = await beginChanges(database, log, parts.changes, config.ROLE !== 'worker');
    const base: Base = {
      config,
      log,
      database,
      listener,
      changes,
      storage: parts.storage ?? openStorage(config),
      cache: new Cache(),
      secret,
      clock: parts.clock ?? Date.now,
    };
    followSchema(base);
    const follow = (): void =>
      void isFollowed(database.app).then(
        (is) => is && base.changes.start(),
        () => undefined,
      );
    listener.on('schema', follow, follow);
    followSessions(base);
    followKeys(base);
    followSigningKeys(base);
    const ctx = systemCtx(base);
    if (!(await schemaOf(ctx)).byName.has('users')) await ensureUsers(ctx);
    await signingKeys(base);
    if (config.ADMIN_EMAIL !== undefined && config.ADMIN_PASSWORD !== undefined && !(await hasAdmin(ctx)))
      await createOwner(ctx, config.ADMIN_EMAIL, config.ADMIN_PASSWORD);
    const { work } = parts;
    const worker =
      config.ROLE === 'web'
        ? undefined
        : await startWorker(base, { jobs: [...jobs, ...(work?.jobs ?? [])], schedules: [...schedules, ...(work?.schedules ?? [])] });
    const realtime = createRealtime(base, parts.backlog);
    const uploads = new Tus(base);
    const server = createHttpServer(base, parts.served, realtime.streams, uploads);
    realtime.attach(server);
    return {
      base,
      server,
      hub: realtime.hub,
      setupToken: async () => ((await hasAdmin(systemCtx(base))) ? undefined : makeSetupToken(systemCtx(base))),
      close: async () => {
        realtime.close();
        await drain(server);
        await uploads.close();
        await worker?.close();
        await base.changes.close();
        await listener.close();
        await database.close();
      },
    };
  } catch (error) {
    await changes?.close();
    await database.close();
    throw error;
  }
}

const patience = 10_000;

/**
 * No new connections; those at work are closed when they are done, or after ten seconds. A caller that keeps its connection
 * for later is not waited for: it is told so with its last answer, and what is idle is closed again and again.
 */
async function drain(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), patience);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
