/**
 * Makes the secrets of `docker compose up`, once: for each container a folder of its own, in which lies what it needs and no more.
 *
 * Worry: a start that is cut off leaves half of them, or two halves that do not fit. Decision: what several must know is made in the
 * folder of the app, whole or not at all, and never changed; the others' files are written from it at each start. Why it is enough:
 * nobody begins before this has ended well, and whatever was cut off is finished by the next start.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const [folder = '/secrets'] = process.argv.slice(2);
const made = [];

function write(file, text) {
  const path = join(folder, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  // One that a start before left may be read only.
  rmSync(`${path}.part`, { force: true });
  const part = openSync(`${path}.part`, 'wx', 0o444);
  writeSync(part, text);
  fsyncSync(part);
  closeSync(part);
  renameSync(`${path}.part`, path);
  made.push(file);
}

/** 32 random bytes, as hex: nothing in a URL, a SQL text or a configuration file has to be quoted. */
function secret(file) {
  const path = join(folder, file);
  if (!existsSync(path)) write(file, randomBytes(32).toString('hex'));
  return readFileSync(path, 'utf8');
}

secret('app/secret');
const login = secret('app/database_password');
const queue = secret('app/redis_password');
write('app/database_url', `postgres://underpin:${login}@db:5432/underpin`);
write('app/redis_url', `redis://:${queue}@redis:6379`);
secret('db/password');
// Run once, by the superuser, when the database is made. What it may do: docs/reference/config.md, "Database roles".
write(
  'db/login.sql',
  `CREATE ROLE underpin LOGIN CREATEROLE REPLICATION PASSWORD '${login}';
ALTER DATABASE underpin OWNER TO underpin;
REVOKE ALL ON DATABASE underpin FROM PUBLIC;
`,
);
write('redis/redis.conf', `requirepass ${queue}\n`);
write('redis/password', queue);
console.log(made.length === 0 ? 'The secrets are there already' : `Made ${made.join(', ')}`);
