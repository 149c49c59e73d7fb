/**
 * Installs and builds what is missing or stale, and nothing else. Each step leaves a stamp: a hash of all that it was
 * made from. A start that finds every stamp true runs no npm, no compiler and no bundler, and writes nothing.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packSdk } from './pack-sdk.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const least = [20, 19];

/** The hash of files and folders, by path and content. */
function hashOf(paths, more = []) {
  const hash = createHash('sha256').update(more.join('\n'));
  const add = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(`\n${relative(root, path)}\n`).update(readFileSync(path));
  };
  paths.map((path) => at(path)).forEach(add);
  return hash.digest('hex');
}

const stampAt = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');

/** Every step: what it is made from, where its stamp lies, and how it is made. */
export const steps = () => [
  {
    name: 'install packages',
    stamp: at('node_modules', '.underpin'),
    hash: () => hashOf(['package-lock.json'], [process.version.split('.')[0], process.platform, process.arch]),
    run: () => command('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
  },
  {
    name: 'compile sdk and server',
    stamp: at('server', 'dist', '.stamp'),
    hash: () =>
      hashOf([
        'sdk/src',
        'sdk/tsconfig.json',
        'sdk/package.json',
        'server/src',
        'server/tsconfig.json',
        'tsconfig.base.json',
        'package-lock.json',
      ]),
    run: async () => {
      for (const workspace of ['sdk', 'server']) {
        rmSync(at(workspace, 'dist'), { recursive: true, force: true });
        rmSync(at(workspace, 'tsconfig.tsbuildinfo'), { force: true });
      }
      await command(process.execPath, ['node_modules/ts7/bin/tsc', '-b', 'sdk', 'server']);
    },
  },
  {
    name: 'pack the client package',
    stamp: at('sdk', '.stamp'),
    hash: () =>
      hashOf(['sdk/src', 'sdk/tsconfig.json', 'sdk/package.json', 'tsconfig.base.json', 'package-lock.json', 'scripts/pack-sdk.mjs']),
    run: () => packSdk(root, command),
  },
  {
    name: 'build the dashboard',
    stamp: at('admin-ui', 'dist', '.stamp'),
    hash: dashboardHash,
    run: () =>
      command(process.execPath, [
        'node_modules/vite/bin/vite.js',
        'build',
        'admin-ui',
        '--config',
        'admin-ui/vite.config.ts',
        '--logLevel',
        'error',
      ]),
  },
  {
    name: 'put the API reference together',
    stamp: at('admin-ui', 'reference', 'dist', '.stamp'),
    hash: () => hashOf([...referenceFiles, 'package-lock.json']),
    run: () => {
      const folder = at('admin-ui', 'reference', 'dist');
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      for (const file of [...referenceFiles, ...swaggerFiles]) copyFileSync(at(file), join(folder, basename(file)));
    },
  },
];

/** The page of the API reference: ours, and what it takes of the package that draws it. */
const referenceFiles = ['index.html', 'look.css', 'start.js'].map((name) => `admin-ui/reference/${name}`);
const swaggerFiles = ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'].map(
  (name) => `node_modules/swagger-ui-dist/${name}`,
);

/** What the built dashboard is made from; the server says it is ready only with this one. */
function dashboardHash() {
  return hashOf([
    'admin-ui/src',
    'admin-ui/public',
    'admin-ui/index.html',
    'admin-ui/vite.config.ts',
    'admin-ui/package.json',
    'admin-ui/tsconfig.json',
    'tsconfig.base.json',
    'sdk/package.json',
    'sdk/src',
    'package-lock.json',
  ]);
}

/** Brings everything up to date, or the first `count` steps. `say` gets one line for each that was needed. Answers those that ran. */
export async function prepare(say, count = Infinity) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < least[0] || (major === least[0] && minor < least[1]))
    throw new Error(`Node ${least.join('.')} or newer is needed; this is ${process.versions.node}`);
  const ran = [];
  for (const step of steps().slice(0, count)) {
    const hash = step.hash();
    if (stampAt(step.stamp) === hash) continue;
    const begun = performance.now();
    say(`${step.name} …`);
    await step.run();
    writeFileSync(step.stamp, `${hash}\n`);
    ran.push(step.name);
    say(`${step.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  return ran;
}

/** Whether the dashboard that is on disk is the one of these sources. Worked out once: the sources do not change under a server. */
export function dashboardIsCurrent() {
  const expected = dashboardHash();
  return () => stampAt(at('admin-ui', 'dist', '.stamp')) === expected;
}

/** Runs a program in the root; a signal to us ends it too, so that nothing of ours stays behind. */
export function command(program, args, stdout = 'inherit', env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', stdout, 'inherit'], env });
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    signals.forEach((signal) => process.on(signal, pass));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      signals.forEach((name) => process.off(name, pass));
      if (signal !== null) process.exit(130);
      if (code === 0) resolve();
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${code}`));
    });
  });
}
