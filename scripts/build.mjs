/** `npm run build`: what `npm start` would build, without starting. With `--packages`, no more than the packages are installed. */
import { prepare } from './prepare.mjs';

const ran = await prepare((line) => process.stderr.write(`${line}\n`), process.argv.includes('--packages') ? 1 : undefined);
if (ran.length === 0) process.stdout.write('everything is up to date\n');
