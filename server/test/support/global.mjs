/**
 * Before all suites: one Postgres for all of them, and in it a database that is migrated and has its `users`, from
 * which each suite clones its own. Suites that need none pay a second for it, once.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../dist/app.js';
import { startEmbedded } from '../../dist/db/embedded.js';
import { parseConfig } from '../../dist/kit/config.js';
import { createLog } from '../../dist/kit/log.js';

export default async function begin() {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'underpin-test-'));
  chmodSync(folder, 0o711);
  const dataDir = join(folder, 'data');
  const log = createLog('error');
  const embedded = await startEmbedded(dataDir, log);
  const { config } = parseConfig({ SECRET: testSecret, DATA_DIR: dataDir, ROLE: 'web' });
  const app = await createApp({
    config,
    log,
    access: { url: embedded.url, roles: { app: 'underpin_app', owner: 'underpin_owner' } },
    secret: testSecret,
    served: { dashboard: folder, sdk: folder, reference: folder, account: folder, docs: folder },
  });
  await app.close();
  process.env.UNDERPIN_TEST_POSTGRES = JSON.stringify({
    url: embedded.url,
    port: embedded.port,
    superPassword: readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim(),
  });
  globalThis.underpinTest = { embedded, folder };
}

const testSecret = 'a secret that only the tests know, and long enough';
