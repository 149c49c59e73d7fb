/** The tools of the rule editor: lints with examples, differences, traces. */
import { describe, expect, test } from '@jest/globals';
import { compile } from '../src/expr/evaluate.ts';
import { diff } from '../src/expr/diff.ts';
import { explain } from '../src/expr/explain.ts';
import type { RuleSet, Trace, Vocabulary } from '../src/expr/findings.ts';
import { fold } from '../src/expr/fold.ts';
import { lint } from '../src/expr/lint.ts';
import type { Subject } from '../src/expr/world.ts';
import { emptyWorld } from '../src/expr/world.ts';
import { baseOptions, checkText } from './support.ts';

const vocabulary: Vocabulary = { schema: baseOptions.schema, auth: baseOptions.auth, collection: 'posts' };
const codes = (set: RuleSet): readonly string[] => lint(vocabulary, set).map(({ code, rule }) => `${rule ?? 'collection'}: ${code}`);
const ofRule = (rule: string): readonly string[] => codes({ rules: { list: rule } });

describe('lints', () => {
  test.each([
    'status == "draft" && status == "published"',
    'score > 5 && score < 3',
    'views > 5 && views < 6',
    'title == null && title.startsWith("x")',
    'auth == null && owner == auth.id',
    'auth.id != null && auth == null',
    'owner == auth.id && owner == null',
    '!(status == "draft") && status == "draft"',
    'owner.name == "x" && owner == null',
    'members.exists(m, m.age > 5 && m.age < 3)',
    'members.size() == 0 && members.exists(m, true)',
    'tags.size() > 2 && tags.size() < 2',
    'created > now && created < now - duration("1h")',
    'due > today() && due < day("1990-01-01")',
    'meta.plan == "pro" && meta.plan == "free"',
  ])('never true: %s', (rule) => {
    expect(ofRule(rule)).toContain('list: never_true');
  });
  test.each(['status == "draft" || status != "draft"', 'title == null || has(title)', 'members.all(m, m.age > 3 || !(m.age > 3))'])(
    'always true: %s',
    (rule) => {
      expect(ofRule(rule)).toContain('list: always_true');
    },
  );
  test.each([
    'owner.team == auth.team && auth != null',
    'score > 5 && score < 6',
    'owner == auth.id || status == "published"',
    'members.exists(m, m.id == auth.id)',
    'auth.id in members && members.size() > 3',
    'collections.memberships.exists(m, m.user == auth.id && m.post == record.id)',
    'title.startsWith("a") && title.endsWith("b") == false',
    '"editor" in auth.roles',
    'distance(place, geo(52.5, 13.4)) < 5000',
    'title.startsWith("a") && title.endsWith("b")',
    'title.size() > 10 && title.startsWith("a")',
    'score > 5 && score < 5.2',
    'score + views == 7.25 && score < 1',
    'title > "a" && title < "aa"',
    'meta.a > 5 && meta.a < 5.3',
    'meta.user == owner && owner != null',
    'meta.plan.tier == "pro" && meta.plan.seats > 5 && auth.prefs.dark == true',
    '"a" in tags && "b" in tags && !("c" in tags) && "d" in tags',
    'views < score && score < price && price > 0',
    'created - due_at > duration("1h")'.replace('due_at', 'owner.created'),
    'true',
    'false',
  ])('nothing to say of %s', (rule) => {
    expect(ofRule(rule)).toEqual([]);
  });

  test('anonymous may write', () => {
    expect(
      codes({
        rules: { create: 'owner != auth.id', update: 'owner == auth.id && !changed.owner', view: 'true', delete: 'auth.verified != false' },
      }),
    ).toEqual(['create: anonymous_may_write', 'delete: anonymous_may_write']);
    expect(codes({ rules: { delete: 'true' }, guard: 'owner == auth.id' })).toEqual([]);
  });

  test('ownership can change hands', () => {
    const found = lint(vocabulary, { rules: { update: 'owner == auth.id', view: 'true' } });
    expect(found.map(({ code, start, end }) => [code, start, end])).toEqual([['ownership_can_change', 0, 16]]);
    const [{ example } = {}] = found;
    expect(example?.record['owner']).toBe(example?.auth?.['id']);
    expect(example?.next?.['owner']).not.toBe(example?.auth?.['id']);
    for (const update of ['owner == auth.id && !changed.owner', 'owner == auth.id && next.owner == auth.id'])
      expect(codes({ rules: { update, view: 'true' } })).toEqual([]);
    expect(codes({ rules: { update: 'owner == auth.id', view: 'true' }, writes: { owner: 'owner == null' } })).toEqual([]);
    expect(codes({ rules: { update: 'owner == auth.id', view: 'true' }, writes: { owner: null } })).toEqual([]);
  });

  test('can write a field that nobody reads', () => {
    const rules = { create: 'auth != null', update: 'owner == auth.id && !changed.owner', view: 'true' };
    expect(codes({ rules, reads: { views: null } })).toEqual(['create: written_unseen', 'update: written_unseen']);
    expect(codes({ rules: { ...rules, create: null }, reads: { views: null, score: 'auth != null' } })).toEqual(['update: written_unseen']);
    expect(codes({ rules, reads: { views: null }, writes: { views: null } })).toEqual([]);
    expect(codes({ rules: { view: 'true', update: null }, reads: { views: null } })).toEqual([]);
    const [found] = lint(vocabulary, { rules, reads: { views: null } });
    expect([found?.message, found?.example?.auth]).toEqual([expect.stringContaining('"views"'), expect.anything()]);
  });

  test('can update what it cannot view', () => {
    const rules = { view: 'owner == auth.id || status == "published"', update: '"editor" in auth.roles' };
    expect(codes({ rules })).toContain('update: update_without_view');
    expect(codes({ rules: { ...rules, view: 'true' } })).toEqual([]);
    expect(codes({ rules: { list: 'true', update: '"editor" in auth.roles' } })).toEqual([]);
  });

  test('all over a list that may be empty', () => {
    expect(ofRule('members.all(m, m.age > 3)')).toEqual(['list: all_over_empty']);
    expect(ofRule('members.size() > 0 && members.all(m, m.age > 3)')).toEqual([]);
    expect(ofRule('tags.all(t, t.startsWith("x"))')).toEqual(['list: all_over_empty']);
  });

  test('time, and guards', () => {
    expect(ofRule('created > now - duration("1h")')).toEqual(['list: depends_on_now']);
    expect(ofRule('due == today("Europe/Berlin")')).toEqual(['list: depends_on_now']);
    expect(codes({ rules: {}, othersAreGuarded: true })).toEqual(['collection: missing_guard']);
    expect(codes({ rules: {}, guard: 'auth != null', othersAreGuarded: true })).toEqual([]);
  });

  test('what does not check is passed over', () => {
    expect(ofRule('titel == "x"')).toEqual([]);
    expect(ofRule('(((')).toEqual([]);
  });
});

