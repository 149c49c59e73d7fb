/** The checker: what a text means against a schema, and what it is refused for. */
import { describe, expect, test } from '@jest/globals';
import { ruleLimits } from '../src/expr/ast.ts';
import { checkValue } from '../src/expr/check.ts';
import { parse } from '../src/expr/parse.ts';
import { renameMentions } from '../src/expr/rewrite.ts';
import type { Ir } from '../src/expr/ir.ts';
import { baseOptions, checkText, refusal } from './support.ts';
import type { CheckOptions } from '../src/expr/state.ts';

/** IR as a short text, so that tables can be read. */
function show(ir: Ir): string {
  const many = (of: { row?: { id: number }; field?: string; to: string }): string =>
    of.row ? `r${of.row.id}.${of.field}` : `all ${of.to}`;
  switch (ir.op) {
    case 'const':
      return `${JSON.stringify(ir.value)}:${ir.ty.kind}`;
    case 'context':
      return `@${ir.path.join('.')}`;
    case 'column':
      return `${ir.row.origin.kind === 'hop' ? `${ir.row.origin.field}>` : `r${ir.row.id}.`}${ir.field}`;
    case 'path':
      return `${show(ir.of)}#${ir.path.join('.')}`;
    case 'element':
      return `e${ir.id}`;
    case 'changed':
      return `changed ${ir.field}`;
    case 'compare':
      return `(${show(ir.left)} ${ir.how}/${ir.as} ${show(ir.right)})`;
    case 'and':
    case 'or':
      return `(${ir.of.map(show).join(` ${ir.op} `)})`;
    case 'not':
    case 'absent':
    case 'lower':
    case 'size':
      return `${ir.op}(${show(ir.of)})`;
    case 'in':
      return `(${show(ir.value)} in/${ir.as} ${show(ir.list)})`;
    case 'member':
      return `(${show(ir.value)} member ${many(ir.many)})`;
    case 'count':
      return `count(${many(ir.many)})`;
    case 'string':
      return `${ir.how}(${show(ir.value)}, ${show(ir.part)})`;
    case 'concat':
    case 'between':
    case 'distance':
      return `${ir.op}(${show(ir.left)}, ${show(ir.right)})`;
    case 'arith':
      return `(${show(ir.left)} ${ir.sign} ${show(ir.right)})`;
    case 'shift':
      return `shift(${show(ir.time)}, ${ir.sign < 0 ? '-' : ''}${show(ir.by)})`;
    case 'conditional':
      return `(${show(ir.test)} ? ${show(ir.then)} : ${show(ir.otherwise)})`;
    case 'quantifier':
      return `${ir.how}(${'list' in ir.over ? `${show(ir.over.list)} as e${ir.over.element}` : `${many(ir.over.many)} as r${ir.over.row.id}`}, ${show(ir.body)})`;
  }
}

const uuid = '0190c5ba-4a5e-7c3a-9f00-00000000000a';

