/** Folding: what a rule comes to for a caller, before any SQL; and the scalar semantics it decides with. */
import { describe, expect, test } from '@jest/globals';
import type { FoldContext } from '../src/expr/context.ts';
import { fold, foldValue } from '../src/expr/fold.ts';
import { isTotal } from '../src/expr/ir.ts';
import { compareDecimals, compareText, jsonEqual, plainDecimal, textLength } from '../src/expr/scalar.ts';
import { baseOptions, checkText } from './support.ts';
import { checkValue } from '../src/expr/check.ts';
import { parse } from '../src/expr/parse.ts';
import type { CheckOptions } from '../src/expr/state.ts';

const nobody: FoldContext = { auth: null, now: Date.parse('2026-01-02T03:04:05.006Z'), request: { ip: '::1', method: 'GET' } };
const team = '0190c5ba-4a5e-7c3a-9f00-00000000000a';
const ada: FoldContext = {
  ...nobody,
  auth: {
    id: '0190c5ba-4a5e-7c3a-9f00-00000000000b',
    collection: 'users',
    roles: ['editor', 'staff'],
    verified: true,
    guest: false,
    name: 'Ada',
    team,
    born: '1815-12-10T00:00:00.000Z',
    prefs: { dark: true, size: 12, list: [1, 2], none: null },
  },
};
const admin: FoldContext = { ...ada, auth: { ...ada.auth, collection: '_admins' } };
const key: FoldContext = { ...nobody, auth: { key: { id: team } } };

const verdict = (source: string, context: FoldContext, options: Partial<CheckOptions> = {}): string => {
  const folded = fold(checkText(source, options).ir, context);
  return folded.verdict === 'depends' ? folded.ir.op : folded.verdict;
};

describe('verdicts', () => {
  test.each<[string, string, string]>([
    // rule, for nobody, for Ada
    ['true', 'always', 'always'],
    ['false', 'never', 'never'],
    ['auth == null', 'always', 'never'],
    ['auth != null', 'never', 'always'],
    ['has(auth.id)', 'never', 'always'],
    ['auth != null && !auth.guest', 'never', 'always'],
    ['!auth.guest', 'always', 'always'],
    ['auth.name == null', 'always', 'never'],
    ['owner == auth.id', 'never', 'compare'],
    ['owner != auth.id', 'always', 'not'],
    ['owner == auth.id || pinned', 'or', 'or'],
    ['auth.id in members', 'never', 'member'],
    ['auth.verified || owner == auth.id', 'never', 'always'],
    ['auth.verified && pinned == true', 'never', 'compare'],
    ['"editor" in auth.roles', 'never', 'always'],
    ['"owner" in auth.roles', 'never', 'never'],
    ['"owner" not in auth.roles', 'always', 'always'],
    ['auth.roles.exists(r, r.startsWith("ed"))', 'never', 'always'],
    ['auth.roles.all(r, r.size() > 4)', 'always', 'always'],
    ['auth.roles.all(r, r == "editor")', 'always', 'never'],
    ['auth.roles.exists_one(r, r.contains("ff"))', 'never', 'always'],
    ['auth.roles.exists(r, r == title)', 'never', 'quantifier'],
    ['auth.roles.size() == 2', 'never', 'always'],
    ['tags.exists(t, false)', 'never', 'never'],
    ['tags.all(t, true)', 'always', 'always'],
    ['tags.exists(t, true)', 'quantifier', 'quantifier'],
    ['members.all(m, auth == null)', 'always', 'quantifier'],
    ['members.exists(m, m.team == auth.team)', 'never', 'quantifier'],
    ['auth.born < timestamp("1900-01-01")', 'never', 'always'],
    ['auth.prefs.dark == true', 'never', 'always'],
    ['auth.prefs.size > 11.5', 'never', 'always'],
    ['auth.prefs.size == "12"', 'never', 'never'],
    ['auth.prefs.none == null', 'always', 'always'],
    ['auth.prefs.constructor == null', 'always', 'always'],
    ['auth.name + "!" == "Ada!"', 'never', 'always'],
    ['auth.name.lowerAscii() == "ada"', 'never', 'always'],
    ['auth.name > "Aaa" && auth.name <= "Ada"', 'never', 'always'],
    ['now > timestamp("2026-01-02T03:04:05.005Z") && now - duration("1ms") < now', 'always', 'always'],
    ['now - timestamp("2026-01-02T03:04:05Z") == duration("6ms")', 'always', 'always'],
    ['today() == day("2026-01-02") && today("America/New_York") == day("2026-01-01")', 'always', 'always'],
    ['distance(geo(52.52, 13.405), geo(48.8566, 2.3522)) > 877000', 'always', 'always'],
    ['distance(geo(0, 180), geo(0, -180)) < 0.001 && distance(geo(90, 0), geo(-90, 0)) > 20015114', 'always', 'always'],
    ['distance(geo(0, 0), place) < 1', 'compare', 'compare'],
    ['request.method == "GET"', 'always', 'always'],
    ['(auth == null ? "a" : "b") == "b"', 'never', 'always'],
    ['(auth == null ? title : "b") == "b"', 'compare', 'always'],
    ['id == null', 'never', 'never'],
    ['owner.id == null', 'absent', 'absent'],
    ['1 + 2 == 3 && 0.1 + 0.2 != 0.3', 'always', 'always'],
    ['title == "x" || true', 'always', 'always'],
    ['title == "x" && false', 'never', 'never'],
    ['!(!(title == "x"))', 'compare', 'compare'],
    ['members.exists(m, m.id == null)', 'never', 'never'],
  ])('%s', (source, forNobody, forAda) => {
    expect([verdict(source, nobody), verdict(source, ada)]).toEqual([forNobody, forAda]);
  });

  test("another collection's account with the same id owns nothing", () => {
    expect(verdict('owner == auth.id', admin)).toBe('never');
    expect(verdict('auth.id in members', admin)).toBe('never');
    expect(verdict('owner != auth.id', admin)).toBe('always');
  });

  test('a service key is no account', () => {
    expect(verdict('auth == null', key)).toBe('always');
    expect(verdict('auth.key != null', key)).toBe('always');
    expect(verdict(`auth.key.id == "${team}"`, key)).toBe('always');
    expect(verdict('auth.key != null', ada)).toBe('never');
  });

  test('only own properties of the caller count', () => {
    const auth: Record<string, unknown> = Object.create({ id: 'inherited', verified: true, name: 'x' });
    expect(verdict('auth == null', { ...nobody, auth })).toBe('always');
    expect(verdict('auth.verified', { ...nobody, auth })).toBe('never');
  });
});

