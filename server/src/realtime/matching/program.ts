/**
 * Conditions and values of a row alone, compiled once for all who differ in their constants only.
 *
 * Worry: a hundred thousand groups with a tree of closures each are gigabytes and never warm. Decision: the constants that are
 * not the schema's own are lifted out, as plans do (expr/shape.ts), into the places of a quantifier's items, which the evaluator
 * reads from the frame; what is left is compiled once per shape. Why it is enough: expressions of one shape differ in nothing
 * but these constants, and the places that quantifiers fill themselves come before them.
 */
import type { ConstValue, Ir } from '@underpin/sdk/expr/ir';
import { compilerOf } from '@underpin/sdk/expr/evaluate';
import { nodesOf, rebuild } from '@underpin/sdk/expr/walk';
import type { Frame, MemoryView } from '@underpin/sdk/expr/world';
import { constantsOf, isLiteral, shapeKey } from '../../expr/shape.ts';
import { Recent } from '../../kit/recent.ts';
import type { Row } from './row.ts';

/** An expression with its own constants, ready to be asked. */
export interface Bound {
  /** The columns that it reads. */
  readonly reads: readonly string[];
  holds(row: Row): boolean;
  value(row: Row): ConstValue;
}

interface Program {
  readonly reads: readonly string[];
  /** Places of quantifiers' items, before those of the constants. */
  readonly items: number;
  readonly holds: (at: Frame) => boolean;
  readonly value: (at: Frame) => ConstValue;
}

/** Shapes that are remembered; groups keep theirs. */
const programs = new Recent<string, Program>(2_000);

/** What speaks of the row alone looks at no other rows and misses none. */
const none: never[] = [];

export function bound(ir: Ir): Bound {
  const key = shapeKey(ir);
  const program = programs.get(key) ?? write(ir);
  programs.set(key, program);
  const { reads, items, holds, value } = program;
  const constants = constantsOf(ir).map((constant) => constant.value);
  const elements = items === 0 ? constants : [...Array.from({ length: items }, () => null), ...constants];
  const frame = (row: Row): Frame => ({ subject: row.subject(reads), rows: none, elements, missing: none });
  return { reads, holds: (row) => holds(frame(row)), value: (row) => value(frame(row)) };
}

function write(ir: Ir): Program {
  const items = itemsOf(ir);
  let place = items;
  const lift = (part: Ir): Ir =>
    part.op === 'const' && !isLiteral(part)
      ? { op: 'element', id: place++, ty: part.ty, start: part.start, end: part.end }
      : rebuild(part, lift);
  const lifted = lift(ir);
  const compiler = compilerOf();
  return { reads: columnsOf(ir), items, holds: compiler.holds(lifted), value: compiler.value(lifted) };
}

/** How many places the quantifiers of an expression fill. */
const itemsOf = (ir: Ir): number =>
  [...nodesOf(ir)].reduce((most, node) => Math.max(most, node.op === 'quantifier' && 'list' in node.over ? node.over.element + 1 : 0), 0);

export const columnsOf = (ir: Ir): readonly string[] => [
  ...new Set([...nodesOf(ir)].flatMap((node) => (node.op === 'column' ? [node.field] : []))),
];

/**
 * What a caller's own filter or sort key says of the row alone: each column as he sees it. `a == 1` of a masked `a` becomes
 * `(mask ? a : null) == 1`. A mask's quantifiers fill other places than those within which it may come to stand.
 */
export function asSeen(ir: Ir, view: MemoryView): Ir {
  const from = itemsOf(ir);
  const seen = (part: Ir): Ir => {
    if (part.op !== 'column') return rebuild(part, seen);
    const mask = view.mask(part.row.collection, part.field);
    if (mask.length === 0) return part;
    const { start, end } = part;
    const test: Ir = { op: 'and', of: mask.map((one) => moved(one, from)), ty: { kind: 'bool' }, start, end };
    return {
      op: 'conditional',
      test,
      then: part,
      otherwise: { op: 'const', value: null, ty: part.ty, start, end },
      ty: part.ty,
      start,
      end,
    };
  };
  return seen(ir);
}

function moved(ir: Ir, by: number): Ir {
  const move = (part: Ir): Ir => {
    const inner = rebuild(part, move);
    if (inner.op === 'element') return { ...inner, id: inner.id + by };
    if (inner.op === 'quantifier' && 'list' in inner.over) return { ...inner, over: { ...inner.over, element: inner.over.element + by } };
    return inner;
  };
  return by === 0 ? ir : move(ir);
}
