/** Programs that are run to their end: the clients of the engine, as scripts/test-compose.mjs found them. */
import { spawn } from 'node:child_process';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface How {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it may fail. */
  readonly mayFail?: boolean;
}

/** Nothing of this environment reaches what is tested, but where the engine is. */
const kept = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value = '']) =>
    /^(PATH|HOME|TMPDIR|DOCKER_\w+|COMPOSE_(?!PROJECT|FILE|PROFILES)\w+)$/.test(name) ? [[name, value] as const] : [],
  ),
);

export function run(program: string, args: readonly string[], { cwd, env = {}, mayFail = false }: How = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...kept, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 || mayFail) resolve({ code: code ?? -1, ...said });
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${code}\n${said.stdout}${said.stderr}`));
    });
  });
}

const given = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error('these suites are run by npm run test:compose');
  return value;
};
const client = (): string => given('UNDERPIN_TEST_DOCKER');
export const composeCommand = (): readonly string[] => {
  const words: unknown = JSON.parse(given('UNDERPIN_TEST_COMPOSE'));
  return Array.isArray(words) ? words.map(String) : [];
};

/** What the client of the engine prints. */
export const docker = async (...args: readonly string[]): Promise<string> => (await run(client(), args)).stdout.trim();
export const tryDocker = (...args: readonly string[]): Promise<Said> => run(client(), args, { mayFail: true });

/** A line among those of the tests, for numbers that somebody wants to see. */
export const tell = (line: string): void => void process.stderr.write(`    ${line}\n`);
