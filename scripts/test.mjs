/**
 * `npm test`: installs and builds what is missing, finds the programs that some suites need (and installs them from
 * Debian with CI=true or `-- --install`), runs every suite. With CI=true a suite that cannot run is a failure.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const ci = process.env.CI === 'true';
const args = process.argv.slice(2);
const own = ['--install', '--long'];
const install = ci || args.includes('--install');

/** Program → Debian packages. Swift speaks S3. */
const postgres15 = '/usr/lib/postgresql/15/bin/postgres';
const programs = {
  chromium: 'chromium',
  [postgres15]: 'postgresql-15',
  'redis-server': 'redis-server',
  'swift-proxy-server': 'swift swift-proxy swift-object swift-container swift-account memcached',
};

const found = (program) => {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
};

const say = (line) => process.stderr.write(`${line}\n`);
await prepare(say);

let missing = Object.keys(programs).filter((program) => found(program) === '');
if (missing.length > 0 && install) {
  const packages = missing.flatMap((program) => programs[program].split(' '));
  say(`installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  } catch (error) {
    say(`could not install ${packages.join(', ')}: ${error.message}`);
  }
  missing = Object.keys(programs).filter((program) => found(program) === '');
}
if (missing.length > 0)
  say(`without ${missing.join(', ')}: ${ci ? 'their suites fail' : 'their suites are skipped; -- --install installs them'}`);

const report = join(mkdtempSync(join(tmpdir(), 'underpin-report-')), 'report.txt');
const child = spawn(
  process.execPath,
  ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...args.filter((arg) => !own.includes(arg))],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_NO_WARNINGS: '1',
      UNDERPIN_TEST_REPORT: report,
      UNDERPIN_TEST_CHROMIUM: found('chromium'),
      UNDERPIN_TEST_REDIS: found('redis-server'),
      UNDERPIN_TEST_S3: found('swift-proxy-server') === '' ? '' : 'on',
      UNDERPIN_TEST_POSTGRES15: found(postgres15) === '' ? '' : postgres15.replace(/\/postgres$/, ''),
      ...(args.includes('--long') ? { UNDERPIN_TEST_LONG: '1' } : {}),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => {
  if (existsSync(report)) process.stdout.write(readFileSync(report, 'utf8'));
  process.exit(code ?? 1);
});
