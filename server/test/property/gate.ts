/** The gate: so many random rules, each decided for every row by all engines; what they do not agree on is shrunk and told. */
import { classify } from '@underpin/sdk/expr/classify';
import type { Ir } from '@underpin/sdk/expr/ir';
import { nodesOf } from '@underpin/sdk/expr/walk';
import type { Db } from '../../src/db/connect.ts';
import { byFolding, byLoading, inMemory, inPostgres, prepare, unfolded, type Case, type Hooks, type Prepared } from './engines.ts';
import { randomRule } from './generate.ts';
import { Histogram } from './histogram.ts';
import { randomness, type Random } from './random.ts';
import { shrink } from './shrink.ts';
import { idOf, type Known } from './world.ts';

const batch = 24;
const ids = [idOf('users', 0), idOf('users', 1), idOf('users', 5), idOf('teams', 0), idOf('teams', 1), idOf('posts', 3), idOf('staff', 1)];

/** `source` shrunk, with the first row that two engines decide differently. */
export interface Wrong {
  readonly source: string;
  readonly about: string;
}
export interface Outcome {
  readonly histogram: Histogram;
  readonly wrong: readonly Wrong[];
  readonly skipped: number;
}

export function randomCase(random: Random, known: Known): Case {
  const scope = random.pick(['read', 'read', 'filter', 'filter', 'update'] as const);
  const collection = scope === 'update' ? 'posts' : random.pick(['posts', 'posts', 'posts', 'users', 'notes']);
  const source = randomRule({ random, scope, ids }, collection, random.pick([0, 1, 1, 2, 2, 3]));
  return { source, scope, collection, who: random.below(known.callers.length) };
}

export async function runGate(db: Db, known: Known, seed: number, rules: number, hooks: Hooks = {}, most = 3): Promise<Outcome> {
  const random = randomness(seed);
  const histogram = new Histogram(known);
  const wrong: Wrong[] = [];
  let skipped = 0;
  while (histogram.rules + histogram.passed < rules && wrong.length < most) {
    const cases: Prepared[] = [];
    while (cases.length < batch && histogram.passed < rules) {
      const prepared = prepare(known, randomCase(random, known));
      if (prepared === undefined) skipped += 1;
      else if (hooks.relevant !== undefined && (prepared.folded.verdict !== 'depends' || !hooks.relevant(prepared.folded.ir)))
        histogram.passed += 1;
      else cases.push(prepared);
    }
    const stored = await inPostgres(db, known, cases, hooks);
    for (const [index, one] of cases.entries()) {
      const decided = stored[index];
      const difference = disagreement(known, one, decided, hooks);
      if (decided instanceof Set) histogram.add(one, decided.size, known.rows.get(one.collection)?.length ?? 0);
      if (difference !== undefined && wrong.length < most) wrong.push(await told(db, known, one, hooks));
    }
  }
  return { histogram, wrong, skipped };
}

/** What the engines do not agree on; undefined where they do. */
function disagreement(known: Known, one: Prepared, stored: ReadonlySet<string> | Error | undefined, hooks: Hooks): string | undefined {
  if (!(stored instanceof Set)) return `Postgres: ${String(stored)}`;
  const others: Readonly<Record<string, ReadonlySet<string>>> = {
    memory: inMemory(known, one, hooks),
    unfolded: unfolded(known, one),
    // Slower than the others, and never other than they for long: for some.
    ...(one.source.length % 6 === 0 ? { loading: byLoading(known, one) } : {}),
    ...(isOfRowAlone(one) ? { folder: byFolding(known, one) } : {}),
  };
  for (const [engine, decided] of Object.entries(others)) {
    const id = [...stored, ...decided].find((each) => stored.has(each) !== decided.has(each));
    if (id !== undefined) return `${one.collection} ${id}: Postgres ${stored.has(id)}, ${engine} ${decided.has(id)}`;
  }
  return undefined;
}

const isOfRowAlone = (one: Prepared): boolean =>
  one.view === undefined && ['local', 'database'].includes(classify(one.ir)) && ![...nodesOf(one.ir)].some(reaches);
const reaches = (node: Ir): boolean =>
  (node.op === 'column' && node.row.origin.kind === 'hop') || node.op === 'member' || node.op === 'count' || node.op === 'quantifier';

async function told(db: Db, known: Known, one: Prepared, hooks: Hooks): Promise<Wrong> {
  const difference = async (source: string): Promise<string | undefined> => {
    const prepared = prepare(known, { ...one, source });
    return prepared && disagreement(known, prepared, (await inPostgres(db, known, [prepared], hooks))[0], hooks);
  };
  const source = await shrink(one.source, async (text) => (await difference(text)) !== undefined);
  const about = (await difference(source)) ?? 'not repeatable';
  return { source, about: `${about} (${one.scope} by ${known.callers[one.who]?.name ?? ''})` };
}
