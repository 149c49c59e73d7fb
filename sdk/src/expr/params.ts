/** `$name`: a value that came beside the text. What is no plain value is refused, above all `undefined`. */
import { ExprError } from './ast.ts';
import type { Ast, Span } from './ast.ts';
import type { CheckOptions } from './state.ts';
import { constant, always, span, toValue } from './values.ts';
import type { Value } from './values.ts';

export function paramValue({ params, textParams, limits }: CheckOptions, ast: Extract<Ast, { type: 'param' }>): Value {
  if (!params || !Object.hasOwn(params, ast.name)) throw new ExprError('unknown_param', `No value was given for $${ast.name}`, ast);
  const given = params[ast.name];
  if (!Array.isArray(given)) return plainValue(ast, given, textParams === true);
  if (given.length > limits.list) throw new ExprError('list_too_long', `$${ast.name} has more than ${limits.list} items`, ast);
  const items: Value[] = [];
  // By index: forEach and map would pass over the holes of a sparse array.
  for (let i = 0; i < given.length; i += 1) items.push(plainValue(ast, given[i], textParams === true));
  return { kind: 'list', items, ...span(ast) };
}

function plainValue(at: Span, given: unknown, loose: boolean): Value {
  if (given === null) return { kind: 'null', ...span(at) };
  if (typeof given === 'string') return stringValue(at, given, loose);
  if (typeof given === 'boolean') return toValue(always(at, given));
  if (typeof given === 'number' && Number.isFinite(given)) return { kind: 'number', raw: String(given), ...span(at) };
  if (given instanceof Date && isYear(given)) return toValue(constant(at, given.getTime(), { kind: 'time' }));
  if (given === undefined) throw new ExprError('undefined_value', 'The parameter is undefined; pass null to ask for absence', at);
  throw new ExprError('bad_param', 'A parameter is text, a finite number, true, false, null, a date or a list of these', at);
}

const isYear = (date: Date): boolean => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;

/** Postgres holds neither NUL nor half a surrogate pair in a text. */
export function stringValue(at: Span, value: string, loose = false): Value {
  if (value.includes('\0') || /\p{Surrogate}/u.test(value)) {
    throw new ExprError('bad_string', 'The string holds NUL or half of a surrogate pair', at);
  }
  return { kind: 'string', value, loose, ...span(at) };
}
