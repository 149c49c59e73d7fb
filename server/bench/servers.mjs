/** The ground on which all is measured: a Postgres of its own, servers and loads in processes of their own; and their end. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { root } from '../../scripts/prepare.mjs';

export const password = 'correct horse battery staple';
export const secret = 'a secret for measuring only, and long enough';
export const say = (line) => process.stderr.write(`${line}\n`);
const ownerEmail = 'owner@example.com';
const file = (name) => join(root, 'server/bench', name);

/** What has to be ended, last first. */
const undo = [];
let ending;
export const isEnding = () => ending !== undefined;
export const end = () =>
  (ending ??= (async () => {
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((error) => say(error.message));
  })());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end().then(() => process.exit(130)));

/** Starts a server as a process of its own; ready when a line of its output matches. */
function startServer(args, env, ready) {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  undo.push(stop);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
      const port = ready.exec(printed)?.[1];
      if (port !== undefined) resolve({ url: `http://127.0.0.1:${port}`, pid: child.pid, stop });
    });
    void ended.then((code) => reject(new Error(`${args[0]} ended with ${code}`)));
  });
}

/**
 * A process that does one thing, told as JSON, and prints what came of it as JSON. `open`: it goes on until `finish`;
 * the others are told all at once.
 */
export function startLoad(name, what, { open = false } = {}) {
  const child = spawn(process.execPath, [file(name)], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.pipe(process.stderr);
  undo.push(() => child.kill('SIGTERM'));
  let printed = '';
  child.stdout.on('data', (data) => (printed += data));
  const result = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(printed)) : reject(new Error(`${name} ended with ${code}`))));
  });
  child.stdin.write(`${JSON.stringify(what)}\n`);
  const finish = () => (child.stdin.end(), result);
  if (!open) child.stdin.end();
  /** Resolves when it says how far it is, on stderr. */
  const said = Promise.race([new Promise((resolve) => child.stderr.once('data', resolve)), result]);
  return { result, said, finish };
}
export const load = (name, what) => startLoad(name, what).result;

/** CPU time of a process and all below it, in ms; those that have ended count through their parents. Undefined without /proc. */
export function cpuOf(pid) {
  if (!existsSync('/proc/self/stat')) return undefined;
  const tick = 10; // ms: USER_HZ is 100 on every Linux that Node runs on
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .map(Number);
      all.set(Number(name), { parent: fields[1], ms: (fields[11] + fields[12] + fields[13] + fields[14]) * tick });
    } catch {
      // It ended while we looked.
    }
  }
  const tree = [pid];
  for (const one of tree) for (const [id, { parent }] of all) if (parent === one) tree.push(id);
  return tree.reduce((sum, id) => sum + (all.get(id)?.ms ?? 0), 0);
}

export async function ask(url, request, token, body) {
  const [method, path] = request.split(' ');
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${request}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** The access token of an account, or with no address that of the owner. */
export const signIn = async (url, collection = '_admins', email = ownerEmail) =>
  (await ask(url, `POST /auth/${collection}/sign-in`, undefined, { email, password })).accessToken;

/** A Postgres in a temporary folder, and who asks it past the server or starts servers on it. */
export async function openGround() {
  const { startEmbedded } = await import('../dist/db/embedded.js');
  const { createLog } = await import('../dist/kit/log.js');
  const folder = mkdtempSync(join(tmpdir(), 'underpin-bench-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  // Passable for the user that Postgres runs as, where we are root.
  chmodSync(folder, 0o711);
  const embedded = await startEmbedded(join(folder, 'data'), createLog('error', false));
  undo.push(() => embedded.stop());
  const own = {
    DATABASE_URL: embedded.url,
    SECRET: secret,
    DATA_DIR: join(folder, 'server'),
    PORT: '0',
    HOST: '127.0.0.1',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'warn',
    ADMIN_EMAIL: ownerEmail,
    ADMIN_PASSWORD: password,
  };
  return {
    postgres: embedded.pid(),
    startUnderpin: (env = {}) =>
      startServer([join(root, 'server/dist/main.js'), 'start'], { ...own, ...env }, /ready: http:\/\/localhost:(\d+)\//),
    database: embedded.url,
    startOther: (name, env = {}) => startServer([file(name)], { DATABASE_URL: embedded.url, ...env }, /ready (\d+)/),
    /** The log is kept for nobody. */
    dropSlots: async () => {
      const client = new pg.Client({ connectionString: embedded.url });
      await client.connect();
      await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');
      await client.end();
    },
    startByHand: () => startServer([file('by-hand.mjs')], { DATABASE_URL: embedded.url, JWT_SECRET: secret }, /ready (\d+)/),
    /** Statements past the servers, on one connection. */
    past: async (fn) => {
      const client = new pg.Client({ connectionString: embedded.url, options: '-c role=underpin_owner' });
      await client.connect();
      return fn((text, values) => client.query(text, values)).finally(() => client.end());
    },
  };
}