describe('what is meant', () => {
  test.each<[string, string]>([
    ['record.title == title', '(r0.title eq/text r0.title)'],
    ['title != "x"', 'not((r0.title eq/text "x":text))'],
    ['views == 5', '(r0.views eq/int 5:int)'],
    ['5.0 == views', '(5:int eq/int r0.views)'],
    ['views > 1.5', '(r0.views gt/number 1.5:number)'],
    ['score == 5', '(r0.score eq/number 5:number)'],
    ['price == 1.10', '(r0.price eq/decimal "1.1":decimal)'],
    ['price > 99999999999999999999.001', '(r0.price gt/decimal "99999999999999999999.001":decimal)'],
    ['price == 1e3', '(r0.price eq/decimal "1000":decimal)'],
    ['price == -12e-3', '(r0.price eq/decimal "-0.012":decimal)'],
    ['price == views', '(r0.price eq/decimal r0.views)'],
    ['price > score', '(r0.price gt/number r0.score)'],
    ['views == score', '(r0.views eq/number r0.score)'],
    ['-(5) < views', '(-5:int lt/int r0.views)'],
    ['owner == null', 'absent(r0.owner)'],
    ['null != owner', 'not(absent(r0.owner))'],
    ['has(meta.a.b)', 'not(absent(r0.meta#a.b))'],
    ['has(auth.name)', 'not(absent(@auth.name))'],
    ['auth == null', 'absent(@auth)'],
    ['auth != null', 'not(absent(@auth))'],
    ['auth.key != null', 'not(absent(@auth.key))'],
    ['null == null', 'true:bool'],
    ['(title == "x") == null', 'false:bool'],
    ['owner == auth.id', '((@auth.collection eq/text "users":text) and (r0.owner eq/id @auth.id))'],
    ['auth.id != owner', 'not(((@auth.collection eq/text "users":text) and (@auth.id eq/id r0.owner)))'],
    ['id == auth.id', '((@auth.collection eq/text "posts":text) and (r0.id eq/id @auth.id))'],
    ['owner.team == auth.team', '(owner>team eq/id @auth.team)'],
    ['auth.id in members', '((@auth.collection eq/text "users":text) and (@auth.id member r0.members))'],
    [
      'auth.id in [owner, reviewer]',
      '(((@auth.collection eq/text "users":text) and (@auth.id eq/id r0.owner)) or ((@auth.collection eq/text "users":text) and (@auth.id eq/id r0.reviewer)))',
    ],
    ['auth.id == auth.id', '(@auth.id eq/id @auth.id)'],
    [`owner == "${uuid.toUpperCase()}"`, `(r0.owner eq/id "${uuid}":id)`],
    ['owner == "me"', 'false:bool'],
    ['owner != "me"', 'not(false:bool)'],
    ['"me" in members', 'false:bool'],
    [`owner in ["me", "${uuid}"]`, `(r0.owner in/id ["${uuid}"]:list)`],
    ['owner in ["me"]', 'false:bool'],
    ['status in ["draft", "published"]', '(r0.status in/text ["draft","published"]:list)'],
    ['views in [1, 2.5]', '(r0.views in/number [1,2.5]:list)'],
    ['title in []', 'false:bool'],
    ['title in ["a", owner.name]', '((r0.title in/text ["a"]:list) or (r0.title eq/text owner>name))'],
    ['title not in tags', 'not((r0.title in/text r0.tags))'],
    ['"x" in tags', '("x":text in/text r0.tags)'],
    ['"a" in auth.roles', '("a":text in/text @auth.roles)'],
    ['meta.plan.tier == "pro"', '(r0.meta#plan.tier eq/json "pro":text)'],
    ['meta.seats > 5', '(r0.meta#seats gt/json 5:int)'],
    ['meta.user == owner', '(r0.meta#user eq/json r0.owner)'],
    ['auth.prefs.dark == true', '(@auth.prefs#dark eq/json true:bool)'],
    ['created > "2024-02-29T12:00:00.1239+01:00"', '(r0.created gt/time 1709204400123:time)'],
    ['created == "0099-12-31"', '(r0.created eq/time -59011545600000:time)'],
    ['created > timestamp("2024-01-01")', '(r0.created gt/time 1704067200000:time)'],
    ['created > now - duration("24h")', '(r0.created gt/time shift(@now, -86400000:duration))'],
    ['created > now - duration("1d") - duration("1h") + duration("3d")', '(r0.created gt/time shift(@now, 169200000:duration))'],
    ['now - created < duration("1d12h30m5.5s250ms")', '(between(@now, r0.created) lt/duration 131405750:duration)'],
    ['due == "2024-02-29"', '(r0.due eq/day "2024-02-29":day)'],
    ['due == today()', '(r0.due eq/day @today.UTC)'],
    ['due < today("America/Argentina/Buenos_Aires")', '(r0.due lt/day @today.America/Argentina/Buenos_Aires)'],
    ['distance(place, geo(-52.5, 13)) < 5000', '(distance(r0.place, {"lat":-52.5,"lon":13}:geo) lt/number 5000:number)'],
    ['due < day("2025-01-01")', '(r0.due lt/day "2025-01-01":day)'],
    ['title + "x" == "yx"', '(concat(r0.title, "x":text) eq/text "yx":text)'],
    ['views + 1 > score - 2', '((r0.views + 1:int) gt/number (r0.score - 2:number))'],
    [
      'title.startsWith("a%") && title.lowerAscii().contains(\'b\')',
      '(startsWith(r0.title, "a%":text) and contains(lower(r0.title), "b":text))',
    ],
    [
      'size(title) > 1 && tags.size() == 0 && size(members) < 3',
      '((size(r0.title) gt/int 1:int) and (size(r0.tags) eq/int 0:int) and (count(r0.members) lt/int 3:int))',
    ],
    ['pinned || pinned && !pinned', '(r0.pinned or (r0.pinned and not(r0.pinned)))'],
    ['(pinned ? owner.name : reviewer.name) == "x"', '((r0.pinned ? owner>name : reviewer>name) eq/text "x":text)'],
    ['(pinned ? views : null) > 1', '((r0.pinned ? r0.views : null:int) gt/int 1:int)'],
    ['members.exists(m, m.team.active && m.age >= 18)', 'exists(r0.members as r1, (team>active and (r1.age ge/int 18:int)))'],
    ['tags.all(t, t.startsWith("x"))', 'all(r0.tags as e1, startsWith(e1, "x":text))'],
    ['members.exists_one(m, m.id == owner)', 'exists_one(r0.members as r1, (r1.id eq/id r0.owner))'],
    [
      'collections.memberships.exists(m, m.user == auth.id && m.post == record.id)',
      'exists(all memberships as r1, ((@auth.collection eq/text "users":text) and (r1.user eq/id @auth.id) and (r1.post eq/id r0.id)))',
    ],
    ['members.exists(title, title.name == "x")', 'exists(r0.members as r1, (r1.name eq/text "x":text))'],
    ['request.method == "GET"', '(@request.method eq/text "GET":text)'],
    ['title == "__proto__"', '(r0.title eq/text "__proto__":text)'],
  ])('%s', (source, meaning) => {
    expect(show(checkText(source).ir)).toBe(meaning);
  });

  test('a hop is taken once, however often it is named', () => {
    const { ir } = checkText('owner.name == "a" && owner.team.name == "b" && record.owner.age > 1');
    const rows = new Set<number>();
    JSON.stringify(ir, (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && 'origin' in value && 'id' in value && typeof value.id === 'number')
        rows.add(value.id);
      return value;
    });
    expect(rows.size).toBe(3);
  });
});

