/** Text to tokens. Refuses by length first, so that nothing after it ever sees more than the limit allows. */
import { ExprError } from './ast.ts';
import type { ExprLimits, Span } from './ast.ts';

export interface Token extends Span {
  readonly kind: 'number' | 'string' | 'name' | 'param' | 'operator' | 'end';
  /** What it says: a string's value without quotes and escapes, a parameter's name without `$`. */
  readonly text: string;
}

const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const space = /[ \t\r\n]+/y;
const operator = /==|!=|<=|>=|&&|\|\||[<>=!+\-*/?:.,()[\]]/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

export function lex(text: string, limits: ExprLimits): Token[] {
  if (text.length > limits.bytes || utf8Length(text) > limits.bytes) {
    throw new ExprError('too_long', `Longer than ${limits.bytes} bytes`, { start: 0, end: text.length });
  }
  const tokens: Token[] = [];
  let at = match(space, text, 0)?.length ?? 0;
  while (at < text.length) {
    const token = nextToken(text, at);
    tokens.push(token);
    at = token.end + (match(space, text, token.end)?.length ?? 0);
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function nextToken(text: string, start: number): Token {
  const digits = match(number, text, start);
  if (digits !== undefined) return numberToken(text, start, digits);
  const word = match(name, text, start);
  if (word !== undefined) return { kind: 'name', text: word, start, end: start + word.length };
  const first = text[start];
  if (first === '$') {
    const param = match(name, text, start + 1);
    if (param === undefined) throw new ExprError('bad_char', '"$" begins the name of a parameter', { start, end: start + 1 });
    return { kind: 'param', text: param, start, end: start + 1 + param.length };
  }
  if (first === '"' || first === "'") return stringToken(text, start, first);
  const sign = match(operator, text, start);
  if (sign !== undefined) return { kind: 'operator', text: sign, start, end: start + sign.length };
  const code = text.codePointAt(start) ?? 0;
  const end = start + (code > 0xffff ? 2 : 1);
  throw new ExprError('bad_char', `Unexpected character ${JSON.stringify(text.slice(start, end))}`, { start, end });
}

function numberToken(text: string, start: number, digits: string): Token {
  const end = start + digits.length;
  if (match(name, text, end) !== undefined) throw new ExprError('bad_number', 'A number ends where a name begins', { start, end: end + 1 });
  return { kind: 'number', text: digits, start, end };
}

function stringToken(text: string, start: number, quote: string): Token {
  let value = '';
  let at = start + 1;
  for (;;) {
    const char = text[at];
    if (char === undefined || char === '\n' || char === '\r') {
      throw new ExprError('unterminated_string', 'The string does not end', { start, end: at });
    }
    if (char === quote) return { kind: 'string', text: value, start, end: at + 1 };
    if (char !== '\\') {
      value += char;
      at += 1;
      continue;
    }
    const escape = readEscape(text, at);
    value += escape.value;
    at += escape.length;
  }
}

function readEscape(text: string, start: number): { value: string; length: number } {
  const letter = text[start + 1] ?? '';
  const plain = escapes.get(letter);
  if (plain !== undefined) return { value: plain, length: 2 };
  const digits = text.slice(start + 2, start + 6);
  if (letter === 'u' && /^[0-9a-fA-F]{4}$/.test(digits)) return { value: String.fromCharCode(parseInt(digits, 16)), length: 6 };
  throw new ExprError('bad_escape', letter === 'u' ? '\\u takes four hex digits' : `Unknown escape \\${letter}`, { start, end: start + 2 });
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
