/**
 * The client package as it is installed: with the packages that it depends on inside, so that an app that is offline, or has no
 * registry, has all of it from the server alone. React, which only its hooks need, is named as optional and without a version:
 * for one with a version npm asks the registry, and waits for it for a minute, even where nobody wants it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const readPackage = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Where a package finds another. */
function folderOf(name, from) {
  const found = createRequire(join(from, 'package.json'))
    .resolve.paths(name)
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
  if (found === undefined) throw new Error(`${name}, which ${from} needs, is not installed`);
  return found;
}

/** All that a package needs, by name; two versions of one would need another layout. */
function closureOf(folder, found = new Map()) {
  for (const name of Object.keys(readPackage(folder).dependencies ?? {})) {
    const needed = folderOf(name, folder);
    if (found.has(name) && found.get(name) !== needed) throw new Error(`${name} is needed in two versions`);
    if (found.has(name)) continue;
    found.set(name, needed);
    closureOf(needed, found);
  }
  return found;
}

/** What only debuggers and script tags load. */
const isUseless = (path) =>
  /\.map$|\/socket\.io-client\/dist(\/|$)|\/engine\.io-client\/dist(\/|$)|\/node_modules\/.*\/node_modules$/.test(path);

export async function packSdk(root, command) {
  const at = (...parts) => join(root, ...parts);
  const folder = at('node_modules', '.underpin-pack');
  const inside = join(folder, 'sdk');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(inside, { recursive: true });
  const { devDependencies: _development, peerDependencies: _peers, ...manifest } = readPackage(at('sdk'));
  writeFileSync(
    join(inside, 'package.json'),
    JSON.stringify({ ...manifest, bundleDependencies: Object.keys(manifest.dependencies) }, null, 2),
  );
  cpSync(at('sdk', 'dist'), join(inside, 'dist'), { recursive: true });
  for (const [name, from] of closureOf(at('sdk')))
    cpSync(from, join(inside, 'node_modules', name), { recursive: true, filter: (path) => path === from || !isUseless(path) });
  await command('npm', ['pack', inside, '--pack-destination', folder, '--loglevel=error', '--ignore-scripts'], 'ignore');
  const made = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  renameSync(join(folder, made), at('sdk', 'sdk.tgz'));
  rmSync(folder, { recursive: true });
}
