/**
 * The trees of three parsers in one shape: nested lists whose head says what they are. What the others rewrite while parsing is
 * evened out: chains of && and || lie flat, a minus before a number and a double `!` are folded, quantifiers are calls.
 */
import type { Ast } from '../src/expr/ast.ts';

export type Shape = string | number | boolean | null | readonly Shape[];

const call = (name: string, ...args: readonly Shape[]): Shape => ['call', name, ...args];

function join(op: '&&' | '||', left: Shape, right: Shape): Shape {
  const arms = (side: Shape): readonly Shape[] => (Array.isArray(side) && side[0] === op ? side.slice(1) : [side]);
  return [op, ...arms(left), ...arms(right)];
}
const operation = (op: string, left: Shape, right: Shape): Shape =>
  op === '&&' || op === '||' ? join(op, left, right) : [op, left, right];
const not = (of: Shape): Shape => (Array.isArray(of) && of[0] === '!' ? (of[1] ?? null) : ['!', of]);
function minus(of: Shape): Shape {
  if (Array.isArray(of) && of[0] === 'number') return ['number', -Number(of[1]) || 0];
  return Array.isArray(of) && of[0] === '-x' ? (of[1] ?? null) : ['-x', of];
}

export function fromOurs(ast: Ast): Shape {
  switch (ast.type) {
    case 'number':
      return ['number', Number(ast.raw)];
    case 'string':
    case 'bool':
      return ['value', ast.value];
    case 'null':
      return ['value', null];
    case 'name':
    case 'param':
      return ['name', ast.name];
    case 'get':
      return ['.', fromOurs(ast.of), ast.name];
    case 'call':
      return call(ast.name, ...(ast.receiver ? [fromOurs(ast.receiver)] : []), ...ast.args.map(fromOurs));
    case 'list':
      return ['list', ...ast.items.map(fromOurs)];
    case 'not':
      return not(fromOurs(ast.of));
    case 'negate':
      return minus(fromOurs(ast.of));
    case 'binary':
      return operation(ast.op, fromOurs(ast.left), fromOurs(ast.right));
    case 'conditional':
      return ['?', fromOurs(ast.test), fromOurs(ast.then), fromOurs(ast.otherwise)];
  }
}

/** Any JSON-like value as the tree it is; both libraries' trees are read as data, not by their types. */
type Data = { readonly [key: string]: unknown };
// cast: only property reads follow, and each result is checked or compared as a whole
const data = (value: unknown): Data => (typeof value === 'object' && value !== null ? (value as Data) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function scalar(value: unknown): Shape {
  if (typeof value === 'bigint' || typeof value === 'number') return ['number', Number(value)];
  return ['value', typeof value === 'string' || typeof value === 'boolean' ? value : null];
}

export function fromMarc(node: unknown): Shape {
  const { op, args } = data(node);
  const [first, second, third] = list(args);
  switch (op) {
    case 'value':
      return scalar(args);
    case 'id':
      return ['name', String(args)];
    case '.':
      return ['.', fromMarc(first), String(second)];
    case 'rcall':
      return call(String(first), fromMarc(second), ...list(third).map(fromMarc));
    case 'call':
      return call(String(first), ...list(second).map(fromMarc));
    case 'list':
      return ['list', ...list(args).map(fromMarc)];
    case '!_':
      return not(fromMarc(args));
    case '-_':
      return minus(fromMarc(args));
    case '?:':
      return ['?', fromMarc(first), fromMarc(second), fromMarc(third)];
    default:
      return operation(String(op), fromMarc(first), fromMarc(second));
  }
}

export function fromBuf(node: unknown): Shape {
  const kind = data(data(node)['exprKind']);
  const value = data(kind['value']);
  switch (kind['case']) {
    case 'constExpr':
      return data(value['constantKind'])['case'] === 'nullValue' ? ['value', null] : scalar(data(value['constantKind'])['value']);
    case 'identExpr':
      return ['name', String(value['name'])];
    case 'selectExpr': {
      const select: Shape = ['.', fromBuf(value['operand']), String(value['field'])];
      return value['testOnly'] === true ? call('has', select) : select;
    }
    case 'listExpr':
      return ['list', ...list(value['elements']).map(fromBuf)];
    case 'callExpr':
      return fromBufCall(String(value['function']), value['target'], list(value['args']).map(fromBuf));
    case 'comprehensionExpr':
      return fromBufQuantifier(value);
    default:
      return ['unknown', String(kind['case'])];
  }
}

function fromBufCall(name: string, target: unknown, args: readonly Shape[]): Shape {
  const [first = null, second = null] = args;
  if (name === '!_') return not(first);
  if (name === '-_') return minus(first);
  if (name === '_?_:_') return ['?', ...args];
  if (name === '@in') return ['in', first, second];
  const binary = /^_(.+)_$/.exec(name)?.[1];
  if (binary !== undefined) return operation(binary, first, second);
  return call(name, ...(target === undefined ? [] : [fromBuf(target)]), ...args);
}

/** Macros come expanded; the condition is an argument of the loop's step. */
function fromBufQuantifier(value: Data): Shape {
  const step = data(data(data(value['loopStep'])['exprKind'])['value']);
  const [first, second] = list(step['args']);
  const name = step['function'] === '_||_' ? 'exists' : step['function'] === '_&&_' ? 'all' : 'exists_one';
  return call(name, fromBuf(value['iterRange']), ['name', String(value['iterVar'])], fromBuf(name === 'exists_one' ? first : second));
}
