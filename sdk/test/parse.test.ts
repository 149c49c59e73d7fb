/** The grammar: what is read, how it is printed, what is refused where. */
import { expect, test } from '@jest/globals';
import { clientLimits, ruleLimits } from '../src/expr/ast.ts';
import { parse } from '../src/expr/parse.ts';
import { print } from '../src/expr/print.ts';
import { bare, refusal } from './support.ts';

test.each([
  // As written                                      canonical
  [`a = 1`, `a == 1`],
  [`a == 'x' and b or not c`, `a == "x" && b || !c`],
  [`not a == b`, `!(a == b)`],
  [`!a == b`, `!a == b`],
  [`a not in b`, `!(a in b)`],
  [`not a in b`, `!(a in b)`],
  [`(a || b) && c`, `(a || b) && c`],
  [`(a && b) || c`, `a && b || c`],
  [`a || (b || c)`, `a || (b || c)`],
  [`(a == b) == c`, `(a == b) == c`],
  [`a - (b - c) - d`, `a - (b - c) - d`],
  [`(a + b) + c`, `a + b + c`],
  [`a ? b : c ? d : e`, `a ? b : c ? d : e`],
  [`(a ? b : c) ? d : e`, `(a ? b : c) ? d : e`],
  [`a ? (b ? c : d) : e`, `a ? (b ? c : d) : e`],
  [`((a)).b.c`, `a.b.c`],
  [`(a + b).size()`, `(a + b).size()`],
  [`(!a).size()`, `(!a).size()`],
  [`a in [ 1,-2.5 , "x" ]`, `a in [1, -2.5, "x"]`],
  [`[]`, `[]`],
  [`m.exists(x, x.y > $p)`, `m.exists(x, x.y > $p)`],
  [`has(a.b)&&size(c)<1e3`, `has(a.b) && size(c) < 1e3`],
  [`-1`, `-1`],
  [`-(1)`, `-(1)`],
  [`- -1`, `--1`],
  [`-a`, `-a`],
  [`(-1).x`, `(-1).x`],
  [`-1.x`, `-1.x`],
  [`"a\\"\\'\\\\\\n\\t\\r\\u00e9\\u0008"`, `"a\\"'\\\\\\n\\t\\ré\\u0008"`],
  [`'it\\'s "so"'`, `"it's \\"so\\""`],
  [`"\\ud83d\\ude00"`, `"😀"`],
  [`"\\ud83d"`, `"\\ud83d"`],
  [`a.in.or.not.true`, `a.in.or.not.true`],
  [` \n\ta\r\n`, `a`],
])('%s is %s', (source, canonical) => {
  const ast = parse(source, ruleLimits);
  expect(print(ast)).toBe(canonical);
  expect(bare(parse(canonical, ruleLimits))).toEqual(bare(ast));
});

test.each([
  ['', 'syntax', 0],
  ['a b', 'syntax', 2],
  ['a ==', 'syntax', 4],
  ['(a', 'syntax', 2],
  ['a)', 'syntax', 1],
  ['[1,]', 'syntax', 3],
  ['f(,)', 'syntax', 2],
  ['a.', 'syntax', 2],
  ['a.1', 'syntax', 2],
  ['a ? b', 'syntax', 5],
  ['and', 'syntax', 0],
  ['a && in', 'syntax', 5],
  ['a == b == c', 'chained', 7],
  ['a < b in c', 'chained', 6],
  ['a == b not in c', 'chained', 7],
  ['"abc', 'unterminated_string', 0],
  ['"a\nb"', 'unterminated_string', 0],
  ['"\\x41"', 'bad_escape', 1],
  ['"\\u12G4"', 'bad_escape', 1],
  ['"\\u12', 'bad_escape', 1],
  ['1abc', 'bad_number', 0],
  ['1e+', 'bad_number', 0],
  ['a & b', 'bad_char', 2],
  ['a % b', 'bad_char', 2],
  ['$', 'bad_char', 0],
  ['a == "x" # b', 'bad_char', 9],
  ['ключ', 'bad_char', 0],
  ['a * b', 'unsupported', 2],
  ['a / b', 'unsupported', 2],
])('%j is refused as %s at %d', (source, code, start) => {
  const error = refusal(() => parse(source, ruleLimits));
  expect([error.code, error.start]).toEqual([code, start]);
});

test('products are read where they are allowed, and bind as in CEL', () => {
  const ast = parse('a + b * c / (d - e) * -f', ruleLimits, { products: true });
  expect(print(ast)).toBe('a + b * c / (d - e) * -f');
  expect(print(parse('(a + b) * (c * d)', ruleLimits, { products: true }))).toBe('(a + b) * (c * d)');
});

test('every node says where it stands', () => {
  const ast = parse('  owner.team == "x" ', ruleLimits);
  expect([ast.start, ast.end]).toEqual([2, 19]);
  expect(ast).toMatchObject({ left: { start: 2, end: 12, nameStart: 8 }, right: { start: 16, end: 19 } });
});

test.each([
  ['a text too long', 'a'.repeat(8193), 'too_long'],
  ['a text too long in bytes alone', `"${'é'.repeat(4096)}"`, 'too_long'],
  ['a megabyte', 'x'.repeat(1_000_000), 'too_long'],
  ['brackets', `${'('.repeat(4000)}a${')'.repeat(4000)}`, 'too_deep'],
  ['open brackets', '('.repeat(8192), 'too_deep'],
  ['exclamation marks', `${'!'.repeat(8000)}a`, 'too_deep'],
  ['minuses', `${'-'.repeat(8000)}a`, 'too_deep'],
  ['nots', `${'not '.repeat(2000)}a`, 'too_deep'],
  ['lists', '['.repeat(8000), 'too_deep'],
  ['calls', 'f('.repeat(4000), 'too_deep'],
  ['methods', `a${'.f(a'.repeat(1500)}`, 'too_deep'],
  ['conditionals', 'a?b:'.repeat(2000), 'too_deep'],
  ['a chain of ors', Array(2000).fill('a').join('||'), 'too_complex'],
  ['a chain of members', `a${'.b'.repeat(4000)}`, 'too_complex'],
  ['a chain of sums', Array(2000).fill('1').join('+'), 'too_complex'],
  ['a long list', `a in [${Array(1001).fill('1').join()}]`, 'list_too_long'],
])('%s cannot exhaust the parser', (_name, source, code) => {
  expect(refusal(() => parse(source, ruleLimits)).code).toBe(code);
});

test('what is just within the limits is read', () => {
  expect(parse(`a in [${Array(1000).fill('1').join()}]`, ruleLimits).type).toBe('binary');
  expect(parse(`${'('.repeat(39)}a${')'.repeat(39)}`, ruleLimits).type).toBe('name');
  expect(parse(Array(300).fill('a').join('||'), ruleLimits).type).toBe('binary');
  expect(parse(`"${'é'.repeat(4095)}"`, ruleLimits).type).toBe('string');
  expect(parse(`a in [${Array(200).fill('1').join()}]`, clientLimits).type).toBe('binary');
  expect(refusal(() => parse(`a in [${Array(201).fill('1').join()}]`, clientLimits)).code).toBe('list_too_long');
});