describe('scopes', () => {
  test('at create every row is the row to be', () => {
    const checked = checkText('record.title == next.title && changed.owner', { scope: 'create' });
    expect(show(checked.ir)).toBe('((r0.title eq/text r0.title) and changed owner)');
    expect([checked.root.origin.kind, checked.next]).toEqual(['next', checked.root]);
  });
  test('at update there are two rows', () => {
    const checked = checkText('title == next.title', { scope: 'update' });
    expect(show(checked.ir)).toBe('(r0.title eq/text r1.title)');
    expect([checked.root.origin.kind, checked.next?.origin.kind]).toEqual(['record', 'next']);
  });
  test.each<[string, CheckOptions['scope']]>([
    ['next.title == "x"', 'read'],
    ['next.title == "x"', 'filter'],
    ['changed.title', 'read'],
    ['collections.users.exists(u, true)', 'filter'],
    ['collections.users.exists(u, true)', 'default'],
    ['request.ip == "::1"', 'filter'],
    ['record.title == "x"', 'default'],
    ['input.x == 1', 'read'],
  ])('%s is not in %s', (source, scope) => {
    expect(refusal(() => checkText(source, { scope })).code).toBe('unknown_name');
  });
  test('a field is no name where there is no record', () => {
    expect(refusal(() => checkText('title == "x"', { scope: 'default' })).code).toBe('unknown_name');
  });
  test('values', () => {
    const value = (source: string, scope: CheckOptions['scope']): string =>
      show(checkValue(parse(source, ruleLimits), { ...baseOptions, scope }).ir);
    expect(value('auth.id', 'default')).toBe('@auth.id');
    expect(value('now', 'default')).toBe('@now');
    expect(value('owner.name', 'filter')).toBe('owner>name');
    expect(value('"x"', 'default')).toBe('"x":text');
    expect(refusal(() => value('members', 'filter')).code).toBe('many_value');
    expect(refusal(() => value('auth', 'default')).code).toBe('object_value');
  });
});

