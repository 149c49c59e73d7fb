/** What a start builds: nothing where all is up to date, and exactly what a changed file is part of. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { dataFolder, endProcesses, startProcess } from '../support/process.ts';

jest.setTimeout(60_000);
afterAll(endProcesses, 60_000);
const run = promisify(execFile);

/** Every file with its time and size. Suites write beside themselves, so their folders are left out. */
function listing(folder: string, into = new Map<string, string>()): Map<string, string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === '.git' || (entry.name === 'test' && !path.includes('node_modules'))) continue;
    if (entry.isDirectory()) listing(path, into);
    else if (entry.isFile()) {
      const { mtimeMs, size } = statSync(path);
      into.set(path, `${mtimeMs} ${size}`);
    }
  }
  return into;
}

test('a start of what is up to date runs no npm, builds nothing, and writes nothing outside its data folder', async () => {
  const bin = mkdtempSync(join(tmpdir(), 'underpin-bin-'));
  for (const name of ['npm', 'npx', 'tsc', 'vite']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ran > ${join(bin, 'ran')}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const before = listing(process.cwd());
  expect(before.size).toBeGreaterThan(10_000);
  const server = await startProcess(dataFolder(), { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
  await server.ready();
  server.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  const after = listing(process.cwd());
  expect([...after].filter(([path, stamp]) => before.get(path) !== stamp)).toEqual([]);
  expect([...before.keys()].filter((path) => !after.has(path))).toEqual([]);
  expect(server.said()).not.toMatch(/install|compile|pack|build/);
  expect(readdirSync(bin)).not.toContain('ran');
  rmSync(bin, { recursive: true });
});

describe('a change makes stale', () => {
  const root = mkdtempSync(join(tmpdir(), 'underpin-prepare-'));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const hashes = async (): Promise<Record<string, string>> => {
    const ask = `import { steps } from './scripts/prepare.mjs';
      console.log(JSON.stringify(Object.fromEntries(steps().map(({ name, hash }) => [name, hash()]))));`;
    // cast: printed by the line above.
    return JSON.parse((await run(process.execPath, ['--input-type=module', '-e', ask], { cwd: root })).stdout) as Record<string, string>;
  };
  const files = [
    'package-lock.json',
    'tsconfig.base.json',
    'sdk/src/index.ts',
    'sdk/package.json',
    'server/src/main.ts',
    'admin-ui/src/main.tsx',
    'admin-ui/reference/start.js',
  ];

  beforeAll(() => {
    for (const file of files) put(file, 'as it was');
    mkdirSync(join(root, 'scripts'));
    for (const name of ['prepare.mjs', 'pack-sdk.mjs']) copyFileSync(`scripts/${name}`, join(root, 'scripts', name));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const [install, compile, pack, build, reference] = [
    'install packages',
    'compile sdk and server',
    'pack the client package',
    'build the dashboard',
    'put the API reference together',
  ];
  const cases: readonly (readonly [change: string, path: string, text: string | undefined, stale: readonly (string | undefined)[]])[] = [
    ['nothing, where nothing changed', 'sdk/src/index.ts', 'as it was', []],
    ['of the SDK: all that is made from it', 'sdk/src/index.ts', 'changed', [compile, pack, build]],
    ['a new file of the SDK', 'sdk/src/expr/new.ts', '', [compile, pack, build]],
    ['of the server: the server', 'server/src/main.ts', 'changed', [compile]],
    ['a new file of the server', 'server/src/kit/new.ts', '', [compile]],
    ['a file of the server removed', 'server/src/kit/new.ts', undefined, [compile]],
    ['of the dashboard: the dashboard', 'admin-ui/src/main.tsx', 'changed', [build]],
    ['of the compiler’s settings: what is compiled', 'tsconfig.base.json', 'changed', [compile, pack, build]],
    [
      'of the lock file: the packages and what is built with them',
      'package-lock.json',
      'changed',
      [install, compile, pack, build, reference],
    ],
    ['of the page of the API reference: that page', 'admin-ui/reference/start.js', 'changed', [reference]],
    ['of a test: nothing', 'server/test/x.test.ts', 'changed', []],
    ['of how the client package is packed: that package', 'scripts/pack-sdk.mjs', 'export const packSdk = undefined;', [pack]],
    ['of a script: nothing', 'scripts/test.mjs', 'changed', []],
  ];
  test.each(cases)('%s', async (_name, path, text, stale) => {
    const before = await hashes();
    if (text === undefined) unlinkSync(join(root, path));
    else put(path, text);
    const after = await hashes();
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(stale);
  });
});
