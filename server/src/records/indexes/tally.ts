/**
 * Which lists are really asked, how often, and how long their statement took at most: what advice on indexes looks at.
 *
 * One tally for each statement's text that an index could serve, made when its plan is written and kept with it: a request adds one
 * to a number and looks at the clock twice. As plans, tallies are of one schema, and as many as fit.
 */
import type { Statement } from '../../db/connect.ts';
import { slot } from '../../kit/cache.ts';
import { Recent } from '../../kit/recent.ts';
import type { Ctx } from '../../ctx.ts';
import type { Schema } from '../../schema/load.ts';
import type { Caller } from '../policy.ts';
import type { Wanted } from './wanted.ts';

export interface Tally {
  readonly wants: readonly Wanted[];
  times: number;
  /** In ms, and the statement that took them. */
  slowest: number;
  statement: Statement | undefined;
}

const most = 1_000;
const tallies = slot('tallies', () => new WeakMap<Schema, Recent<string, Tally>>());

/** Undefined where there is nothing that an index could serve. */
export function tallyOf({ ctx, schema }: Caller, text: string, wants: readonly Wanted[]): Tally | undefined {
  if (wants.length === 0) return undefined;
  const bySchema = ctx.cache.get(tallies);
  const held = bySchema.get(schema) ?? new Recent<string, Tally>(most);
  bySchema.set(schema, held);
  const tally = held.get(text) ?? { wants, times: 0, slowest: 0, statement: undefined };
  held.set(text, tally);
  return tally;
}

export function count(tally: Tally, statement: Statement, took: number): void {
  tally.times += 1;
  if (took < tally.slowest) return;
  tally.slowest = took;
  tally.statement = statement;
}

/** All lists that were asked, those first that took the most time together. */
export const talliesOf = (ctx: Ctx, schema: Schema): readonly Tally[] =>
  [...(ctx.cache.get(tallies).get(schema)?.entries() ?? [])]
    .map(([, tally]) => tally)
    .filter(({ times }) => times > 0)
    .sort((a, b) => b.times * b.slowest - a.times * a.slowest);
