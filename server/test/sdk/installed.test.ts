/** The package that the server gives away, in an empty folder with no registry: live queries and uploads work from it alone, and end. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'underpin-installed-'));
let up: TestApp;
beforeAll(async () => {
  up = await startTestApp();
  const fields = [
    { name: 'title', type: 'text' },
    { name: 'scan', type: 'file' },
  ];
  const body = { name: 'notes', fields, rules: { list: 'true', create: 'true' } };
  expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
});
afterAll(async () => {
  await up.close();
  rmSync(folder, { recursive: true, force: true });
});

test('live queries and uploads in parts work in a folder that had nothing', async () => {
  const { PATH = '', HOME = '/' } = process.env;
  const env = { PATH, HOME, npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, '.npm') };
  const here = { cwd: folder, env };
  await run('npm', ['install', `${up.url}/sdk.tgz`, '--no-audit', '--no-fund', '--ignore-scripts'], here);
  const program = `
    import { createClient } from '@underpin/sdk';
    const notes = createClient({ url: '${up.url}' }).collection('notes');
    for await (const rows of notes.live({ limit: 5 })) {
      console.log(rows.length);
      if (rows.length === 2) break;
      await notes.create({ title: 'one', scan: new Blob([new Uint8Array(9_000_000)]) });
    }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { ...here, timeout: 10_000 });
  expect(stdout).toBe('0\n1\n2\n');
  expect(up.app.hub.size).toBe(0);
}, 60_000);
