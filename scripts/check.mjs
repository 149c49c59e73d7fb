/** `npm run check`: types, lint, format and house tests, two at a time. */
import { spawn } from 'node:child_process';
import { prepare, root } from './prepare.mjs';

await prepare((line) => process.stderr.write(`${line}\n`));
const node = (...args) => [process.execPath, args];
const checks = [
  ['types', node('node_modules/ts7/bin/tsc', '-b')],
  ['lint', node('node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0')],
  ['format', node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')],
  ['house', node('--experimental-vm-modules', 'node_modules/jest/bin/jest.js', 'server/test/house')],
];

const run = ([name, [program, args]]) =>
  new Promise((resolve) => {
    const begun = performance.now();
    let output = '';
    const child = spawn(program, args, { cwd: root, env: { ...process.env, NODE_NO_WARNINGS: '1' } });
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.once('exit', (code) => {
      process.stdout.write(
        `${code === 0 ? 'ok    ' : 'FAILED'} ${name} ${((performance.now() - begun) / 1000).toFixed(1)} s\n${code === 0 ? '' : output}`,
      );
      resolve(code === 0);
    });
  });

const results = [];
const queue = [...checks];
const worker = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) results.push(await run(next));
};
await Promise.all([worker(), worker()]);
process.exit(results.every(Boolean) ? 0 : 1);