test.each<[string, string, string?]>([
  ['ownr == null', 'unknown_field', 'Did you mean "owner"?'],
  ['owner.nam == "x"', 'unknown_field', 'Did you mean "name"?'],
  ['zzzzzz == 1', 'unknown_field'],
  ['auht == null', 'unknown_field', 'Did you mean "auth"?'],
  ['constructor == 1', 'unknown_field'],
  ['__proto__ == 1', 'unknown_field'],
  ['record.constructor == 1', 'unknown_field'],
  ['auth.toString == 1', 'unknown_field'],
  ['auth.rols == 1', 'unknown_field', 'Did you mean "roles"?'],
  ['collections.constructor.exists(x, true)', 'unknown_collection'],
  ['collections.user.exists(x, true)', 'unknown_collection', 'Did you mean "users"?'],
  ['title.hasOwnProperty("x")', 'unknown_function'],
  ['toString()', 'unknown_function'],
  ['title.startWith("x")', 'unknown_function', 'Did you mean "startsWith"?'],
  ['members.team == 1', 'many_access'],
  ['members == null', 'many_value'],
  ['owner.name.x == 1', 'no_fields'],
  ['auth.team.name == "x"', 'no_fields'],
  ['title', 'not_bool'],
  ['1', 'not_bool'],
  ['null', 'not_bool'],
  ['record', 'not_bool'],
  ['!title', 'not_bool'],
  ['pinned && views', 'not_bool'],
  ['title == 1', 'type_mismatch'],
  ['views == "5"', 'type_mismatch'],
  ['pinned == 1', 'type_mismatch'],
  ['owner == 1', 'type_mismatch'],
  ['owner == title', 'type_mismatch'],
  ['owner == owner.team', 'type_mismatch'],
  ['owner.team in members', 'type_mismatch'],
  ['place == 1', 'type_mismatch'],
  ['place == geo(1, 2)', 'type_mismatch'],
  ['score + 1.1e300 > 0', 'bad_number'],
  ['distance(place, title) < 1', 'type_mismatch'],
  ['distance(place) < 1', 'arguments'],
  ['geo(90.5, 0) == null', 'bad_number'],
  ['geo(score, 0) == null', 'const_argument'],
  ['due == today("Europe/Atlantis")', 'bad_zone'],
  ['due == today("+01:00")', 'bad_zone'],
  ['due == today(title)', 'const_argument'],
  ['created == due', 'type_mismatch'],
  ['meta.at == created', 'type_mismatch'],
  ['price + 1 > 2', 'type_mismatch'],
  ['created + created == now', 'type_mismatch'],
  ['title - "x" == "y"', 'type_mismatch'],
  ['(pinned ? auth.id : owner) == owner', 'type_mismatch'],
  ['(pinned ? 1 : title) == 1', 'type_mismatch'],
  ['tags == tags', 'list_compare'],
  ['tags == ["a"]', 'list_value'],
  ['owner == record', 'row_value'],
  ['owner == auth', 'object_value'],
  ['title in null', 'not_list'],
  ['title in owner', 'not_list'],
  ['title.exists(x, true)', 'not_list'],
  ['null in tags', 'null_value'],
  ['title in ["a", null]', 'null_value'],
  ['title < null', 'null_value'],
  ['title.contains(null)', 'null_value'],
  ['pinned < true', 'no_order'],
  ['meta.a < meta.b', 'no_order'],
  ['meta.a < true', 'no_order'],
  ['status == "publised"', 'unknown_value', 'Did you mean "published"?'],
  ['"x" != status', 'unknown_value'],
  ['status in ["draft", "publishe"]', 'unknown_value', 'Did you mean "published"?'],
  ['views == 9007199254740992', 'unsafe_int'],
  ['views == -9007199254740993', 'unsafe_int'],
  ['score == 1e999', 'bad_number'],
  ['price == 1e9999', 'bad_number'],
  ['price == 1e-309', 'bad_number'],
  ['created > "2024-02-30"', 'bad_time'],
  ['created > "2024-13-01T00:00:00Z"', 'bad_time'],
  ['created > "0000-01-01"', 'bad_time'],
  ['created > "2024-01-01T24:00:00Z"', 'bad_time'],
  ['created > "10000-01-01"', 'bad_time'],
  ['created > "infinity"', 'bad_time'],
  ['created > timestamp("x")', 'bad_time'],
  ['due == "2023-02-29"', 'bad_day'],
  ['created > now - duration("24")', 'bad_duration'],
  ['created > now - duration("")', 'bad_duration'],
  ['created > now - duration("9999999d")', 'bad_duration'],
  ['created > now - duration("1000000d") - duration("1000000d")', 'bad_duration'],
  ['created + (now - created) > now', 'const_duration'],
  ['created > timestamp(title)', 'const_argument'],
  ['title == "\\u0000"', 'bad_string'],
  ['title == "\\ud800"', 'bad_string'],
  ['size(title, title) == 1', 'arguments'],
  ['title.size(1) == 1', 'arguments'],
  ['tags.exists(t)', 'arguments'],
  ['tags.exists("t", true)', 'bad_variable'],
  ['tags.exists(auth, true)', 'bad_variable'],
  ['owner.boss.boss.boss.boss.boss.name == "x"', 'too_many_hops'],
  ['members.exists(a, a.posts.exists(b, b.members.exists(c, true)))', 'too_many_quantifiers'],
  ['-views == 1', 'unsupported'],
  ['title == $x', 'unknown_param'],
])('%s is refused as %s', (source, code, hint = '') => {
  const error = refusal(() => checkText(source));
  expect(error.code).toBe(code);
  expect(error.hint?.startsWith('Did you mean') ? error.hint : '').toBe(hint);
  expect(error.start).toBeGreaterThanOrEqual(0);
  expect(error.end).toBeLessThanOrEqual(source.length);
});

