/** An app of `examples/` as its README says: copied elsewhere, the SDK installed from the server, set up, and served. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownerEmail, password } from './app.ts';
import { until } from './process.ts';

const run = promisify(execFile);

export interface Example {
  readonly url: string;
  /** Runs its setup script once more. */
  setup(...options: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A copy of the example, and how its programs are run there. */
function copyOf(name: string, underpin: string, port: number) {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-example-'));
  const url = `http://localhost:${port}`;
  const { PATH = '', HOME = '/' } = process.env;
  // No registry: the package must come from the server alone.
  const npm = { npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, '.npm') };
  const own = { UNDERPIN_URL: underpin, VITE_UNDERPIN_URL: underpin, PORT: String(port), APP_URL: url };
  const here = { cwd: folder, env: { PATH, HOME, ...npm, ...own, ADMIN_EMAIL: ownerEmail, ADMIN_PASSWORD: password } };
  const setup = async (...options: readonly string[]): Promise<void> => void (await run(process.execPath, ['setup.mjs', ...options], here));
  cpSync(join(process.cwd(), 'examples', name), folder, { recursive: true });
  const serve = (args: readonly string[]): Promise<void>[] => {
    const server = spawn(process.execPath, [...args], { ...here, stdio: ['ignore', 'pipe', 'inherit'] });
    stop = () => server.kill();
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    done = ended;
    return [new Promise<void>((resolve) => server.stdout.once('data', () => resolve())), ended];
  };
  let stop = (): unknown => undefined;
  let done = Promise.resolve();
  const close = async (): Promise<void> => {
    stop();
    await done;
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, url, here, setup, serve, close };
}

export async function startExample(name: string, underpin: string, port: number): Promise<Example> {
  const { url, here, setup, serve, close } = copyOf(name, underpin, port);
  await run('npm', ['install', `${underpin}/sdk.tgz`, '--no-audit', '--no-fund', '--ignore-scripts'], here);
  await setup();
  await Promise.race(serve(['serve.mjs']));
  return { url, setup, close };
}

/** The same for one that is built: what it needs besides the SDK is that of this repository. */
export async function startBuiltExample(name: string, underpin: string, port: number): Promise<Example> {
  const { folder, url, here, setup, serve, close } = copyOf(name, underpin, port);
  const modules = join(folder, 'node_modules');
  const sdk = join(modules, '@underpin/sdk');
  mkdirSync(sdk, { recursive: true });
  await run('tar', ['-xzf', join(process.cwd(), 'sdk/sdk.tgz'), '--strip-components=1', '-C', sdk]);
  for (const other of ['react', 'react-dom']) symlinkSync(join(process.cwd(), 'node_modules', other), join(modules, other));
  const vite = join(process.cwd(), 'node_modules/vite/bin/vite.js');
  await setup();
  await run(process.execPath, [vite, 'build', '--logLevel', 'error'], here);
  serve([vite, 'preview', '--host', 'localhost', '--port', String(port), '--strictPort']);
  await until('it is served', async () => (await fetch(url).catch(() => undefined))?.ok === true);
  return { url, setup, close };
}