test('a bare nullable column keeps its wrapper, for a value that may be absent is no predicate', () => {
  for (const source of ['pinned || auth.guest', 'pinned && auth.verified']) {
    const folded = fold(checkText(source).ir, ada);
    expect(folded.verdict === 'depends' && isTotal(folded.ir)).toBe(true);
    const negated = fold(checkText(`(${source}) == true || !(${source})`).ir, ada);
    expect(negated.verdict).toBe('depends');
  }
  // A double negation too: `!!pinned` is false where pinned is absent, `pinned` is absent.
  expect(fold(checkText('!(!pinned)').ir, ada)).toMatchObject({ ir: { op: 'not', of: { op: 'not' } } });
  expect(fold(checkText('title == "x" || auth.guest').ir, ada)).toMatchObject({ ir: { op: 'compare' } });
});

test('changed: at create what was sent, at update false for what was not', () => {
  const sent = new Set(['title']);
  const changed = (field: string, context: Partial<FoldContext>): string =>
    verdict(`changed.${field}`, { ...ada, ...context }, { scope: 'update' });
  expect([changed('title', { sent, creating: true }), changed('owner', { sent, creating: true })]).toEqual(['always', 'never']);
  expect([changed('title', { sent }), changed('owner', { sent })]).toEqual(['changed', 'never']);
  expect(changed('title', {})).toBe('changed');
});

test('a value folds to a constant', () => {
  const { ir } = checkValue(parse('auth.id'), { ...baseOptions, scope: 'default' });
  expect(foldValue(ir, ada)).toMatchObject({ op: 'const', value: ada.auth?.['id'] });
  expect(foldValue(ir, nobody)).toMatchObject({ op: 'const', value: null });
});

describe('scalars', () => {
  test('text is ordered by code point', () => {
    const sorted = ['', 'A', 'Z', 'a', 'aa', 'é', '\uffee', '😀', '😁'];
    expect([...sorted].reverse().sort(compareText)).toEqual(sorted);
    const bytes = (text: string): Buffer => Buffer.from(text);
    for (const a of sorted) for (const b of sorted) expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(bytes(a), bytes(b)));
  });
  test.each([
    ['0.1', '0.10', 0],
    ['-0', '0', 0],
    ['9007199254740993', '9007199254740992', 1],
    ['0.1000000000000000000001', '0.1', 1],
    ['-1.5', '-1.4', -1],
    ['1e3', '999.999', 1],
    ['12e-1', '1.2', 0],
  ])('decimals %s and %s', (a, b, order) => {
    expect([compareDecimals(a, b), compareDecimals(b, a)]).toEqual([order, order === 0 ? 0 : -order]);
  });
  test.each([
    ['007.50', '7.5'],
    ['1e3', '1000'],
    ['1.25e1', '12.5'],
    ['1.25e5', '125000'],
    ['12e-5', '0.00012'],
    ['-0.00', '0'],
    ['1e-308', `0.${'0'.repeat(307)}1`],
    ['1e309', undefined],
    ['1e-999999999', undefined],
    ['NaN', undefined],
    ['.5', undefined],
    ['', undefined],
  ])('plain digits of %s', (text, plain) => {
    expect(plainDecimal(text)).toBe(plain);
  });
  test('length is in code points', () => {
    expect([textLength('a😀é'), textLength('')]).toEqual([3, 0]);
  });
  test('json is equal in depth, whatever the order of keys', () => {
    expect(jsonEqual({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true);
    expect(jsonEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(jsonEqual({ a: 1, b: null }, { a: 1, toString: null })).toBe(false);
    expect(jsonEqual([1, 2], [1])).toBe(false);
    expect(jsonEqual([], {})).toBe(false);
    expect(jsonEqual(1, '1')).toBe(false);
  });
});
