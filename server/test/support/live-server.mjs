/** A server for live queries on a Postgres that is there, with a small memory of the log; broken on purpose where ABLATION says so. */
import { createApp } from '../../dist/app.js';
import { parseConfig } from '../../dist/kit/config.js';
import { createLog } from '../../dist/kit/log.js';

const { url, port, dataDir, secret, owner, password, changes, backlog } = JSON.parse(process.env.UNDERPIN_TEST_LIVE);
const { config } = parseConfig({
  ROLE: 'web',
  RATE_LIMITS: 'off',
  SECRET: secret,
  DATA_DIR: dataDir,
  ADMIN_EMAIL: owner,
  ADMIN_PASSWORD: password,
});
const app = await createApp({
  config,
  log: createLog(process.env.LIVE_LOG ?? 'fatal'),
  access: { url, roles: { app: 'underpin_app', owner: 'underpin_owner' } },
  secret,
  served: { dashboard: '/', sdk: '/', docs: '/', reference: '/', account: '/' },
  changes,
  backlog,
});
app.server.listen(port, '127.0.0.1', () => process.stdout.write('working\n'));
