/** The syntax tree of the rule language: what the parser makes and the printer takes. Offsets are UTF-16 indices into the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type BinaryOp = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/';

export type Ast = Span &
  (
    | { readonly type: 'number'; readonly raw: string }
    | { readonly type: 'string'; readonly value: string }
    | { readonly type: 'bool'; readonly value: boolean }
    | { readonly type: 'null' }
    | { readonly type: 'name'; readonly name: string }
    | { readonly type: 'param'; readonly name: string }
    | { readonly type: 'get'; readonly of: Ast; readonly name: string; readonly nameStart: number }
    | { readonly type: 'call'; readonly name: string; readonly receiver?: Ast; readonly args: readonly Ast[] }
    | { readonly type: 'list'; readonly items: readonly Ast[] }
    | { readonly type: 'binary'; readonly op: BinaryOp; readonly left: Ast; readonly right: Ast }
    | { readonly type: 'not'; readonly of: Ast }
    | { readonly type: 'negate'; readonly of: Ast }
    | { readonly type: 'conditional'; readonly test: Ast; readonly then: Ast; readonly otherwise: Ast }
  );

/** The one error of the language: a code, a range in the text, and sometimes what was probably meant. */
export class ExprError extends Error {
  override readonly name = 'ExprError';
  readonly code: string;
  readonly start: number;
  readonly end: number;
  readonly hint: string | undefined;
  constructor(code: string, message: string, at: Span, hint?: string) {
    super(message);
    this.code = code;
    this.start = at.start;
    this.end = at.end;
    this.hint = hint;
  }
}

/** Bounds of a text, checked before any recursion. Counts, and UTF-8 bytes for `bytes`. */
export interface ExprLimits {
  readonly bytes: number;
  readonly nodes: number;
  readonly depth: number;
  readonly list: number;
  readonly hops: number;
  readonly quantifiers: number;
}
export const ruleLimits: ExprLimits = { bytes: 8192, nodes: 600, depth: 40, list: 1000, hops: 5, quantifiers: 2 };
export const clientLimits: ExprLimits = { bytes: 4096, nodes: 100, depth: 10, list: 200, hops: 5, quantifiers: 2 };
