/** What the one-shot service of docker-compose.yml leaves in the volumes: made once, finished where it was cut off, never changed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/kit/config.ts';

const script = fileURLToPath(new URL('../../../docker/secrets.mjs', import.meta.url));
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function volumes(): string {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-secrets-'));
  folders.push(folder);
  for (const name of ['app', 'db', 'redis']) mkdirSync(join(folder, name));
  return folder;
}
const make = (folder: string): string => execFileSync(process.execPath, [script, folder], { encoding: 'utf8' });
const filesIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['app', 'db', 'redis'].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => [`${name}/${file}`, readFileSync(join(folder, name, file), 'utf8')] as const),
    ),
  );
const names = [
  'app/database_password',
  'app/database_url',
  'app/redis_password',
  'app/redis_url',
  'app/secret',
  'db/login.sql',
  'db/password',
  'redis/password',
  'redis/redis.conf',
];

describe('secrets of the compose file', () => {
  const folder = volumes();
  const said = make(folder);
  const made = filesIn(folder);

  test('each container has what it needs, the same on both sides, and nothing that others alone may know', () => {
    expect(Object.keys(made).sort()).toEqual(names);
    const login = made['app/database_password'] ?? '';
    const queue = made['app/redis_password'] ?? '';
    expect(made['db/login.sql']).toContain(`PASSWORD '${login}'`);
    expect(made['db/login.sql']).not.toMatch(/SUPERUSER/);
    expect(made['app/database_url']).toBe(`postgres://underpin:${login}@db:5432/underpin`);
    expect(made['redis/redis.conf']).toBe(`requirepass ${queue}\n`);
    const own = ['app/secret', 'app/database_password', 'app/redis_password', 'db/password'].map((file) => made[file] ?? '');
    expect(new Set(own).size).toBe(4);
    for (const secret of own) {
      expect(secret).toMatch(/^[0-9a-f]{64}$/);
      expect(said).not.toContain(secret);
    }
    for (const [file, text] of Object.entries(made)) if (!file.startsWith('app/')) expect(text).not.toContain(made['app/secret']);
  });

  test('they are a configuration that the server takes', () => {
    const at = (file: string): string => join(folder, 'app', file);
    const { config } = parseConfig({
      SECRET_FILE: at('secret'),
      DATABASE_URL_FILE: at('database_url'),
      REDIS_URL_FILE: at('redis_url'),
    });
    expect(config.SECRET).toBe(made['app/secret']);
  });

  test('nobody may write them', () => {
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o222).toBe(0);
  });

  test('another start changes nothing', () => {
    expect(make(folder)).toBe('The secrets are there already\n');
    expect(filesIn(folder)).toEqual(made);
  });

  test('another installation has others', () => {
    const other = volumes();
    make(other);
    const values = Object.values(filesIn(other));
    for (const value of Object.values(made)) expect(values).not.toContain(value);
  });

  test.each(names)('a start that was cut off at %s is finished, with the secrets that are there', (cut) => {
    const half = volumes();
    for (const name of names.filter((one) => one !== cut)) writeFileSync(join(half, name), made[name] ?? '', { mode: 0o444 });
    writeFileSync(join(half, `${cut}.part`), 'ha', { mode: 0o444 });
    make(half);
    const now = filesIn(half);
    expect(Object.keys(now).sort()).toEqual(names);
    if (!['app/database_password', 'app/redis_password', 'app/secret', 'db/password'].includes(cut)) expect(now).toEqual(made);
    expect(now['db/login.sql']).toContain(`'${now['app/database_password']}'`);
    expect(now['app/database_url']).toContain(`:${now['app/database_password']}@`);
    expect(now['redis/redis.conf']).toContain(now['app/redis_password']);
    expect(now['app/redis_url']).toContain(`:${now['app/redis_password']}@`);
  });
});
