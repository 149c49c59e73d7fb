/** What the random rules were made of: a gate that never asks for an operator proves nothing about it. */
import { compilerOf, frameOf } from '@underpin/sdk/expr/evaluate';
import type { Ir } from '@underpin/sdk/expr/ir';
import { manyOf, nodesOf, partsOf, rowOf } from '@underpin/sdk/expr/walk';
import { naming } from '../../src/schema/model.ts';
import { subjectsOf, type Prepared } from './engines.ts';
import type { Known } from './world.ts';

const operators = [
  ...['const', 'column', 'path', 'element', 'absent', 'and', 'or', 'not', 'in', 'member', 'lower', 'size', 'count', 'concat'],
  ...['arith', 'shift', 'between', 'distance', 'conditional', 'context', 'changed'],
];
const classes = ['text', 'id', 'int', 'number', 'decimal', 'bool', 'time', 'day', 'duration', 'json'];
/** Everything that must be in at least one of a hundred rules. */
export const required: readonly string[] = [
  ...operators,
  ...classes.map((name) => `compare ${name}`),
  ...['eq', 'lt', 'le', 'gt', 'ge', 'startsWith', 'endsWith', 'contains', 'exists', 'all', 'exists_one'],
  ...['text', 'id', 'int', 'number', 'decimal', 'bool', 'time', 'day', 'json', 'geo'].map((kind) => `field ${kind}`),
  ...['over own list', 'over back-relation', 'over values', 'over collection', 'quantifier in quantifier'],
  ...[0, 1, 2, 3].map((depth) => `${depth} hops`),
  ...['both present', 'left absent', 'right absent', 'both absent'],
  ...['read', 'filter', 'update', 'never', 'always', 'depends'],
  'past a guard',
];

export class Histogram {
  readonly #known: Known;
  readonly #counts = new Map<string, number>();
  rules = 0;
  /** Rules that were not run. */
  passed = 0;
  decisions = 0;
  allowed = 0;
  /** Rules that some rows pass and others do not. */
  telling = 0;
  constructor(known: Known) {
    this.#known = known;
  }

  add(one: Prepared, allowed: number, rows: number): void {
    this.rules += 1;
    this.decisions += rows;
    this.allowed += allowed;
    if (allowed > 0 && allowed < rows) this.telling += 1;
    for (const feature of new Set(this.#featuresOf(one))) this.#counts.set(feature, (this.#counts.get(feature) ?? 0) + 1);
  }

  share(feature: string): number {
    return (this.#counts.get(feature) ?? 0) / this.rules;
  }

  print(): string {
    const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
    const line = required.map((feature) => `${feature} ${percent(this.share(feature))}`).join(' · ');
    return `rules ${this.rules}, decisions ${this.decisions}, allowed ${percent(this.allowed / this.decisions)}, telling rows apart ${percent(this.telling / this.rules)}\n${line}\n`;
  }

  *#featuresOf(one: Prepared): Generator<string> {
    yield one.scope;
    yield one.folded.verdict;
    let deepest = 0;
    for (const node of nodesOf(one.ir)) {
      yield node.op;
      if (node.op === 'compare') yield* [`compare ${node.as}`, node.how];
      if (node.op === 'string') yield node.how;
      if (node.op === 'column') yield `field ${node.ty.kind}`;
      if (node.op === 'quantifier') yield* [node.how, this.#sourceOf(node)];
      if (node.op === 'quantifier' && [...nodesOf(node.body)].some(({ op }) => op === 'quantifier')) yield 'quantifier in quantifier';
      if (one.scope === 'filter' && this.#isGuarded(node)) yield 'past a guard';
      let hops = 0;
      for (let row = rowOf(node); row?.origin.kind === 'hop'; row = row.origin.row) hops += 1;
      deepest = Math.max(deepest, hops);
    }
    yield `${Math.min(deepest, 3)} hops`;
    yield* this.#absences(one);
  }

  /** Whether it speaks of a record that is reached through a relation, in a collection with a guard. */
  #isGuarded(node: Ir): boolean {
    const row = rowOf(node);
    return (
      row !== undefined && row.origin.kind !== 'record' && typeof this.#known.schema.byName.get(row.collection)?.def.guard === 'string'
    );
  }

  #sourceOf(node: Ir): string {
    const many = manyOf(node);
    if (many === undefined) return 'over values';
    if (many.row === undefined || many.field === undefined) return 'over collection';
    const link = naming(this.#known.schema).many(many.row.collection, many.field);
    return link.kind === 'junction' && link.here === 'source' ? 'over own list' : 'over back-relation';
  }

  /** Which sides of a comparison outside of quantifiers were there, in some row. */
  *#absences(one: Prepared): Generator<string> {
    if (one.folded.verdict !== 'depends') return;
    const compiler = compilerOf(one.view);
    const subjects = subjectsOf(this.#known, one).slice(0, 12);
    for (const node of outsideQuantifiers(one.folded.ir)) {
      if (node.op !== 'compare') continue;
      const [left, right] = [compiler.value(node.left), compiler.value(node.right)];
      for (const subject of subjects) {
        const [a, b] = [left(frameOf(subject)) === null, right(frameOf(subject)) === null];
        yield a ? (b ? 'both absent' : 'left absent') : b ? 'right absent' : 'both present';
      }
    }
  }
}

function* outsideQuantifiers(ir: Ir): Generator<Ir> {
  yield ir;
  if (ir.op !== 'quantifier') for (const part of partsOf(ir)) yield* outsideQuantifiers(part);
}
