/**
 * What is told, as it goes over the wire.
 *
 * Rows come as JSON, from Postgres or from the writer of rows, and go out as JSON: their text is put into the messages as it is, once
 * for all who are told the same.
 */
import type { LiveOp, LiveRow } from '@underpin/sdk/wire';
import type { Op } from '../groups/effects.ts';

/** A part of a message that is written already. */
class Written {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
  toJSON(): unknown {
    return JSON.parse(this.json);
  }
}

const printed = new WeakMap<readonly Op[], readonly LiveOp[]>();
export function toWireOps(ops: readonly Op[]): readonly LiveOp[] {
  // cast: what the text says; nobody looks into it here
  const wire = printed.get(ops) ?? (new Written(`[${ops.map(toWire).join()}]`) as unknown as readonly LiveOp[]);
  printed.set(ops, wire);
  return wire;
}

const toWire = (op: Op): string => (op[0] === 'put' ? `["put",${JSON.stringify(op[1])},${op[2]}]` : JSON.stringify(op));

// cast: the writer of rows wrote each of them
export const toWireRows = (rows: readonly string[]): readonly LiveRow[] => new Written(`[${rows.join()}]`) as unknown as readonly LiveRow[];

/** As JSON.stringify, with what is written already as it is. */
export function print(value: unknown): string {
  if (value instanceof Written) return value.json;
  if (Array.isArray(value)) return `[${value.map(print).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).flatMap(([name, one]) => (one === undefined ? [] : [`${JSON.stringify(name)}:${print(one)}`]));
  return `{${fields.join()}}`;
}
