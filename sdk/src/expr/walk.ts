/** The parts of expressions, as text was parsed and as they were checked, and what follows from looking at all of them. */
import type { Ast } from './ast.ts';
import type { Ir, Many, Row } from './ir.ts';

/** The expressions directly inside. */
export function partsOf(ir: Ir): readonly Ir[] {
  switch (ir.op) {
    case 'const':
    case 'context':
    case 'column':
    case 'element':
    case 'changed':
    case 'count':
      return [];
    case 'and':
    case 'or':
      return ir.of;
    case 'path':
    case 'absent':
    case 'not':
    case 'lower':
    case 'size':
      return [ir.of];
    case 'compare':
    case 'concat':
    case 'arith':
    case 'between':
    case 'distance':
      return [ir.left, ir.right];
    case 'in':
      return [ir.value, ir.list];
    case 'member':
      return [ir.value];
    case 'string':
      return [ir.value, ir.part];
    case 'shift':
      return [ir.time, ir.by];
    case 'conditional':
      return [ir.test, ir.then, ir.otherwise];
    case 'quantifier':
      return 'list' in ir.over ? [ir.over.list, ir.body] : [ir.body];
  }
}

/** The same node with its parts made anew: what every rewriting of a tree is written with. */
export function rebuild(ir: Ir, again: (part: Ir) => Ir): Ir {
  switch (ir.op) {
    case 'const':
    case 'context':
    case 'column':
    case 'element':
    case 'changed':
    case 'count':
      return ir;
    case 'and':
    case 'or':
      return { ...ir, of: ir.of.map(again) };
    case 'path':
    case 'absent':
    case 'not':
    case 'lower':
    case 'size':
      return { ...ir, of: again(ir.of) };
    case 'compare':
    case 'concat':
    case 'arith':
    case 'between':
    case 'distance':
      return { ...ir, left: again(ir.left), right: again(ir.right) };
    case 'in':
      return { ...ir, value: again(ir.value), list: again(ir.list) };
    case 'member':
      return { ...ir, value: again(ir.value) };
    case 'string':
      return { ...ir, value: again(ir.value), part: again(ir.part) };
    case 'shift':
      return { ...ir, time: again(ir.time), by: again(ir.by) };
    case 'conditional':
      return { ...ir, test: again(ir.test), then: again(ir.then), otherwise: again(ir.otherwise) };
    case 'quantifier':
      return { ...ir, over: 'list' in ir.over ? { ...ir.over, list: again(ir.over.list) } : ir.over, body: again(ir.body) };
  }
}

/** Every node, outer ones first. */
export function* nodesOf(ir: Ir): Generator<Ir> {
  yield ir;
  for (const part of partsOf(ir)) yield* nodesOf(part);
}

/** The list of records that a node ranges over, if it does. */
export function manyOf(ir: Ir): Many | undefined {
  if (ir.op === 'member' || ir.op === 'count') return ir.many;
  return ir.op === 'quantifier' && 'many' in ir.over ? ir.over.many : undefined;
}

/** The row that a node reads, if it does. */
export const rowOf = (ir: Ir): Row | undefined => (ir.op === 'column' ? ir.row : manyOf(ir)?.row);

/** Whether the answer may change with time alone, without any write. */
export function dependsOnNow(ir: Ir): boolean {
  for (const node of nodesOf(ir)) if (node.op === 'context' && (node.path[0] === 'now' || node.path[0] === 'today')) return true;
  return false;
}

/** The trees directly inside a tree of syntax. */
export function syntaxOf(ast: Ast): readonly Ast[] {
  switch (ast.type) {
    case 'get':
    case 'not':
    case 'negate':
      return [ast.of];
    case 'call':
      return ast.receiver ? [ast.receiver, ...ast.args] : ast.args;
    case 'list':
      return ast.items;
    case 'binary':
      return [ast.left, ast.right];
    case 'conditional':
      return [ast.test, ast.then, ast.otherwise];
    default:
      return [];
  }
}
