/** What is told, as it goes over the wire. */
import type { LiveOp, LiveRow } from '@underpin/sdk/wire';
import type { Op } from './effects.ts';

export const toWire = (op: Op): LiveOp => (op[0] === 'put' ? ['put', op[1], toRow(op[2])] : op);
// cast: the writer of rows wrote it
const toRow = (json: string): LiveRow => JSON.parse(json) as LiveRow;
