/** A tree back to text: canonical CEL (`&&`, `==`, double quotes, no bracket too many). The form in which rules are stored. */
import type { Ast, BinaryOp } from './ast.ts';

const conditional = 0;
const unary = 6;
const member = 7;
const binding: Readonly<Record<BinaryOp, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  in: 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
};

export function print(ast: Ast): string {
  return printAt(ast, conditional);
}

/** `least`: how tightly the text must bind where it stands; looser nodes get brackets. */
function printAt(ast: Ast, least: number): string {
  switch (ast.type) {
    case 'number':
      return wrap(ast.raw, ast.raw.startsWith('-') && least > unary);
    case 'string':
      return quote(ast.value);
    case 'bool':
      return String(ast.value);
    case 'null':
      return 'null';
    case 'name':
      return ast.name;
    case 'param':
      return `$${ast.name}`;
    case 'get':
      return `${printAt(ast.of, member)}.${ast.name}`;
    case 'call':
      return `${ast.receiver ? `${printAt(ast.receiver, member)}.` : ''}${ast.name}(${ast.args.map(print).join(', ')})`;
    case 'list':
      return `[${ast.items.map(print).join(', ')}]`;
    case 'not':
      return wrap(`!${printAt(ast.of, unary)}`, least > unary);
    case 'negate':
      return wrap(printNegation(ast.of), least > unary);
    case 'binary':
      return printBinary(ast.op, ast.left, ast.right, least);
    case 'conditional': {
      const branches = `${printAt(ast.then, binding['||'])} : ${printAt(ast.otherwise, conditional)}`;
      return wrap(`${printAt(ast.test, binding['||'])} ? ${branches}`, least > conditional);
    }
  }
}

function printBinary(op: BinaryOp, left: Ast, right: Ast, least: number): string {
  const own = binding[op];
  // Comparisons do not chain; everything else leans to the left.
  const leftLeast = own === binding['=='] ? own + 1 : own;
  return wrap(`${printAt(left, leftLeast)} ${op} ${printAt(right, own + 1)}`, least > own);
}

/** `-1` would be read as a literal; a negated literal keeps its brackets. */
function printNegation(of: Ast): string {
  const literal = of.type === 'number' && !of.raw.startsWith('-');
  return literal ? `-(${of.raw})` : `-${printAt(of, unary)}`;
}

const wrap = (text: string, needed: boolean): string => (needed ? `(${text})` : text);

/** JSON's way, without the two escapes that the language does not have. */
function quote(value: string): string {
  return JSON.stringify(value).replace(/\\[\s\S]/g, (escape) => (escape === '\\b' ? '\\u0008' : escape === '\\f' ? '\\u000c' : escape));
}
