/** An app of `examples/` as its README says: copied elsewhere, the SDK installed from the server, set up, and served. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownerEmail, password } from './app.ts';

const run = promisify(execFile);

export interface Example {
  readonly url: string;
  /** Runs its setup script once more. */
  setup(...options: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startExample(name: string, underpin: string, port: number): Promise<Example> {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-example-'));
  const url = `http://localhost:${port}`;
  const { PATH = '', HOME = '/' } = process.env;
  // No registry: the package must come from the server alone.
  const npm = { npm_config_registry: 'http://127.0.0.1:9', npm_config_cache: join(folder, '.npm') };
  const own = { UNDERPIN_URL: underpin, PORT: String(port), APP_URL: url, ADMIN_EMAIL: ownerEmail, ADMIN_PASSWORD: password };
  const here = { cwd: folder, env: { PATH, HOME, ...npm, ...own } };
  const setup = async (...options: readonly string[]): Promise<void> => void (await run(process.execPath, ['setup.mjs', ...options], here));
  cpSync(join(process.cwd(), 'examples', name), folder, { recursive: true });
  await run('npm', ['install', `${underpin}/sdk.tgz`, '--no-audit', '--no-fund', '--ignore-scripts'], here);
  await setup();
  const server = spawn(process.execPath, ['serve.mjs'], { ...here, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const said = new Promise<void>((resolve) => server.stdout.once('data', () => resolve()));
  await Promise.race([said, ended]);
  return {
    url,
    setup,
    close: async () => {
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
