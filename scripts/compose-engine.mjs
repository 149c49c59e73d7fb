/** Finds an engine and a compose command for the tests of `docker-compose.yml`, or starts an engine of their own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from './prepare.mjs';

const packages = ['docker.io', 'docker-compose', 'debootstrap', 'iptables'];
/** Kept between runs: it holds the images. */
const folder = join(tmpdir(), 'underpin-engine');

const works = (program, args, env) => spawnSync(program, args, { stdio: 'ignore', env, timeout: 30_000 }).status === 0;
const all = (name) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((place) => join(place, name))
    .filter((file) => existsSync(file));

/** Of several clients one may be too new or too old for the engine. */
const clientFor = (env) => all('docker').find((docker) => works(docker, ['info'], env) && works(docker, ['images'], env));

/** `COMPOSE` where it is given; else version 2, which is a plug of the client, else 1. */
function composeFor(docker, env) {
  if (process.env.COMPOSE) return process.env.COMPOSE.split(' ');
  if (works(docker, ['compose', 'version'], env)) return [docker, 'compose'];
  const [one] = all('docker-compose').filter((program) => works(program, ['version'], env));
  return one === undefined ? undefined : [one];
}

/** Where the client builds with BuildKit only by a plug that is not there, it builds without. */
const builderOf = (docker, env) =>
  works(docker, ['buildx', 'version'], env) ? {} : { DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };

function found(env) {
  const docker = clientFor(env);
  const compose = docker === undefined ? undefined : composeFor(docker, env);
  return compose === undefined ? undefined : { docker, compose, env: { ...builderOf(docker, env), ...env }, stop: async () => undefined };
}

/** `install`: what is missing is installed from Debian. Undefined where there is none, and none may be made. */
export async function findEngine(install, say) {
  const there = found(process.env);
  if (there !== undefined || !install) return there;
  const missing = ['dockerd', 'docker', 'docker-compose', 'debootstrap', 'iptables'].filter((program) => all(program).length === 0);
  if (missing.length > 0) {
    say(`installing ${packages.join(', ')} …`);
    const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  }
  const again = found(process.env);
  if (again !== undefined) return again;
  say(`starting an engine in ${folder} …`);
  mkdirSync(folder, { recursive: true });
  execFileSync('bash', ['server/test/support/engine.sh', folder], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const own = found({ ...process.env, DOCKER_HOST: `unix://${join(folder, 'docker.sock')}` });
  if (own === undefined) throw new Error(`The engine in ${folder} does not answer; see dockerd.log there`);
  return { ...own, stop: () => stopOwn() };
}

async function stopOwn() {
  const file = join(folder, 'dockerd.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  try {
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; waited < 30_000; waited += 100) {
      process.kill(pid, 0);
      await pause(100);
    }
  } catch {
    // It is gone.
  }
}
