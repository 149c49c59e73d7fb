/** What is told, as it goes over the wire. */
import type { LiveOp, LiveRow } from '@underpin/sdk/wire';
import type { Op } from './effects.ts';

const printed = new WeakMap<readonly Op[], readonly LiveOp[]>();
/** The same for all who are told the same. */
export function toWireOps(ops: readonly Op[]): readonly LiveOp[] {
  const wire = printed.get(ops) ?? ops.map(toWire);
  printed.set(ops, wire);
  return wire;
}

const toWire = (op: Op): LiveOp => (op[0] === 'put' ? ['put', op[1], toRow(op[2])] : op);
// cast: the writer of rows wrote it
const toRow = (json: string): LiveRow => JSON.parse(json) as LiveRow;
