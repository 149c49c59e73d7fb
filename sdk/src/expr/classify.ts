/** What it takes to decide a condition outside of a query: whoever follows changes asks this once for each condition. */
import type { Ir } from './ir.ts';
import { manyOf, nodesOf, rowOf } from './walk.ts';
import type { MemoryView } from './world.ts';

/**
 * `local`: the row and the caller. `prefetch`: records around the row, by hops and lists, the same for all callers.
 * `batched`: whole collections; one query with all callers. `database`: an operator that Postgres alone decides.
 */
export type Need = 'local' | 'prefetch' | 'batched' | 'database';
const needs: readonly Need[] = ['local', 'prefetch', 'batched', 'database'];
const larger = (a: Need, b: Need): Need => (needs.indexOf(a) > needs.indexOf(b) ? a : b);

/** The need of a condition, with that of the guards and masks it meets on its way. */
export function classify(ir: Ir, view?: MemoryView): Need {
  let need: Need = 'local';
  for (const node of nodesOf(ir)) {
    need = larger(need, needOf(node));
    if (view === undefined) continue;
    // Guards and masks are judged without a view, so this goes no deeper.
    for (const condition of met(node, view)) need = larger(need, classify(condition));
  }
  return need;
}

function needOf(node: Ir): Need {
  if (node.op === 'distance') return 'database';
  const many = manyOf(node);
  if (many !== undefined) return many.row === undefined ? 'batched' : 'prefetch';
  return node.op === 'column' && node.row.origin.kind === 'hop' ? 'prefetch' : 'local';
}

/** The guards and masks that stand between a node and what it reads. */
function met(node: Ir, view: MemoryView): readonly Ir[] {
  const found: Ir[] = [];
  const guard = (collection: string): void => void found.push(...view.guard(collection));
  const mask = (collection: string, field: string): void => void found.push(...view.mask(collection, field));
  if (node.op === 'column') mask(node.row.collection, node.field);
  for (let row = rowOf(node); row?.origin.kind === 'hop'; row = row.origin.row) {
    guard(row.collection);
    mask(row.origin.row.collection, row.origin.field);
  }
  const many = manyOf(node);
  if (many === undefined) return found;
  guard(many.to);
  if (many.row !== undefined && many.field !== undefined) {
    const { collection, field } = view.back(many.row.collection, many.field) ?? { collection: many.row.collection, field: many.field };
    mask(collection, field);
  }
  return found;
}
