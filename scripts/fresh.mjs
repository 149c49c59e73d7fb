/**
 * `npm run fresh`: what somebody sees who has just cloned this. HEAD is cloned into empty folders, started with `npm start`
 * until it is ready, stopped, started again: as whoever runs this and, as root, also as an ordinary user with a closed
 * home, and as root in a folder where Postgres's user may not go. Prints the seconds of each step; exits 1 if one is wrong.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from './prepare.mjs';

const secondStart = 5;
const patience = 300_000;
const isRoot = process.getuid?.() === 0;
const undo = [];
const seconds = (begun) => (performance.now() - begun) / 1000;
const say = (line) => process.stderr.write(`${line}\n`);
const shell = (program, ...args) => execFileSync(program, args, { cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** A folder with these rights for all above it that is ours. */
function folder(mode) {
  const made = mkdtempSync(join(tmpdir(), 'underpin-fresh-'));
  chmodSync(made, mode);
  undo.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function ordinaryUser() {
  const name = `underpin-${process.pid}`;
  const home = join(folder(0o755), 'home');
  shell('useradd', '--create-home', '--home-dir', home, '--shell', '/bin/sh', name);
  undo.push(() => shell('userdel', name));
  chmodSync(home, 0o700);
  return { home, uid: Number(shell('id', '-u', name)), gid: Number(shell('id', '-g', name)) };
}

const cases = [
  { name: isRoot ? 'root, open folder' : 'this user', place: () => ({ within: folder(isRoot ? 0o755 : 0o700) }) },
  ...(isRoot
    ? [
        {
          name: 'ordinary user, home 700',
          place: () => {
            const user = ordinaryUser();
            return { within: user.home, user };
          },
        },
        { name: 'root, folder 700', place: () => ({ within: folder(0o700) }) },
      ]
    : []),
];

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** What still works in the clone, or in the place where Postgres's files went. */
function left(clone) {
  if (!existsSync('/proc/self')) return [];
  const note = join(clone, 'data/postgres.folder');
  const places = [clone, ...(existsSync(note) ? [readFileSync(note, 'utf8').trim()] : [])];
  return readdirSync('/proc').filter((pid) => {
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      return places.some((place) => cwd === place || cwd.startsWith(`${place}/`));
    } catch {
      return false;
    }
  });
}

/** One life of `npm start`: until it is ready, and until a SIGTERM to npm has ended it. */
async function life(clone, user) {
  const port = String(await freePort());
  const registry = { npm_config_registry: shell('npm', 'config', 'get', 'registry') };
  const { PATH, HOME, NODE_EXTRA_CA_CERTS } = process.env;
  const env = { PATH, HOME: user?.home ?? HOME, ...(NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS } : {}), ...registry, PORT: port };
  const begun = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  let over = false;
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  }).then(() => (over = true));
  const kill = () => over || child.kill('SIGKILL');
  undo.push(kill);
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/health/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  const problems = [];
  while (!over && !(await isReady()) && seconds(begun) * 1000 < patience) await pause(50);
  const ready = seconds(begun);
  if (over || !(await isReady())) problems.push(`not ready:\n${said}`);
  else {
    if (!/<div id="root">/.test(await (await fetch(`http://127.0.0.1:${port}/admin/`)).text())) problems.push('no dashboard at /admin');
    if (!/\/admin\/setup#t=/.test(said)) problems.push(`no setup link in:\n${said}`);
  }
  const stopping = performance.now();
  if (!over) child.kill('SIGTERM');
  await Promise.race([ended, pause(20_000, undefined, { ref: false })]);
  if (!over) problems.push('npm does not end 20 s after SIGTERM');
  while (left(clone).length > 0 && seconds(stopping) < 5) await pause(50);
  if (left(clone).length > 0) problems.push(`still there after SIGTERM: ${left(clone).join(', ')}`);
  const steps = Object.fromEntries([...said.matchAll(/^(\w[\w ]+): ([\d.]+) s$/gm)].map(([, name, time]) => [name, Number(time)]));
  return { ready, stop: seconds(stopping), steps, said, problems };
}

async function tryOut({ name, place }) {
  say(`${name} …`);
  const { within, user } = place();
  const clone = join(within, 'underpin');
  const begun = performance.now();
  mkdirSync(clone);
  // Without links into the original's objects: their owner is changed below.
  shell('git', 'clone', '--quiet', '--no-hardlinks', root, clone);
  if (user) shell('chown', '-R', `${user.uid}:${user.gid}`, clone);
  const cloned = seconds(begun);
  undo.push(() => {
    const note = join(clone, 'data/postgres.folder');
    if (existsSync(note)) rmSync(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
  });
  const first = await life(clone, user);
  const second = first.problems.length > 0 ? undefined : await life(clone, user);
  const problems = [...first.problems, ...(second?.problems ?? [])];
  if (second && Object.keys(second.steps).length > 0)
    problems.push(`the second start built again: ${Object.keys(second.steps).join(', ')}`);
  if (second && second.ready > secondStart) problems.push(`the second start took more than ${secondStart} s`);
  const changed = user ? '' : shell('git', '-C', clone, 'status', '--porcelain');
  if (changed !== '') problems.push(`git sees changes:\n${changed}`);
  for (const problem of problems) say(`  ${problem}`);
  return {
    row: {
      case: name,
      clone: cloned.toFixed(1),
      ...Object.fromEntries(Object.entries(first.steps).map(([step, time]) => [step, time.toFixed(1)])),
      'ready after': first.ready.toFixed(1),
      stop: first.stop.toFixed(1),
      'second start': second?.ready.toFixed(1) ?? '–',
      'second stop': second?.stop.toFixed(1) ?? '–',
      result: problems.length === 0 ? 'ok' : 'WRONG',
    },
    problems,
  };
}

async function cleanUp() {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      say(`while cleaning up: ${error.message}`);
    }
  }
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void cleanUp().then(() => process.exit(130)));

function printTable(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column] ?? '–').length)));
  const line = (cells) =>
    `${cells
      .map((cell, index) => String(cell).padEnd(widths[index]))
      .join('  ')
      .trimEnd()}\n`;
  process.stdout.write(line(columns) + rows.map((row) => line(columns.map((column) => row[column] ?? '–'))).join(''));
}

const results = [];
for (const one of cases) {
  try {
    results.push(await tryOut(one));
  } catch (error) {
    say(`  ${error.stderr ?? ''}${error.message}`);
    results.push({ row: { case: one.name, result: 'WRONG' }, problems: [error] });
  } finally {
    await cleanUp();
  }
}
printTable(results.map(({ row }) => row));
process.exit(results.every(({ problems }) => problems.length === 0) ? 0 : 1);
