/** `npm start`: makes what is missing, then serves in this very process, so that signals reach it. */
import { dashboardIsCurrent, prepare } from './prepare.mjs';

const say = (line) => process.stderr.write(`${line}\n`);
try {
  await prepare(say);
} catch (error) {
  say(error.message);
  process.exit(1);
}
const { main } = await import('../server/dist/main.js');
await main(['start', ...process.argv.slice(2)], { isCurrent: dashboardIsCurrent() });
