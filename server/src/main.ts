#!/usr/bin/env node
/** The command line: one verb a file in cli/. The only place that reads the process's environment and arguments. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { start, type Running } from './cli/start.ts';
import { showConfig } from './cli/config-show.ts';
import type { Asking, Ended } from './cli/ask.ts';
import { doctor } from './cli/doctor.ts';
import { rotateKeys } from './cli/keys-rotate.ts';
import { explainRules, testRules, type ExplainOptions } from './cli/rules.ts';
import { progressBar } from './cli/progress.ts';
import { Stopped } from './db/await-server.ts';
import { ConfigError } from './kit/config.ts';
import type { Served } from './http/server.ts';

const root = new URL('../../', import.meta.url);
const built: Served = {
  dashboard: fileURLToPath(new URL('admin-ui/dist', root)),
  sdk: fileURLToPath(new URL('sdk/sdk.tgz', root)),
  reference: fileURLToPath(new URL('admin-ui/reference/dist', root)),
  account: fileURLToPath(new URL('admin-ui/account', root)),
  docs: fileURLToPath(new URL('docs/reference', root)),
};

export async function main(args: readonly string[], served: Partial<Served> = {}): Promise<void> {
  const program = new Command('underpin')
    .description('A self-hosted backend on Postgres')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  program
    .command('start', { isDefault: true })
    .description('serve, with a Postgres of its own unless DATABASE_URL names one')
    .option('--port <port>', 'port to listen on (as PORT)')
    .option('--demo', 'with 3,201 movies, people and reviews to look around in')
    .action(async (options: { port?: string; demo?: boolean }) => {
      const env = options.port === undefined ? process.env : { ...process.env, PORT: options.port };
      const waiting = new AbortController();
      const starting = start({
        env,
        signal: waiting.signal,
        served: { ...built, ...served },
        print: (line) => process.stdout.write(`${line}\n`),
        ...(options.demo === true ? { demo: progressBar('demo', process.stdout) } : {}),
      });
      stopOnSignals(starting, waiting);
      await starting;
    });
  program
    .command('config')
    .description('look at the configuration')
    .command('show')
    .description('each setting with its value and where it comes from; secrets are masked')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      process.stdout.write(showConfig(process.env, options.json === true));
    });
  const end = async (ending: Promise<Ended>): Promise<void> => {
    const { text, code } = await ending;
    process.stdout.write(text);
    process.exitCode = code;
  };
  program
    .command('doctor')
    .description(
      'look at the database and all else that the configuration names: what is fine, and what is to be mended; exit code 1 where something is',
    )
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => end(doctor(process.env, options.json === true)));
  const rules = program.command('rules').description('ask a running server what its rules mean');
  rules
    .command('test')
    .description('do what a file expects, as whom it says, and roll it back; exit code 1 where something is not as expected')
    .argument('[file]', 'a JSON list of expectations', 'rules.test.json')
    .requiredOption('--token <token>', 'access token of an admin')
    .option('--url <url>', 'of the server', 'http://localhost:8700')
    .option('--json', 'as JSON')
    .action((file: string, options: Asking) => end(testRules(file, options)));
  rules
    .command('explain')
    .description('why a rule lets somebody, or does not')
    .argument('<collection>')
    .argument('<action>', 'list, view, create, update or delete')
    .requiredOption('--token <token>', 'access token of an admin')
    .option('--url <url>', 'of the server', 'http://localhost:8700')
    .option('--as <account>', 'collection and id, as users:0190…; nobody if left out')
    .option('--id <id>', 'the record that it is judged on')
    .option('--rule <rule>', 'a draft, instead of the rule in force')
    .option('--data <json>', 'what is created or changed')
    .option('--json', 'as JSON')
    .action((collection: string, action: string, options: ExplainOptions) => end(explainRules(collection, action, options)));
  program
    .command('keys')
    .description('the keys that sign access tokens')
    .command('rotate')
    .description('sign with a new key from now on; tokens of the old one are good until they end')
    .requiredOption('--token <token>', 'access token of an owner who signed in within ten minutes')
    .option('--url <url>', 'of the server', 'http://localhost:8700')
    .option('--json', 'as JSON')
    .action((options: Asking) => end(rotateKeys(options)));
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const message =
      error instanceof ConfigError
        ? `The configuration does not do:\n${error.message}`
        : error instanceof Error
          ? error.message
          : String(error);
    process.stderr.write(`${message}\n`);
    process.exit(error instanceof Stopped ? 0 : 1);
  }
}

/**
 * The first signal stops in order, where need be once everything is up: a Postgres that was just begun would outlive us
 * otherwise. Only the wait for somebody else's Postgres is broken off. A second one stops at once. A start that fails has undone
 * what it did, and `main` says why.
 */
function stopOnSignals(starting: Promise<Running>, waiting: AbortController): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      waiting.abort();
      void starting
        .then(({ stop }) => stop())
        .then(
          () => process.exit(0),
          () => undefined,
        );
    });
  }
}

/** Run as a program, also by a link to this file, as /usr/local/bin and node_modules/.bin have them. */
function isProgram(ran: string | undefined): boolean {
  return ran !== undefined && existsSync(ran) && realpathSync(ran) === realpathSync(fileURLToPath(import.meta.url));
}

if (isProgram(process.argv[1])) await main(process.argv.slice(2));
