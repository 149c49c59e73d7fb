/** Places in Postgres's log as texts of 16 hex digits. */
import { bytesOf } from './bytes.ts';
import type { Position } from './change.ts';

export const start: Position = '0'.repeat(16);

/** 64 bits in network order. */
export const positionAt = (from: Buffer, offset: number): Position => bytesOf(from).hexSlice(offset, offset + 8);

/** From Postgres's way of writing it: `16/B374D848`. */
export function positionOf(lsn: string): Position {
  const [high = '', low = ''] = lsn.split('/');
  return (high.padStart(8, '0') + low.padStart(8, '0')).toLowerCase();
}

/** So many bytes before it. */
export function before(position: Position, bytes: number): Position {
  const at = BigInt(`0x${position}`) - BigInt(bytes);
  return (at > 0n ? at : 0n).toString(16).padStart(16, '0');
}
