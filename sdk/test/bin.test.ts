/** `underpin-sdk types` as a process: what it writes, and what it exits with. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateTypes } from '../src/codegen/types.ts';
import { sampleSchema } from './sample-schema.ts';

const server = createServer((request, response) => {
  const isKnown = request.url === '/api/v1/schema' && request.headers.authorization === 'Bearer right';
  response.writeHead(isKnown ? 200 : 401).end(JSON.stringify(isKnown ? sampleSchema : { code: 'unauthenticated', detail: 'No' }));
});
let folder = '';
let url = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'types-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ code: number; out: string; err: string }> {
  const bin = new URL('../src/bin.ts', import.meta.url).pathname;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', bin, ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('it writes the types, and finds drift', async () => {
  const out = join(folder, 'underpin.gen.ts');
  expect(await run(['types', '--url', url, '--token', 'right', '--out', out])).toMatchObject({ code: 0, err: '' });
  expect(await readFile(out, 'utf8')).toBe(generateTypes(sampleSchema));
  const env = { UNDERPIN_URL: url, UNDERPIN_TOKEN: 'right' };
  expect((await run(['types', '--out', out, '--check'], env)).code).toBe(0);
  await writeFile(out, 'old');
  expect((await run(['types', '--out', out, '--check'], env)).code).toBe(3);
  expect(await readFile(out, 'utf8')).toBe('old');
});

test('it says what is wrong, and exits accordingly', async () => {
  expect(await run(['types', '--url', url, '--token', 'wrong'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('unauthenticated'),
  });
  for (const args of [[], ['types'], ['typos', '--url', url, '--token', 'x'], ['types', '--nope']]) expect((await run(args)).code).toBe(2);
  expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage') });
});
