/** A second app on the database of a first, as another process would be: it shares nothing with it but Postgres. */
import { createApp } from '../../src/app.ts';
import { createLog } from '../../src/kit/log.ts';
import { sender, type TestApp } from './app.ts';

export interface Beside {
  readonly send: TestApp['send'];
  close(): Promise<void>;
}

/** It serves no files. */
const folder = process.cwd();

export async function startBeside(first: TestApp): Promise<Beside> {
  const { config, secret } = first.app.base;
  const app = await createApp({
    config,
    log: createLog('fatal'),
    access: { url: first.databaseUrl, roles: { app: 'underpin_app', owner: 'underpin_owner' } },
    secret,
    served: { dashboard: folder, sdk: folder, reference: folder, account: folder, docs: folder },
    clock: () => Date.now() + first.ahead,
  });
  await new Promise<void>((resolve) => app.server.listen(0, '127.0.0.1', resolve));
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { send: sender(`http://127.0.0.1:${port}/api/v1`), close: () => app.close() };
}
