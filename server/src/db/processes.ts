/** Other processes on this machine: whether one lives, and the claim of one Underpin on its data folder. */
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process lives and, where the system tells, runs a program of that name. */
export function livingProcess(pid: number, program?: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  if (!existsSync('/proc/self')) return true;
  try {
    if (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('Z')) return false;
    return (
      program === undefined ||
      readlinkSync(`/proc/${pid}/exe`)
        .replace(/ \(deleted\)$/, '')
        .endsWith(`/${program}`)
    );
  } catch {
    return false;
  }
}

/** When a process began, in the kernel's ticks: tells a process from a later one that was given the same number. */
function birthOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Takes the data folder for this process, or says who has it. A claim of a process that is gone counts for nothing. */
export function claimFolder(dataDir: string): () => void {
  const file = join(dataDir, 'server.pid');
  const [pid = '', birth = ''] = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
  if (Number(pid) !== process.pid && livingProcess(Number(pid)) && birthOf(Number(pid)) === birth) {
    throw new Error(`Another Underpin (process ${pid}) uses the data folder ${dataDir}; stop it first, or set DATA_DIR`);
  }
  writeFileSync(file, `${process.pid} ${birthOf(process.pid)}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** Looks every 10 ms. */
export async function waitUntil(done: () => boolean, timeout: number, problem: string): Promise<void> {
  const begun = performance.now();
  while (!done()) {
    if (performance.now() - begun > timeout) throw new Error(problem);
    await sleep(10);
  }
}
