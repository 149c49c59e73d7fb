/**
 * `npm run bench`: how fast Underpin is beside a server written by hand, whether the time that it takes tells who has an
 * account, what many who sign in at once cost the others, how long it takes to find who follows a change, and how fast files come and go. One file for
 * each: records, sign-ins, enumeration, matching, live, files.
 *
 * Writes nothing into the repository; exits 0 whatever the figures are. docs/how-to/bench.md says how to read them.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { prepare } from '../../scripts/prepare.mjs';
import { measureEnumeration, reportEnumeration } from './enumeration.mjs';
import { fileParts, measureFiles, reportFiles } from './files.mjs';
import { allOperations, measureRecords, reportRecords } from './records.mjs';
import { liveParts, measureLive, reportLive } from './live.mjs';
import { measureMatching, reportMatching } from './matching.mjs';
import { end, isEnding, openGround, say } from './servers.mjs';
import { measureSignIns, reportSignIns } from './sign-ins.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '16' },
    records: { type: 'string', default: '100000' },
    samples: { type: 'string', default: '300' },
    burst: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const counts = ['rounds', 'seconds', 'connections', 'records', 'samples', 'burst'];
const options = Object.fromEntries(counts.map((name) => [name, Number(values[name])]));
const all = [...allOperations, 'sign-ins', 'enumeration', 'matching', ...liveParts, ...fileParts];
const wanted = values.only?.split(',') ?? all;

async function main() {
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows ${all.join(', ')}; not ${unknown.join(', ')}`);
  await prepare(say);
  const machine = { cores: availableParallelism(), load: loadavg()[0] };
  const matching = wanted.includes('matching') ? await measureMatching(options) : [];
  const ground = wanted.every((name) => name === 'matching') ? undefined : await openGround();
  const operations = allOperations.filter((name) => wanted.includes(name));
  const records = operations.length === 0 ? { results: [], batches: [] } : await measureRecords(ground, operations, options);
  const signIns = wanted.includes('sign-ins') ? await measureSignIns(ground, options) : [];
  const live = await measureLiveOf(ground);
  const files = await measureFilesOf(ground);
  // Last: the jobs that it leaves undone would be done by the servers of the others.
  const enumeration = wanted.includes('enumeration') ? await measureEnumeration(ground, options) : [];
  const parts = [
    reportRecords(records, operations),
    reportSignIns(signIns),
    reportEnumeration(enumeration),
    reportMatching(matching),
    reportLive(live),
    reportFiles(files),
  ];
  const report = parts.filter((part) => part !== '').join('\n');
  const about = `machine: ${machine.cores} cores, load ${machine.load.toFixed(1)} before it began\n`;
  process.stdout.write(
    values.json ? `${JSON.stringify({ ...records, signIns, enumeration, matching, live, files, machine })}\n` : `\n${report}\n${about}`,
  );
}

async function measureLiveOf(ground) {
  const parts = liveParts.filter((name) => wanted.includes(name));
  return parts.length === 0 ? {} : measureLive(ground, parts, options);
}

async function measureFilesOf(ground) {
  const parts = fileParts.filter((name) => wanted.includes(name));
  return parts.length === 0 ? [] : measureFiles(ground, parts, options);
}

let failed = false;
try {
  await main();
} catch (error) {
  failed = !isEnding();
  if (failed) say(error.stack ?? String(error));
}
await end();
process.exit(failed ? 1 : 0);
