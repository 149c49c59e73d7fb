/** What a page loads: the client stays small, and the rule language stays out of it. */
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

const source = new URL('../src/', import.meta.url).pathname;

async function bundle(code: string): Promise<{ bytes: number; inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: source, loader: 'ts' },
    ...{ bundle: true, minify: true, write: false, metafile: true, format: 'esm', platform: 'browser', target: 'es2022' },
  });
  return { bytes: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length, inputs: Object.keys(metafile.inputs) };
}

test('the client with its records is at most 5 kB, and all of it at most 8 kB', async () => {
  const records = await bundle(
    `import { createTransport } from './client.ts'; import { createRecords } from './records.ts'; console.log(createTransport, createRecords);`,
  );
  const whole = await bundle(`import * as sdk from './index.ts'; console.log(sdk);`);
  process.stdout.write(`gzip: client and records ${records.bytes} B, whole ${whole.bytes} B\n`);
  expect(records.bytes).toBeGreaterThan(500);
  expect(records.bytes).toBeLessThanOrEqual(5 * 1024);
  expect(whole.bytes).toBeLessThanOrEqual(8 * 1024);
  expect(whole.inputs.filter((input) => input.includes('/expr/'))).toEqual([]);
});
