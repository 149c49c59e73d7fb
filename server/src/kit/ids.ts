/** Ids are made here and nowhere else: uuid v7 (RFC 9562), so that they sort by the time they were made. */
import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched for many ids at once: one by one they cost more than all else here. */
const pool = Buffer.alloc(4096);
let used = pool.length;

function randomBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 16;
  return pool.subarray(used - 16, used);
}

/** A new id for a moment in ms since 1970. 48 bits of time, 74 random bits. */
export function newId(now: number): string {
  const bytes = randomBytes();
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The canonical (lower-case) form of a uuid, or undefined if it is none. */
export function parseId(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const lower = text.toLowerCase();
  return uuid.test(lower) ? lower : undefined;
}
