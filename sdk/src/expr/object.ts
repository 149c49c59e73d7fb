/**
 * The object way to write a filter, as the SDK sends it: `{ status: 'published', views: { gt: 10 }, author: { name: 'x' } }`,
 * to the same tree that the text way gives. Knows no schema; the checker judges the result.
 *
 * An object under a field means either operators (`views: { gt: 10 }`) or fields of the record there (`author: { name: 'x' }`).
 * It is operators if all its keys are operator names; fields if none is, or if it has `and`, `or` or `not`; a mixture is refused
 * as a misspelt operator. So a field of a related record that is called like an operator is reached through `and`:
 * `{ author: { and: [{ size: 3 }] } }`.
 *
 * It may come from a request body: own keys only, and depth and size are counted before going deeper.
 */
import { ExprError, clientLimits } from './ast.ts';
import type { Ast, BinaryOp, ExprLimits } from './ast.ts';
import { hintFor } from './hints.ts';
import { languageNames } from './model.ts';

const nowhere = { start: 0, end: 0 };
const comparisons: ReadonlyMap<string, BinaryOp> = new Map<string, BinaryOp>([
  ['eq', '=='],
  ['ne', '!='],
  ['gt', '>'],
  ['gte', '>='],
  ['lt', '<'],
  ['lte', '<='],
]);
const quantifiers: ReadonlySet<string> = new Set(['some', 'every', 'none']);
const operators: ReadonlySet<string> = new Set([
  ...comparisons.keys(),
  ...quantifiers,
  ...['in', 'notIn', 'between', 'contains', 'startsWith', 'endsWith', 'has', 'size'],
]);
const joins: ReadonlySet<string> = new Set(['and', 'or', 'not']);
const words: ReadonlySet<string> = new Set(languageNames);

/** Where we are: the path for messages, the record whose fields are named (absent: the root), quantifiers and depth so far. */
interface Place {
  readonly path: string;
  readonly base: Ast | undefined;
  readonly quantifiers: number;
  readonly depth: number;
}

export function fromWhere(where: unknown, limits: ExprLimits = clientLimits): Ast {
  let nodes = 0;
  const node = (made: Ast): Ast => {
    nodes += 1;
    if (nodes > limits.nodes) throw new ExprError('too_complex', `The filter has more than ${limits.nodes} parts`, nowhere);
    return made;
  };
  return new Reader(node, limits).fields(where, { path: 'where', base: undefined, quantifiers: 0, depth: 1 });
}

class Reader {
  readonly #node: (made: Ast) => Ast;
  readonly #limits: ExprLimits;

  constructor(node: (made: Ast) => Ast, limits: ExprLimits) {
    this.#node = node;
    this.#limits = limits;
  }

