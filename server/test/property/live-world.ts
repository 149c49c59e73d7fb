/** A Postgres of its own, and a server on it that can be killed and broken on purpose. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ownerEmail, password, sender, testSecret, type TestApp } from '../support/app.ts';
import { ownPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import { freePort } from '../support/process.ts';
import { makeCollections, people } from './live-model.ts';

export interface World {
  readonly postgres: OwnPostgres;
  readonly url: string;
  readonly send: TestApp['send'];
  readonly owner: string;
  readonly accounts: readonly { readonly token: string; readonly id: string }[];
  startServer(): Promise<void>;
  killServer(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(ablation: string | undefined): Promise<World> {
  const postgres = await ownPostgres();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const send = sender(`${url}/api/v1`);
  const settings = {
    url: postgres.embedded.url,
    port,
    dataDir: postgres.dataDir,
    secret: testSecret,
    owner: ownerEmail,
    password,
    // Of the last two seconds or so, so that some come back in time and some do not.
    changes: { bytes: 20 * 1_048_576, changes: 1_500, retain: 3_000, wal: 256 * 1_048_576 },
    backlog: { packets: 8, queued: 65_536 },
  };
  let server: ChildProcess | undefined;
  const startServer = async (): Promise<void> => {
    const support = join(import.meta.dirname, '../support');
    const child = spawn(process.execPath, ['--import', join(support, 'ablate.mjs'), join(support, 'live-server.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_NO_WARNINGS: '1',
        UNDERPIN_TEST_LIVE: JSON.stringify(settings),
        ...(ablation === undefined ? {} : { ABLATION: ablation }),
        ...(process.env['LIVE_LOG'] === undefined ? {} : { LIVE_LOG: process.env['LIVE_LOG'] }),
      },
    });
    server = child;
    const started = new Promise<boolean>((resolve) => {
      child.stdout.once('data', () => resolve(true));
      child.once('exit', () => resolve(false));
    });
    // Postgres may be away at the moment.
    if (!(await started)) return startServer();
  };
  const killServer = async (): Promise<void> => {
    const child = server;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await ended;
  };
  await startServer();
  const owner = (await send('POST /auth/_admins/sign-in', { body: { email: ownerEmail, password } })).body.accessToken;
  await makeCollections(send, owner);
  const accounts = [];
  for (const name of people) {
    const { body } = await send('POST /auth/users/sign-up', { body: { email: `${name}@example.com`, password, name } });
    accounts.push({ token: body.accessToken, id: body.record.id });
  }
  const close = async (): Promise<void> => {
    await killServer();
    await postgres.close();
  };
  return { postgres, url, send, owner, accounts, startServer, killServer, close };
}