test('an error stands where the fault is', () => {
  const { start, end, message } = refusal(() => checkText('status == "draft" && owner.nam == "x"'));
  expect('status == "draft" && owner.nam == "x"'.slice(start, end)).toBe('nam');
  expect(message).toBe('Unknown field "nam" on "users"');
  expect(refusal(() => checkText('status == "publised"')).message).toBe('"publised" is not one of draft, published, archived');
});

test('five hops are taken, and quantifiers may be two deep', () => {
  expect(show(checkText('owner.boss.boss.boss.boss.name == "x"').ir)).toBe('(boss>name eq/text "x":text)');
  expect(checkText('members.exists(a, a.posts.exists(b, b.title == a.name && b.owner == record.owner))').ir.op).toBe('quantifier');
});

describe('parameters', () => {
  const meaning = (source: string, params: Readonly<Record<string, unknown>>, textParams = false): string =>
    show(checkText(source, { params, textParams }).ir);
  test.each<[string, unknown, string]>([
    ['title == $x', 'a', '(r0.title eq/text "a":text)'],
    ['title == $x', null, 'absent(r0.title)'],
    ['title != $x', null, 'not(absent(r0.title))'],
    ['views == $x', 5, '(r0.views eq/int 5:int)'],
    ['views == $x', -0, '(r0.views eq/int 0:int)'],
    ['price == $x', 0.1, '(r0.price eq/decimal "0.1":decimal)'],
    ['created > $x', new Date(5), '(r0.created gt/time 5:time)'],
    ['created > $x', '2024-01-01', '(r0.created gt/time 1704067200000:time)'],
    ['pinned == $x', true, '(r0.pinned eq/bool true:bool)'],
    ['title in $x', ['a', 'b'], '(r0.title in/text ["a","b"]:list)'],
    ['owner == $x', 'nobody', 'false:bool'],
  ])('%s with %j', (source, x, expected) => {
    expect(meaning(source, { x })).toBe(expected);
  });
  test.each<[string, unknown, string]>([
    ['title == $x', undefined, 'undefined_value'],
    ['title in $x', ['a', undefined], 'undefined_value'],
    ['title in $x', new Array<string>(2), 'undefined_value'],
    ['title in $x', ['a', null], 'null_value'],
    ['title in $x', [['a']], 'bad_param'],
    ['title in $x', Array<string>(1001).fill('a'), 'list_too_long'],
    ['title == $x', { a: 1 }, 'bad_param'],
    ['score == $x', Number.NaN, 'bad_param'],
    ['score == $x', Infinity, 'bad_param'],
    ['views == $x', 2 ** 60, 'unsafe_int'],
    ['created == $x', new Date(Number.NaN), 'bad_param'],
    ['title == $x', 'a\0b', 'bad_string'],
    ['title < $x', null, 'null_value'],
    ['views == $x', '5', 'type_mismatch'],
  ])('%s with %p is refused as %s', (source, x, code) => {
    expect(refusal(() => checkText(source, { params: { x } })).code).toBe(code);
  });
  test('names of parameters are own keys', () => {
    expect(refusal(() => checkText('title == $constructor', { params: {} })).code).toBe('unknown_param');
    expect(refusal(() => checkText('title == $__proto__', { params: {} })).code).toBe('unknown_param');
  });
  test.each<[string, string, string]>([
    ['views > $x', '100', '(r0.views gt/int 100:int)'],
    ['$x < views', '100', '(100:int lt/int r0.views)'],
    ['views > $x', '1.5', '(r0.views gt/number 1.5:number)'],
    ['score == $x', '1.5', '(r0.score eq/number 1.5:number)'],
    ['price == $x', '1.50', '(r0.price eq/decimal "1.5":decimal)'],
    ['pinned == $x', 'true', '(r0.pinned eq/bool true:bool)'],
    ['title == $x', '100', '(r0.title eq/text "100":text)'],
    ['views + $x > 1', '100', '((r0.views + 100:int) gt/number 1:number)'],
    ['due == $x', '2024-01-01', '(r0.due eq/day "2024-01-01":day)'],
  ])('as text: %s with %j', (source, x, expected) => {
    expect(meaning(source, { x }, true)).toBe(expected);
  });
  test('as text: an integer that no double holds is refused', () => {
    expect(refusal(() => checkText('views > $x', { params: { x: '9007199254740993' }, textParams: true })).code).toBe('unsafe_int');
  });
  test.each([
    ['views > $x', 'ten'],
    ['views > $x', ''],
    ['pinned == $x', '1'],
    ['price == $x', '1,5'],
    ['created > $x', 'yesterday'],
  ])('as text: %s with %j is refused', (source, x) => {
    expect(refusal(() => checkText(source, { params: { x }, textParams: true })).code).toBe('bad_param');
  });
});

