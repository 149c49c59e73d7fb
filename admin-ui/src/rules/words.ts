/** A rule in plain words: what a person would say who reads it aloud. */
import { ExprError, type Ast } from '@underpin/sdk/expr/ast';
import { parse } from '@underpin/sdk/expr/parse';

/** As react-admin's translate. */
export type Say = (key: string, values?: Readonly<Record<string, string>>) => string;

/** Null where the text is no expression. */
export const inWords = (text: string, say: Say): string | null => {
  try {
    return condition(parse(text), say);
  } catch (error) {
    if (error instanceof ExprError) return null;
    throw error;
  }
};

type Binary = Extract<Ast, { type: 'binary' }>;
type Call = Extract<Ast, { type: 'call' }>;

/** `auth.team.name` as its parts; undefined for what is no path of names. */
const pathOf = (ast: Ast): readonly string[] | undefined => {
  if (ast.type === 'name') return [ast.name];
  const before = ast.type === 'get' ? pathOf(ast.of) : undefined;
  return before && ast.type === 'get' ? [...before, ast.name] : undefined;
};
const isPath = (ast: Ast, path: string): boolean => pathOf(ast)?.join('.') === path;

const condition = (ast: Ast, say: Say): string => {
  switch (ast.type) {
    case 'bool':
      return say(ast.value ? 'say.always' : 'say.never');
    case 'binary':
      return binary(ast, say);
    case 'not':
      return negated(ast.of, say);
    case 'call':
      return called(ast, say);
    case 'conditional':
      return say('say.if', { test: condition(ast.test, say), then: condition(ast.then, say), otherwise: condition(ast.otherwise, say) });
    default:
      return fact(ast, true, say);
  }
};

/** A value that is true or false by itself. */
const fact = (ast: Ast, holds: boolean, say: Say): string => {
  const path = pathOf(ast);
  const whole = path?.join('.');
  if (whole === 'auth.verified') return say(holds ? 'say.verified' : 'say.notVerified');
  if (whole === 'auth.guest') return say(holds ? 'say.guest' : 'say.noGuest');
  if (path?.[0] === 'changed') return say(holds ? 'say.changes' : 'say.stays', { what: path.slice(1).join('.') });
  return say(holds ? 'say.isTrue' : 'say.isFalse', { what: value(ast, say) });
};

const negated = (of: Ast, say: Say): string => {
  if (of.type === 'name' || of.type === 'get') return fact(of, false, say);
  if (of.type === 'binary' && of.op === 'in' && !isPath(of.right, 'auth.roles'))
    return say(of.right.type === 'list' ? 'say.notOneOf' : 'say.notIn', { left: value(of.left, say), right: value(of.right, say) });
  if (of.type === 'call' && of.name === 'has' && of.args[0]) return say('say.absent', { what: value(of.args[0], say) });
  return say('say.not', { what: condition(of, say) });
};

const binary = (ast: Binary, say: Say): string => {
  const { op, left, right } = ast;
  if (op === '&&' || op === '||') {
    // "and" binds closer: an "or" within it needs its brackets.
    const side = (one: Ast) => {
      const words = condition(one, say);
      return op === '&&' && one.type === 'binary' && one.op === '||' ? say('say.brackets', { what: words }) : words;
    };
    return say(op === '&&' ? 'say.and' : 'say.or', { left: side(left), right: side(right) });
  }
  if (op === 'in') return contained(left, right, say);
  if (op === '==' || op === '!=') {
    const [one, other] = left.type === 'null' ? [right, left] : [left, right];
    if (other.type === 'null') {
      if (isPath(one, 'auth')) return say(op === '==' ? 'say.signedOut' : 'say.signedIn');
      return say(op === '==' ? 'say.absent' : 'say.present', { what: value(one, say) });
    }
  }
  return say(`say.${op}`, { left: value(left, say), right: value(right, say) });
};

const contained = (left: Ast, right: Ast, say: Say): string => {
  if (isPath(right, 'auth.roles')) return say('say.role', { role: value(left, say) });
  return say(right.type === 'list' ? 'say.oneOf' : 'say.in', { left: value(left, say), right: value(right, say) });
};

const TESTS = new Set(['startsWith', 'endsWith', 'contains']);
const QUANTIFIERS = new Set(['exists', 'all', 'exists_one']);
const called = (ast: Call, say: Say): string => {
  const [first, second] = ast.args;
  if (ast.name === 'has' && first) return say('say.present', { what: value(first, say) });
  if (ast.receiver && first && TESTS.has(ast.name))
    return say(`say.${ast.name}`, { left: value(ast.receiver, say), right: value(first, say) });
  if (ast.receiver && first && second && QUANTIFIERS.has(ast.name))
    return say(`say.${ast.name}`, { item: value(first, say), list: value(ast.receiver, say), condition: condition(second, say) });
  return fact(ast, true, say);
};

const value = (ast: Ast, say: Say): string => {
  switch (ast.type) {
    case 'string':
      return say('say.quoted', { text: ast.value });
    case 'number':
      return ast.raw;
    case 'list':
      return ast.items.map((item) => value(item, say)).join(', ');
    case 'bool':
      return say(ast.value ? 'say.true' : 'say.false');
    case 'null':
      return say('say.nothing');
    case 'negate':
      return `-${value(ast.of, say)}`;
    case 'param':
      return `$${ast.name}`;
    case 'binary':
      return ast.op === '+' || ast.op === '-' ? `${value(ast.left, say)} ${ast.op} ${value(ast.right, say)}` : condition(ast, say);
    case 'call':
      return callValue(ast, say);
    case 'name':
    case 'get':
      return pathWords(ast, say);
    default:
      return condition(ast, say);
  }
};

const WRITTEN = new Set(['duration', 'timestamp', 'day', 'today']);
const callValue = (ast: Call, say: Say): string => {
  const [first] = ast.args;
  if (ast.name === 'size') return say('say.size', { what: ast.receiver ? value(ast.receiver, say) : first ? value(first, say) : '' });
  if (ast.name === 'lowerAscii' && ast.receiver) return say('say.lower', { what: value(ast.receiver, say) });
  if (WRITTEN.has(ast.name)) return first?.type === 'string' ? first.value : ast.name;
  if (!ast.receiver) return `${ast.name}(${ast.args.map((item) => value(item, say)).join(', ')})`;
  return condition(ast, say);
};

const pathWords = (ast: Ast, say: Say): string => {
  const path = pathOf(ast);
  if (!path) return ast.type === 'get' ? say('say.of', { owner: value(ast.of, say), name: ast.name }) : '';
  const [first = '', ...rest] = path;
  if (first === 'auth' && rest.length > 0 && rest.join() === 'id') return say('say.caller');
  const begin = { auth: say('say.caller'), now: say('say.now'), request: say('say.request') }[first];
  const steps = first === 'record' || first === 'collections' || (first === 'next' && rest.length > 0) ? rest : path;
  const [head = '', ...tail] = begin === undefined ? steps : [begin, ...rest];
  const words = tail.reduce((owner, name) => say('say.of', { owner, name }), head);
  return first === 'next' ? say('say.next', { what: words }) : words;
};
