/**
 * Tokens to a tree, by recursive descent: one method per line of the grammar (docs/reference/rules.md).
 *
 * The worry is a text that makes the parser recurse until the stack ends. Every way to nest goes through `deeper`, which
 * counts before it calls, and chains (`a && b && …`, `a.b.c`) are loops whose length the node limit bounds; so the stack
 * needed depends on the limits alone.
 */
import { ExprError } from './ast.ts';
import { ruleLimits } from './ast.ts';
import type { Ast, BinaryOp, ExprLimits, Span } from './ast.ts';
import { lex } from './lex.ts';
import type { Token } from './lex.ts';

export interface ParseOptions {
  /** `*` and `/`, which only computed fields may use. */
  readonly products?: boolean;
}

export function parse(text: string, limits: ExprLimits = ruleLimits, options: ParseOptions = {}): Ast {
  return new Parser(lex(text, limits), limits, options).whole();
}

const comparisons: ReadonlyMap<string, BinaryOp> = new Map<string, BinaryOp>([
  ['==', '=='],
  ['=', '=='],
  ['!=', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['in', 'in'],
]);
const reserved: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in']);

class Parser {
  readonly #tokens: readonly Token[];
  readonly #limits: ExprLimits;
  readonly #options: ParseOptions;
  readonly #end: Token;
  #next = 0;
  #nodes = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], limits: ExprLimits, options: ParseOptions) {
    this.#tokens = tokens;
    this.#limits = limits;
    this.#options = options;
    this.#end = tokens.at(-1) ?? { kind: 'end', text: '', start: 0, end: 0 };
  }

  whole(): Ast {
    const ast = this.#expression();
    if (this.#token().kind !== 'end') throw this.#unexpected('the end');
    return ast;
  }

  #expression(): Ast {
    return this.#deeper(() => {
      const test = this.#or();
      if (!this.#take('?')) return test;
      const then = this.#or();
      this.#expect(':');
      const otherwise = this.#expression();
      return this.#node({ type: 'conditional', test, then, otherwise, start: test.start, end: otherwise.end });
    });
  }

  #or(): Ast {
    let left = this.#and();
    while (this.#take('||') || this.#takeWord('or')) left = this.#binary('||', left, this.#and());
    return left;
  }

  #and(): Ast {
    let left = this.#not();
    while (this.#take('&&') || this.#takeWord('and')) left = this.#binary('&&', left, this.#not());
    return left;
  }

  #not(): Ast {
    const { start } = this.#token();
    if (!this.#takeWord('not')) return this.#relation();
    return this.#deeper(() => {
      const of = this.#not();
      return this.#node({ type: 'not', of, start, end: of.end });
    });
  }

  #relation(): Ast {
    const left = this.#sum();
    const negated = this.#isWord('not') && this.#isWord('in', 1);
    if (negated) this.#next += 1;
    const op = this.#comparison();
    if (op === undefined) return left;
    this.#next += 1;
    const compared = this.#binary(op, left, this.#sum());
    if (this.#comparison() !== undefined || this.#isWord('not')) {
      throw new ExprError('chained', 'Comparisons cannot be chained; join them with &&', this.#token());
    }
    return negated ? this.#node({ type: 'not', of: compared, start: compared.start, end: compared.end }) : compared;
  }

  #comparison(): BinaryOp | undefined {
    const { kind, text } = this.#token();
    return kind === 'operator' || kind === 'name' ? comparisons.get(text) : undefined;
  }

  #sum(): Ast {
    let left = this.#product();
    for (;;) {
      if (this.#take('+')) left = this.#binary('+', left, this.#product());
      else if (this.#take('-')) left = this.#binary('-', left, this.#product());
      else return left;
    }
  }

  #product(): Ast {
    let left = this.#unary();
    for (;;) {
      const { text } = this.#token();
      if (!this.#is('*') && !this.#is('/')) return left;
      if (!this.#options.products) throw new ExprError('unsupported', `"${text}" is only for computed fields`, this.#token());
      this.#next += 1;
      left = this.#binary(text === '*' ? '*' : '/', left, this.#unary());
    }
  }

  #unary(): Ast {
    const { start } = this.#token();
    if (this.#take('!')) {
      return this.#deeper(() => {
        const of = this.#unary();
        return this.#node({ type: 'not', of, start, end: of.end });
      });
    }
    if (!this.#take('-')) return this.#member();
    return this.#deeper(() => {
      const bare = this.#token().kind === 'number';
      const of = this.#unary();
      // A minus before a bare number is part of the literal, so that the least integer can be written.
      if (bare && of.type === 'number') return { ...of, raw: `-${of.raw}`, start };
      return this.#node({ type: 'negate', of, start, end: of.end });
    });
  }

  #member(): Ast {
    let of = this.#primary();
    while (this.#take('.')) {
      const name = this.#token();
      if (name.kind !== 'name') throw this.#unexpected('a name');
      this.#next += 1;
      if (this.#take('(')) {
        const args = this.#items(')');
        of = this.#node({ type: 'call', name: name.text, receiver: of, args, start: of.start, end: this.#last().end });
      } else {
        of = this.#node({ type: 'get', of, name: name.text, nameStart: name.start, start: of.start, end: name.end });
      }
    }
    return of;
  }

  #primary(): Ast {
    const { kind, text, start, end } = this.#token();
    if (kind === 'number') return this.#leaf({ type: 'number', raw: text, start, end });
    if (kind === 'string') return this.#leaf({ type: 'string', value: text, start, end });
    if (kind === 'param') return this.#leaf({ type: 'param', name: text, start, end });
    if (kind === 'name' && !reserved.has(text)) return this.#named(text, { start, end });
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (!this.#take('[')) throw this.#unexpected('a value');
    const items = this.#items(']');
    return this.#node({ type: 'list', items, start, end: this.#last().end });
  }

  #named(text: string, { start, end }: Span): Ast {
    if (text === 'true' || text === 'false') return this.#leaf({ type: 'bool', value: text === 'true', start, end });
    if (text === 'null') return this.#leaf({ type: 'null', start, end });
    this.#next += 1;
    if (!this.#take('(')) return this.#node({ type: 'name', name: text, start, end });
    const args = this.#items(')');
    return this.#node({ type: 'call', name: text, args, start, end: this.#last().end });
  }

  /** What stands between brackets, with the closing one. Plain literals of a list count against `list`, not against `nodes`. */
  #items(close: ')' | ']'): Ast[] {
    const items: Ast[] = [];
    if (this.#take(close)) return items;
    do {
      if (items.length >= this.#limits.list) throw new ExprError('list_too_long', `More than ${this.#limits.list} items`, this.#token());
      const item = this.#expression();
      if (close === ']' && isLiteral(item)) this.#nodes -= 1;
      items.push(item);
    } while (this.#take(','));
    this.#expect(close);
    return items;
  }

  #binary(op: BinaryOp, left: Ast, right: Ast): Ast {
    return this.#node({ type: 'binary', op, left, right, start: left.start, end: right.end });
  }

  #leaf(node: Ast): Ast {
    this.#next += 1;
    return this.#node(node);
  }

  #node(node: Ast): Ast {
    this.#nodes += 1;
    if (this.#nodes > this.#limits.nodes) throw new ExprError('too_complex', `More than ${this.#limits.nodes} parts`, node);
    return node;
  }

  #deeper(inner: () => Ast): Ast {
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) {
      throw new ExprError('too_deep', `Nested deeper than ${this.#limits.depth}`, this.#token());
    }
    const ast = inner();
    this.#depth -= 1;
    return ast;
  }

  #token(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? this.#end;
  }
  #last(): Token {
    return this.#tokens[this.#next - 1] ?? this.#end;
  }
  #is(sign: string): boolean {
    const { kind, text } = this.#token();
    return kind === 'operator' && text === sign;
  }
  #isWord(word: string, ahead = 0): boolean {
    const { kind, text } = this.#token(ahead);
    return kind === 'name' && text === word;
  }
  #take(sign: string): boolean {
    if (!this.#is(sign)) return false;
    this.#next += 1;
    return true;
  }
  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#next += 1;
    return true;
  }
  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected(`"${sign}"`);
  }
  #unexpected(wanted: string): ExprError {
    const token = this.#token();
    const found = token.kind === 'end' ? 'The text ends' : `Unexpected ${JSON.stringify(token.text)}`;
    return new ExprError('syntax', `${found}; expected ${wanted}`, token);
  }
}

const isLiteral = ({ type }: Ast): boolean => type === 'number' || type === 'string' || type === 'bool' || type === 'null';
