/**
 * `npm run test:compose`: the stack of docker-compose.yml on a real engine: up, safe, killed in every part, without Redis. With CI=true or
 * `-- --install` an engine is installed from Debian and started; without one it says so and skips. Where there is one, all has to run.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEngine } from './compose-engine.mjs';
import { imagesOf, provideImages } from './compose-images.mjs';
import { prepare, root } from './prepare.mjs';

const args = process.argv.slice(2);
const install = process.env.CI === 'true' || args.includes('--install');
const begun = performance.now();
const say = (line) => process.stderr.write(`${line}\n`);

await prepare(say);
const engine = await findEngine(install, say);
if (engine === undefined) {
  const tests = readdirSync(join(root, 'server/test/compose')).filter((name) => name.endsWith('.test.ts'));
  say(`No Docker engine with a compose command answers. Start one, or let DOCKER_HOST name it; -- --install installs one from Debian.`);
  say(`skipped: ${tests.join(', ')}`);
  process.exit(0);
}

const report = join(mkdtempSync(join(tmpdir(), 'underpin-report-')), 'report.txt');
let child;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child?.kill(signal));
let code = 1;
try {
  const { docker, compose, env } = engine;
  const [program, ...first] = compose;
  const version = (command, ...rest) => execFileSync(command, rest, { env, encoding: 'utf8' }).trim().split('\n')[0];
  say(`engine ${version(docker, 'version', '-f', '{{.Server.Version}}')}, ${version(program, ...first, 'version')}`);
  const file = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
  const profiles = [...file.matchAll(/^\s+profiles: *\[(.*)\]/gm)].flatMap(([, names]) =>
    names.split(',').map((name) => name.replace(/\W/g, '')),
  );
  const config = execFileSync(program, [...first, '--project-directory', root, '-f', join(root, 'docker-compose.yml'), 'config'], {
    env: { ...env, COMPOSE_PROFILES: [...new Set(profiles)].join(',') },
    encoding: 'utf8',
  });
  provideImages(engine, imagesOf(config, readFileSync(join(root, 'Dockerfile'), 'utf8')), say);
  code = await runTests(engine);
} catch (error) {
  say(error.stderr ? `${error.message}\n${error.stderr}` : error.message);
} finally {
  takeAway(engine, child?.pid);
  await engine.stop();
}
if (existsSync(report)) {
  const text = readFileSync(report, 'utf8');
  process.stdout.write(text);
  if (!/, 0 skipped$/m.test(text)) code ||= 1;
}
say(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
process.exit(code);

function runTests({ docker, compose, env }) {
  child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--runInBand',
      '--silent',
      '--verbose',
      ...args.filter((arg) => arg !== '--install'),
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...env,
        NODE_NO_WARNINGS: '1',
        UNDERPIN_TEST_REPORT: report,
        UNDERPIN_TEST_DOCKER: docker,
        UNDERPIN_TEST_COMPOSE: JSON.stringify(compose),
      },
    },
  );
  return new Promise((resolve) => child.once('exit', (ended) => resolve(ended ?? 1)));
}

/** What a run that was broken off has left: stacks are named after the process that makes them. */
function takeAway({ docker, env }, pid) {
  const ask = (...words) => spawnSync(docker, words, { env, encoding: 'utf8' }).stdout?.split('\n').filter(Boolean) ?? [];
  const filter = ['--filter', `name=underpin-test-${pid}-`];
  for (const id of ask('ps', '-aq', ...filter)) ask('rm', '-fv', id);
  for (const kind of ['network', 'volume']) for (const id of ask(kind, 'ls', '-q', ...filter)) ask(kind, 'rm', id);
}
