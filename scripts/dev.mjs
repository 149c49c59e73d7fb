/** `npm run dev`: the server from its sources, started again at every change; the dashboard as built. */
import { command, prepare } from './prepare.mjs';

await prepare((line) => process.stderr.write(`${line}\n`));
await command(
  process.execPath,
  ['node_modules/tsx/dist/cli.mjs', 'watch', '--conditions=underpin-source', 'server/src/main.ts', 'start'],
  'inherit',
  { MODE: 'development', ...process.env },
);
