/** A process that reads the log of changes until it is killed. The database comes as JSON in UNDERPIN_TEST_READER. */
import { openDatabase } from '../../dist/db/connect.js';
import { createChangeLog } from '../../dist/changes/log.js';
import { createLog } from '../../dist/kit/log.js';

const log = createLog('silent');
const database = openDatabase(JSON.parse(process.env.UNDERPIN_TEST_READER), log);
const changes = createChangeLog(database, log);
changes.follow({ txn: () => undefined, state: (state) => process.stdout.write(`${state}\n`) });