describe('differences', () => {
  const told = (before: string | null, after: string | null): string => {
    const { allowed, denied, exhaustive } = diff(vocabulary, 'list', before, after);
    const who = (entries: typeof allowed): string => entries.map((entry) => entry.who).join(' ');
    return `+${who(allowed)} -${who(denied)} ${exhaustive}`;
  };
  test.each([
    ['owner == auth.id || status == "published"', 'owner == auth.id || status != "draft"', '+anonymous account - true'],
    ['auth != null', 'owner == auth.id', '+ -account true'],
    ['owner == auth.id', 'auth.id == owner', '+ - true'],
    ['owner == auth.id', 'reviewer == auth.id', '+account -account true'],
    [null, 'true', '+anonymous account - true'],
    ['true', null, '+ -anonymous account true'],
    ['!(title == "a" && pinned)', 'title != "a" || !pinned', '+ - true'],
    ['members.exists(m, m.age > 18)', 'members.exists(m, m.age >= 18)', '+anonymous account - true'],
    ['members.all(m, m.team.active == true)', 'members.exists(m, m.team.active)', '+anonymous account -anonymous account true'],
    ['"a" in auth.roles', '"a" in auth.roles || "b" in auth.roles', '+account - true'],
    ['price > 1.5', 'price >= 1.5', '+anonymous account - true'],
  ])('%s → %s', (before, after, expected) => {
    expect(told(before, after)).toBe(expected);
  });

  test('an example shows the difference', () => {
    const [before, after] = ['owner.team == auth.team', 'owner.team == auth.team || status == "published" && views > 10'];
    const { allowed } = diff(vocabulary, 'list', before, after);
    expect(allowed.map(({ who }) => who)).toEqual(['anonymous', 'account']);
    expect(allowed[0]?.example).toMatchObject({ auth: null, record: { status: 'published', views: 11 } });
    const json = diff(vocabulary, 'list', null, 'meta.plan.tier == "pro" && created < now');
    expect(json.allowed[0]?.example.record).toMatchObject({ meta: { plan: { tier: 'pro' } }, created: expect.stringMatching(/^20/) });
  });
});

describe('traces', () => {
  const owner = '0190c5ba-4a5e-7c3a-9f00-00000000000b';
  const context = { auth: { id: owner, collection: 'users', roles: ['editor'], name: 'Ada' }, now: 0 };
  const subject: Subject = {
    record: { id: '1', owner, status: 'draft', title: null, tags: ['a', 'bb'], views: 7 },
    world: { ...emptyWorld, record: (collection, id) => ({ id, name: `${collection}!` }) },
  };
  const trace = (text: string): Trace => explain(text, checkText(text).ir, context, subject).trace;
  const lines = (node: Trace, depth = 0): readonly string[] => [
    `${' '.repeat(depth)}${node.decisive ? '*' : ' '} ${node.text} = ${JSON.stringify(node.value)}`,
    ...node.children.flatMap((child) => lines(child, depth + 1)),
  ];

  test('each clause has its value, and says whether it decides', () => {
    expect(lines(trace('status=="published" or (views>5 and title!=null)'))).toEqual([
      '* status == "published" || views > 5 && title != null = false',
      ' * status == "published" = false',
      '  * status = "draft"',
      ' * views > 5 && title != null = false',
      '    views > 5 = true',
      '     views = 7',
      '  * title != null = false',
      '   * title = null',
    ]);
  });
  test('what the checker adds to auth.id is told', () => {
    expect(lines(trace('owner == auth.id')).map((line) => line.trim())).toEqual([
      '* owner == auth.id = true',
      '* auth.collection == "users" = true',
      '* auth.collection = "users"',
      '* owner == auth.id = true',
      `* owner = "${owner}"`,
      `* auth.id = "${owner}"`,
    ]);
  });
  test('a quantifier tells how many, and the first few', () => {
    const { items } = trace('tags.all(t, t.size() > 1)');
    expect([items?.total, items?.holding, items?.shown.map(({ item }) => item)]).toEqual([2, 1, ['a', 'bb']]);
    expect(items?.shown[0]?.trace.value).toBe(false);
  });
  test('it comes to what the evaluator comes to', () => {
    for (const text of [
      'owner.name == "users!" && views > 3',
      '!(title == "x") && tags.exists(t, t == "a")',
      'pinned ? views > 1 : views > 10',
    ]) {
      const folded = fold(checkText(text).ir, context);
      expect(trace(text).value).toBe(folded.verdict === 'depends' ? compile(folded.ir)(subject).holds : folded.verdict === 'always');
    }
  });
});
