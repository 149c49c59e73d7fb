/** `npm run build`: what `npm start` would build, without starting. */
import { prepare } from './prepare.mjs';

const ran = await prepare((line) => process.stderr.write(`${line}\n`));
if (ran.length === 0) process.stdout.write('everything is up to date\n');
