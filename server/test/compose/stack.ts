/**
 * The stack of docker-compose.yml, in a copy of what is in the repository, with a name and ports of its own. It is taken down with its
 * volumes at the end, whatever happened.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sender, type TestApp } from '../support/app.ts';
import { freePort } from '../support/process.ts';
import { composeCommand, docker, run, tell, type Said } from './engine.ts';

export const owner = { email: 'owner@example.com', password: 'correct horse battery staple' } as const;

export interface Stack {
  readonly name: string;
  readonly folder: string;
  readonly url: string;
  /** Where the profile `scale` is up. */
  readonly proxyUrl: string;
  readonly send: TestApp['send'];
  compose(...args: readonly string[]): Promise<Said>;
  tryCompose(...args: readonly string[]): Promise<Said>;
  /** The containers that there are, ended ones too; of a service its own one. */
  containers(): Promise<readonly string[]>;
  container(service: string): Promise<string>;
  /** What a template finds in a service's container. */
  inspect(service: string, template: string): Promise<string>;
  healthy(service: string, timeout?: number): Promise<void>;
  /** A program in a container, as its own user. */
  inside(service: string, ...command: readonly string[]): Promise<Said>;
  /** Rows of a statement, as superuser: columns by `|`. */
  sql(text: string): Promise<readonly string[]>;
  /** Ends the main process as a crash does. The engine takes what it ended itself for wanted, and would not start it again. */
  crash(service: string): Promise<void>;
  /** Its last lines are printed where the work fails. */
  watched(work: () => Promise<void>): () => Promise<void>;
  end(): Promise<void>;
}

export const profiles = ['worker', 'scale'] as const;

/** What git has, and what it would take: nothing that is installed or built. */
function copy(folder: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  for (const file of listed.split('\0')) if (file !== '' && existsSync(file)) cpSync(file, join(folder, file));
}

export async function makeStack(what: string, settings: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'underpin-compose-'));
  copy(folder);
  const name = `underpin-test-${process.pid}-${what}`;
  const [port, proxyPort] = [await freePort(), await freePort()];
  const env = { COMPOSE_PROJECT_NAME: name, PORT: String(port), BIND: '127.0.0.1', PROXY_PORT: String(proxyPort), ...settings };
  const [program = '', ...first] = composeCommand();
  const call = (args: readonly string[], mayFail: boolean): Promise<Said> =>
    run(program, [...first, ...args], { cwd: folder, env, mayFail });
  const ids = async (...filters: readonly string[]): Promise<string[]> => {
    const labels = [`project=${name}`, 'oneoff=False', ...filters].flatMap((label) => ['--filter', `label=com.docker.compose.${label}`]);
    return (await docker('ps', '-aq', '--no-trunc', ...labels)).split('\n').filter((id) => id !== '');
  };
  const container = async (service: string): Promise<string> => {
    const [id] = await ids(`service=${service}`);
    if (id === undefined) throw new Error(`${service} has no container`);
    return id;
  };
  const inspect = async (service: string, template: string): Promise<string> => docker('inspect', '-f', template, await container(service));
  const inside = async (service: string, ...command: readonly string[]): Promise<Said> => call(['exec', '-T', service, ...command], true);
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    folder,
    url,
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    send: sender(`${url}/api/v1`),
    compose: (...args) => call(args, false),
    tryCompose: (...args) => call(args, true),
    containers: () => ids(),
    container,
    inspect,
    healthy: async (service, timeout = 120_000) => {
      const begun = performance.now();
      for (;;) {
        const state = await inspect(service, '{{.State.Status}} {{.State.Health.Status}}');
        if (state === 'running healthy') return;
        if (performance.now() - begun > timeout) throw new Error(`${service} is ${state} after ${timeout / 1000} s`);
        await pause(200);
      }
    },
    inside,
    sql: async (text) => {
      const { code, stdout, stderr } = await inside('db', 'psql', '-U', 'postgres', '-d', 'underpin', '-AtX', '-c', text);
      if (code !== 0) throw new Error(`psql: ${stderr}`);
      return stdout.split('\n').filter((line) => line !== '');
    },
    crash: async (service) => {
      const pid = await inspect(service, '{{.State.Pid}}');
      const image = await inspect('secrets', '{{.Image}}');
      const how = ['--rm', '--pid=host', '--network=none', '--user=0', '--entrypoint=sh', image];
      await docker('run', ...how, '-c', `kill -9 ${pid}`);
    },
    watched: (work) => async () => {
      try {
        await work();
      } catch (error) {
        const { stdout, stderr } = await call(['logs', '--no-color', '--tail=60'], true);
        process.stderr.write(`\n${(await call(['ps', '-a'], true)).stdout}${stdout}${stderr}\n`);
        throw error;
      }
    },
    end: async () => {
      const all = profiles.flatMap((profile) => ['--profile', profile]);
      const { code, stderr } = await call([...all, 'down', '--volumes', '--remove-orphans', '--timeout', '5'], true);
      if (code !== 0) tell(`down: ${stderr}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Up and ready; the seconds that it took. */
export async function up(stack: Stack, services: readonly string[] = ['app'], options: readonly string[] = []): Promise<number> {
  const begun = performance.now();
  await stack.watched(async () => {
    await stack.compose(...options, 'up', '-d');
    for (const service of services) await stack.healthy(service, 300_000);
  })();
  return (performance.now() - begun) / 1000;
}

/** The link to the setup that a node has printed. */
export async function setupToken(stack: Stack): Promise<string | undefined> {
  const { stdout } = await stack.compose('logs', '--no-color', 'app');
  return [...stdout.matchAll(/\/admin\/setup#t=([\w-]+)/g)].at(-1)?.[1];
}

/** The first admin by the setup link; his access token. */
export async function makeOwner(stack: Stack): Promise<string> {
  const answer = await stack.send('POST /ops/setup', { body: { token: await setupToken(stack), ...owner } });
  if (answer.status !== 201) throw new Error(`no owner: ${answer.text}`);
  return answer.body.accessToken;
}

/** His access token, which is good for ten minutes, and so is the proof that changes of keys ask for. */
export async function signIn(stack: Stack): Promise<string> {
  const answer = await stack.send('POST /auth/_admins/sign-in', { body: owner });
  if (answer.status !== 200) throw new Error(`not signed in: ${answer.text}`);
  return answer.body.accessToken;
}
