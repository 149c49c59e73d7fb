/**
 * The clock. BullMQ fires a schedule once however many processes know it; each firing becomes a job whose id follows
 * from schedule and moment, so that one that is told twice is one job still.
 */
import { Buffer } from 'node:buffer';
import { enqueue } from '../queue/enqueue.ts';
import type { Schedule } from '../queue/schedules.ts';
import { sha256 } from '../kit/crypto.ts';
import { systemCtx, type Base } from '../ctx.ts';

/** The job of one firing. */
export const fire = (base: Base, { name, overlap, kind }: Schedule, moment: number): Promise<string> =>
  enqueue(systemCtx(base), kind, {}, { id: idOf(`${name} ${moment}`), ...(overlap === 'skip' ? { key: `schedule:${name}` } : {}) });

/** A uuid (version 8, RFC 9562) that follows from a text. */
function idOf(text: string): string {
  const bytes = Buffer.from(sha256(text).subarray(0, 16));
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