describe('mentions and renames', () => {
  test('every mention of a field is found, with its place and collection', () => {
    const source = 'owner.name == title && next.title != record.title && !changed.title && members.exists(m, m.name == title)';
    const { mentions } = checkText(source, { scope: 'update' });
    expect(mentions.map(({ collection, field, start, end }) => `${collection}.${field}=${source.slice(start, end)}@${start}`)).toEqual([
      'posts.owner=owner@0',
      'users.name=name@6',
      'posts.title=title@14',
      'posts.title=title@28',
      'posts.title=title@44',
      'posts.title=title@62',
      'posts.members=members@71',
      'users.name=name@91',
      'posts.title=title@99',
    ]);
  });
  const rename = (source: string, collection: string, from: string, to: string): string =>
    renameMentions(source, checkText(source, { scope: 'update' }).mentions, (mention) =>
      mention.collection === collection && mention.field === from ? to : undefined,
    );
  test.each([
    [
      "title = 'title' or next.title=='x' and !changed.title",
      'posts',
      'title',
      'headline',
      '!',
      'headline == "title" || next.headline == "x" && !changed.headline',
    ],
    ['owner.name == title', 'users', 'name', 'title', '', 'owner.title == title'],
    ['owner.name == "x" && record . owner == auth.id', 'posts', 'owner', 'author', '', 'author.name == "x" && record.author == auth.id'],
    ['owner == auth.id', 'users', 'owner', 'author', '', 'owner == auth.id'],
    ['members.exists(m, m.team == owner.team)', 'posts', 'owner', 'm', '', 'members.exists(m, m.team == record.m.team)'],
    [
      'collections.memberships.exists(m, m.user == owner)',
      'memberships',
      'user',
      'u',
      '',
      'collections.memberships.exists(m, m.u == owner)',
    ],
  ])('%s: %s.%s → %s', (source, collection, from, to, _why, expected) => {
    expect(rename(source, collection, from, to)).toBe(expected);
  });
});