  /** Fields and `and`, `or`, `not`; all of them must hold. */
  fields(where: unknown, place: Place): Ast {
    const parts = this.#entries(where, place).map(([key, value]) => {
      const inner = { ...place, path: `${place.path}.${key}`, depth: place.depth + 1 };
      if (key === 'and' || key === 'or') return this.#join(key, value, inner);
      if (key === 'not') return this.#not(this.fields(value, inner));
      return this.#field(this.#name(key, inner), value, inner);
    });
    return this.#all(parts, '&&');
  }

  #join(key: 'and' | 'or', value: unknown, place: Place): Ast {
    const items = this.#list(value, place).map((item, i) =>
      this.fields(item, { ...place, path: `${place.path}[${i}]`, depth: place.depth + 1 }),
    );
    return this.#all(items, key === 'and' ? '&&' : '||');
  }

  #field(field: Ast, value: unknown, place: Place): Ast {
    if (!isPlainObject(value)) return this.#binary('==', field, this.#value(value, place));
    const keys = this.#entries(value, place).map(([key]) => key);
    const unknown = keys.find((key) => !operators.has(key));
    const isNested = keys.some((key) => joins.has(key)) || keys.every((key) => !operators.has(key));
    if (keys.length > 0 && isNested) return this.fields(value, { ...place, base: field });
    if (unknown !== undefined) {
      throw new ExprError('unknown_operator', `${place.path}: unknown operator "${unknown}"`, nowhere, hintFor(unknown, operators));
    }
    if (keys.length === 0) throw new ExprError('bad_where', `${place.path} is an empty object`, nowhere);
    const parts = this.#entries(value, place).map(([key, operand]) =>
      this.#operator(field, key, operand, { ...place, path: `${place.path}.${key}`, depth: place.depth + 1 }),
    );
    return this.#all(parts, '&&');
  }

  #operator(field: Ast, key: string, operand: unknown, place: Place): Ast {
    const op = comparisons.get(key);
    if (op !== undefined) return this.#binary(op, field, this.#value(operand, place));
    switch (key) {
      case 'in':
        return this.#binary('in', field, this.#literals(operand, place));
      case 'notIn':
        return this.#not(this.#binary('in', field, this.#literals(operand, place)));
      case 'between': {
        const [least, most, ...more] = this.#list(operand, place);
        if (most === undefined || more.length > 0) throw new ExprError('bad_where', `${place.path} takes two values`, nowhere);
        const low = this.#binary('>=', field, this.#value(least, place));
        return this.#binary('&&', low, this.#binary('<=', field, this.#value(most, place)));
      }
      case 'has':
        return this.#binary('in', this.#value(operand, place), field);
      case 'size':
        return this.#field(this.#call(field, 'size'), operand, place);
      case 'some':
      case 'every':
      case 'none':
        return this.#quantifier(field, key, operand, place);
      default:
        return this.#call(field, key, this.#value(operand, place));
    }
  }

  #quantifier(field: Ast, key: 'some' | 'every' | 'none', operand: unknown, place: Place): Ast {
    const name = `_${place.quantifiers + 1}`;
    const item = (): Ast => this.#node({ type: 'name', name, ...nowhere });
    const body = this.fields(operand, { ...place, base: item(), quantifiers: place.quantifiers + 1 });
    const found = this.#call(field, key === 'every' ? 'all' : 'exists', item(), body);
    return key === 'none' ? this.#not(found) : found;
  }

  #name(name: string, { path, base }: Place): Ast {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new ExprError('unknown_field', `${path}: no field has such a name`, nowhere);
    // A field that is called like a word of the language can only be reached through the record.
    const of = base ?? (words.has(name) ? this.#node({ type: 'name', name: 'record', ...nowhere }) : undefined);
    return this.#node(of ? { type: 'get', of, name, nameStart: 0, ...nowhere } : { type: 'name', name, ...nowhere });
  }

  #literals(value: unknown, place: Place): Ast {
    const items = this.#list(value, place).map((item, i) => literal(item, `${place.path}[${i}]`));
    return this.#node({ type: 'list', items, ...nowhere });
  }

  #value(value: unknown, { path }: Place): Ast {
    return this.#node(literal(value, path));
  }

  #list(value: unknown, { path }: Place): readonly unknown[] {
    refuseUndefined(value, path);
    if (!Array.isArray(value)) throw new ExprError('bad_where', `${path} takes a list`, nowhere);
    if (value.length > this.#limits.list) throw new ExprError('list_too_long', `${path} has more than ${this.#limits.list} items`, nowhere);
    // A copy without holes: what is missing is undefined, and refused as such.
    return Array.from(value);
  }

  #entries(value: unknown, { path, depth }: Place): [string, unknown][] {
    refuseUndefined(value, path);
    if (!isPlainObject(value)) throw new ExprError('bad_where', `${path} takes an object`, nowhere);
    if (depth > this.#limits.depth) throw new ExprError('too_deep', `${path} is nested deeper than ${this.#limits.depth}`, nowhere);
    const entries = Object.entries(value);
    if (entries.length > this.#limits.nodes)
      throw new ExprError('too_complex', `${path} has more than ${this.#limits.nodes} keys`, nowhere);
    for (const [key, item] of entries) refuseUndefined(item, `${path}.${key}`);
    return entries;
  }

  #call(receiver: Ast, name: string, ...args: readonly Ast[]): Ast {
    return this.#node({ type: 'call', name, receiver, args, ...nowhere });
  }
  #not(of: Ast): Ast {
    return this.#node({ type: 'not', of, ...nowhere });
  }
  #binary(op: BinaryOp, left: Ast, right: Ast): Ast {
    return this.#node({ type: 'binary', op, left, right, ...nowhere });
  }
  /** None at all: `and` of nothing is true, `or` of nothing false. */
  #all([first, ...rest]: readonly Ast[], op: '&&' | '||'): Ast {
    if (!first) return this.#node({ type: 'bool', value: op === '&&', ...nowhere });
    return rest.reduce((left, right) => this.#binary(op, left, right), first);
  }
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function refuseUndefined(value: unknown, path: string): void {
  if (value === undefined)
    throw new ExprError('undefined_value', `${path} is undefined; use null to ask for absence, or leave the key out`, nowhere);
}

function literal(value: unknown, path: string): Ast {
  refuseUndefined(value, path);
  if (value === null) return { type: 'null', ...nowhere };
  if (typeof value === 'string') return { type: 'string', value, ...nowhere };
  if (typeof value === 'boolean') return { type: 'bool', value, ...nowhere };
  if (typeof value === 'number' && Number.isFinite(value)) return { type: 'number', raw: String(value), ...nowhere };
  if (value instanceof Date && Number.isFinite(value.getTime())) return { type: 'string', value: value.toISOString(), ...nowhere };
  throw new ExprError('bad_where', `${path} is no text, finite number, true, false, null or date`, nowhere);
}
