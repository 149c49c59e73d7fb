/** Filters as objects: the same trees as the texts beside them. */
import { expect, test } from '@jest/globals';
import { clientLimits, ruleLimits } from '../src/expr/ast.ts';
import { fromWhere } from '../src/expr/object.ts';
import { parse } from '../src/expr/parse.ts';
import { print } from '../src/expr/print.ts';
import { bare, refusal } from './support.ts';
import { baseOptions } from './support.ts';
import { check } from '../src/expr/check.ts';

test.each<[object, string]>([
  [{}, 'true'],
  [{ status: 'published' }, 'status == "published"'],
  [{ status: 'published', views: { gt: 10, lte: 20 } }, 'status == "published" && (views > 10 && views <= 20)'],
  [{ reviewer: null }, 'reviewer == null'],
  [{ reviewer: { ne: null } }, 'reviewer != null'],
  [{ owner: { team: { name: 'x' } } }, 'owner.team.name == "x"'],
  [{ owner: { name: 'x', age: { gte: 18 } } }, 'owner.name == "x" && owner.age >= 18'],
  [{ title: { eq: 'a' } }, 'title == "a"'],
  [{ title: { lt: 'b' } }, 'title < "b"'],
  [{ title: { in: ['a', 'b'] } }, 'title in ["a", "b"]'],
  [{ title: { notIn: ['a'] } }, '!(title in ["a"])'],
  [{ views: { between: [1, 5] } }, 'views >= 1 && views <= 5'],
  [{ title: { contains: '50%', startsWith: 'a', endsWith: 'z' } }, 'title.contains("50%") && title.startsWith("a") && title.endsWith("z")'],
  [{ tags: { has: 'x' } }, '"x" in tags'],
  [{ tags: { size: { gt: 1 } } }, 'tags.size() > 1'],
  [{ tags: { size: 0 } }, 'tags.size() == 0'],
  [{ members: { some: { id: 'u' } } }, 'members.exists(_1, _1.id == "u")'],
  [{ members: { every: { age: { gt: 1 } } } }, 'members.all(_1, _1.age > 1)'],
  [{ members: { none: { name: 'x' } } }, '!members.exists(_1, _1.name == "x")'],
  [{ members: { some: {} } }, 'members.exists(_1, true)'],
  [{ members: { some: { posts: { some: { title: 'x' } } } } }, 'members.exists(_1, _1.posts.exists(_2, _2.title == "x"))'],
  [{ members: { has: 'u' } }, '"u" in members'],
  [{ or: [{ title: 'a' }, { views: 1 }] }, 'title == "a" || views == 1'],
  [{ or: [] }, 'false'],
  [{ and: [] }, 'true'],
  [{ title: 'a', or: [{ views: 1 }, { views: 2 }] }, 'title == "a" && (views == 1 || views == 2)'],
  [{ not: { title: 'a' } }, '!(title == "a")'],
  [{ owner: { and: [{ size: 3 }] } }, 'owner.size == 3'],
  [{ owner: { or: [{ name: 'a' }, { team: { active: true } }] } }, 'owner.name == "a" || owner.team.active == true'],
  [{ meta: { plan: { tier: 'pro' } } }, 'meta.plan.tier == "pro"'],
  [{ score: -1.5e300 }, 'score == -1.5e+300'],
  [{ created: { gt: new Date(0) } }, 'created > "1970-01-01T00:00:00.000Z"'],
  [{ now: 1 }, 'record.now == 1'],
  [Object.fromEntries([['__proto__', 'x']]), '__proto__ == "x"'],
])('%j', (where, text) => {
  const ast = fromWhere(where);
  expect(print(ast)).toBe(print(parse(text, ruleLimits)));
  expect(bare(parse(print(ast), ruleLimits))).toEqual(bare(ast));
});

const nest = (levels: number): object => (levels === 0 ? { title: 'x' } : { not: nest(levels - 1) });

test.each<[string, unknown, string, string?]>([
  ['no object', 'title', 'bad_where'],
  ['null', null, 'bad_where'],
  ['undefined', undefined, 'undefined_value'],
  ['a list', [], 'bad_where'],
  [
    'an undefined value',
    { title: undefined },
    'undefined_value',
    'where.title is undefined; use null to ask for absence, or leave the key out',
  ],
  ['an undefined operand', { title: { eq: undefined } }, 'undefined_value'],
  ['undefined in a list', { title: { in: ['a', undefined] } }, 'undefined_value'],
  ['a hole in a list', { title: { in: new Array<string>(1) } }, 'undefined_value'],
  ['undefined in or', { or: [undefined] }, 'undefined_value'],
  ['undefined in depth', { owner: { team: { name: undefined } } }, 'undefined_value'],
  ['a misspelt operator', { views: { gt: 1, lessThan: 2 } }, 'unknown_operator'],
  ['an empty object', { views: {} }, 'bad_where'],
  ['a bare list', { tags: ['a'] }, 'bad_where'],
  ['or of an object', { or: { title: 'a' } }, 'bad_where'],
  ['in of a text', { title: { in: 'abc' } }, 'bad_where'],
  ['between of three', { views: { between: [1, 2, 3] } }, 'bad_where'],
  ['between of one', { views: { between: [1] } }, 'bad_where'],
  ['NaN', { score: Number.NaN }, 'bad_where'],
  ['a key with a dot', { 'owner.name': 'x' }, 'unknown_field'],
  ['a key that is code', { 'title == "x" || true': 1 }, 'unknown_field'],
  ['width', Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, 1])), 'too_complex'],
  ['many arms', { or: Array.from({ length: 150 }, () => ({ a: 1 })) }, 'too_complex'],
  ['a long list', { title: { in: Array<string>(201).fill('a') } }, 'list_too_long'],
])('%s is refused', (_name, where, code, message = '') => {
  const error = refusal(() => fromWhere(where));
  expect(error.code).toBe(code);
  if (message !== '') expect(error.message).toBe(message);
});

test('what is within the limits is taken, and checked like a text', () => {
  expect(fromWhere(nest(clientLimits.depth - 1)).type).toBe('not');
  const { ir } = check(fromWhere({ members: { some: { team: { active: true } } }, views: { gt: 10 } }), {
    ...baseOptions,
    scope: 'filter',
  });
  expect(ir.op).toBe('and');
  expect(refusal(() => check(fromWhere({ owner: { nam: 'x' } }), { ...baseOptions, scope: 'filter' })).message).toBe(
    'Unknown field "nam" on "users"',
  );
});

// Apart from the table: what a table holds is sent between processes, and these cannot be.
test('circles, depth, functions and big integers are refused', () => {
  const circle: Record<string, unknown> = {};
  circle['and'] = [circle];
  expect(refusal(() => fromWhere(circle)).code).toBe('too_deep');
  expect(refusal(() => fromWhere(nest(5000))).code).toBe('too_deep');
  expect(refusal(() => fromWhere({ title: () => 1 })).code).toBe('bad_where');
  expect(refusal(() => fromWhere({ score: 1n })).code).toBe('bad_where');
});
