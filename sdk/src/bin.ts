#!/usr/bin/env node
/** `underpin-sdk types`: writes the types of a running server's schema into a file. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { generateTypes } from './codegen/types.ts';
import { attempt } from './error.ts';
import { createClient } from './index.ts';

const usage = `Usage: underpin-sdk types --url <url> --token <token> [--out <file>] [--check]

Writes the TypeScript types of the server's schema.

  --url     the server (or UNDERPIN_URL)
  --token   an admin's access token or an API key (or UNDERPIN_TOKEN)
  --out     the file to write; underpin.gen.ts by default
  --check   write nothing; exit 3 if the file differs
  --help    this text

Exit codes: 0 done, 1 failed, 2 usage, 3 drift.
`;

const options = {
  url: { type: 'string' },
  token: { type: 'string' },
  out: { type: 'string', default: 'underpin.gen.ts' },
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function readArguments(): ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>> | undefined {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const read = readArguments();
  if (read?.values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const url = read?.values.url ?? process.env['UNDERPIN_URL'];
  const token = read?.values.token ?? process.env['UNDERPIN_TOKEN'];
  if (!read || read.positionals.join(' ') !== 'types' || !url || !token) {
    process.stderr.write(usage);
    return 2;
  }
  const [error, schema] = await attempt(createClient({ url, token }).collections.schema());
  if (error) {
    process.stderr.write(`${url}: ${error.message} (${error.code})\n`);
    return 1;
  }
  const text = generateTypes(schema);
  const { out } = read.values;
  if (!read.values.check) {
    await writeFile(out, text);
    process.stdout.write(`${out}: ${schema.collections.length} collections\n`);
    return 0;
  }
  if ((await readFile(out, 'utf8').catch(() => '')) === text) return 0;
  process.stderr.write(`${out} differs from the schema at ${url}; run underpin-sdk types\n`);
  return 3;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
