/** A snapshot in parts: the next is sent when the client has the one before, so that no more than one of them waits. */
import type { LiveRow } from '@underpin/sdk/wire';
import { fail } from '../../kit/errors.ts';
import { limits } from '../../kit/limits.ts';
import { toWireRows } from './wire.ts';

export type Part = readonly [id: string, n: number, rows: readonly LiveRow[], last: boolean];

export interface Parts {
  readonly first: readonly LiveRow[];
  /** How many rows follow. */
  readonly more: number;
  readonly send: () => void;
}

export function inParts(way: { part(part: Part, taken: () => void): void }, id: string, rows: readonly string[]): Parts {
  const parts: string[][] = [[]];
  let size = 0;
  for (const row of rows) {
    if (row.length > limits.live.row)
      throw fail('limit_exceeded', `A record of more than ${limits.live.row} bytes cannot be followed; leave out large fields.`);
    if (size + row.length > limits.live.part) {
      parts.push([]);
      size = 0;
    }
    size += row.length;
    parts.at(-1)?.push(row);
  }
  const [first = [], ...rest] = parts;
  const send = (n: number): void => {
    const part = rest[n];
    if (part !== undefined) way.part([id, n + 1, toWireRows(part), n === rest.length - 1], () => send(n + 1));
  };
  return { first: toWireRows(first), more: rest.reduce((sum, part) => sum + part.length, 0), send: () => send(0) };
}
