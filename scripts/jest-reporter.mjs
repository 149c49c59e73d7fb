/** The slowest parts, what was skipped, and one line that counts: written to a file, which test.mjs prints last. */
import { writeFileSync } from 'node:fs';

export default class ClosingReporter {
  onRunComplete(_contexts, results) {
    const tests = results.testResults.flatMap((file) =>
      file.testResults.map((test) => ({ name: test.fullName, ms: test.duration ?? 0, status: test.status })),
    );
    const files = results.testResults.map((file) => ({
      name: file.testFilePath.split('/').slice(-2).join('/'),
      ms: (file.perfStats.end ?? 0) - (file.perfStats.start ?? 0),
    }));
    const slowest = (list) =>
      [...list]
        .sort((a, b) => b.ms - a.ms)
        .slice(0, 8)
        .map(({ name, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
    const skipped = tests.filter(({ status }) => status === 'pending' || status === 'todo' || status === 'disabled');
    const broken = results.testResults.filter((file) => file.testExecError !== undefined && file.testExecError !== null).length;
    const lines = [
      '',
      'slowest files',
      ...slowest(files),
      'slowest tests',
      ...slowest(tests),
      ...(skipped.length === 0 ? [] : ['skipped', ...skipped.map(({ name }) => `  ${name}`)]),
    ];
    const report = `${lines.join('\n')}\n\ntests: ${results.numPassedTests} passed, ${results.numFailedTests + broken} failed, ${skipped.length} skipped\n`;
    if (process.env.UNDERPIN_TEST_REPORT) writeFileSync(process.env.UNDERPIN_TEST_REPORT, report);
    else process.stdout.write(report);
  }
}
