/** What a page loads: the client stays small, and the rule language stays out of it. */
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

const source = new URL('../src/', import.meta.url).pathname;

interface Bundle {
  readonly bytes: number;
  readonly inputs: readonly string[];
}
/** What a page loads with this code, and what it loads when it is first wanted. */
async function bundle(code: string): Promise<{ readonly first: Bundle; readonly later: Bundle }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: source, loader: 'ts' },
    ...{ bundle: true, minify: true, write: false, metafile: true, format: 'esm', platform: 'browser', target: 'es2022' },
    ...{ splitting: true, outdir: '/out', external: ['react'] },
  });
  const entry = Object.keys(metafile.outputs).find((name) => metafile.outputs[name]?.entryPoint === '<stdin>') ?? '';
  const loads = (name: string): readonly string[] => [
    name,
    ...(metafile.outputs[name]?.imports ?? [])
      .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
      .flatMap(({ path }) => loads(path)),
  ];
  const first = new Set(loads(entry));
  const of = (names: readonly string[]): Bundle => ({
    bytes: outputFiles
      .filter(({ path }) => names.some((name) => path.endsWith(name.replace(/^.*\/out/, '/out'))))
      .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    inputs: names.flatMap((name) => Object.keys(metafile.outputs[name]?.inputs ?? {})),
  });
  return { first: of([...first]), later: of(Object.keys(metafile.outputs).filter((name) => !first.has(name))) };
}

test('the client with its records is at most 5 kB, and all of it at most 8 kB', async () => {
  const records = await bundle(
    `import { createTransport } from './client.ts'; import { createRecords } from './records.ts'; console.log(createTransport, createRecords);`,
  );
  const whole = await bundle(`import * as sdk from './index.ts'; console.log(sdk);`);
  process.stdout.write(
    `gzip: client and records ${records.first.bytes} B, whole ${whole.first.bytes} B, live and uploads ${whole.later.bytes} B\n`,
  );
  expect(records.first.bytes).toBeGreaterThan(500);
  expect(records.first.bytes).toBeLessThanOrEqual(5 * 1024);
  expect(whole.first.bytes).toBeLessThanOrEqual(8 * 1024);
  expect(whole.first.inputs.filter((input) => /\/expr\/|socket\.io|tus-js-client|\/files\//.test(input))).toEqual([]);
  for (const name of ['socket.io-client', 'tus-js-client']) expect(whole.later.inputs.some((input) => input.includes(name))).toBe(true);
});

test('the hooks are at most 2 kB more', async () => {
  const hooks = await bundle(`import * as hooks from './react/index.ts'; console.log(hooks);`);
  process.stdout.write(`gzip: react ${hooks.first.bytes} B\n`);
  expect(hooks.first.bytes).toBeLessThanOrEqual(2 * 1024);
});
