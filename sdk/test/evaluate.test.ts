/** The evaluator on a world that is known in parts, and what conditions need. That it decides as Postgres does is held by server/test/property. */
import { describe, expect, test } from '@jest/globals';
import { classify } from '../src/expr/classify.ts';
import { compile } from '../src/expr/evaluate.ts';
import { fold } from '../src/expr/fold.ts';
import type { Ir } from '../src/expr/ir.ts';
import type { MemoryView, World } from '../src/expr/world.ts';
import { emptyWorld } from '../src/expr/world.ts';
import { checkText } from './support.ts';

const ada = '0190c5ba-4a5e-7c3a-9f00-00000000000b';
const context = { auth: { id: ada, collection: 'users' }, now: 0 };
const folded = (text: string): Ir => {
  const result = fold(checkText(text).ir, context);
  if (result.verdict !== 'depends') throw new Error(`${text} is ${result.verdict}`);
  return result.ir;
};
const open: MemoryView = { guard: () => [], mask: () => [], back: () => undefined };

describe('what a condition needs', () => {
  test.each([
    ['title == "x" && owner == auth.id', 'local'],
    ['meta.a == 1 || created > now', 'local'],
    ['owner.name == "x"', 'prefetch'],
    ['auth.id in members', 'prefetch'],
    ['members.exists(m, m.age > 3)', 'prefetch'],
    ['comments.size() > 3', 'prefetch'],
    ['collections.memberships.exists(m, m.user == auth.id && m.post == record.id)', 'batched'],
    ['title == "x" || distance(place, geo(1, 2)) < 5', 'database'],
  ])('%s: %s', (text, need) => {
    expect([classify(folded(text)), classify(folded(text), open)]).toEqual([need, need]);
  });
  test('the guards and masks on its way count', () => {
    const batched = folded('collections.memberships.exists(m, m.post == record.id)');
    const masked: MemoryView = { ...open, mask: (collection, field) => (`${collection}.${field}` === 'posts.title' ? [batched] : []) };
    expect(classify(folded('title == "x"'), masked)).toBe('batched');
    expect(classify(folded('score == 1'), masked)).toBe('local');
    const guarded: MemoryView = { ...open, guard: (collection) => (collection === 'users' ? [batched] : []) };
    expect(classify(folded('owner.name == "x"'), guarded)).toBe('batched');
    expect(classify(folded('owner == auth.id'), guarded)).toBe('local');
  });
});

describe('a world that is known in parts', () => {
  const record = { id: '1', owner: ada, reviewer: ada, title: 'x', members: [ada] };
  const decide = (text: string, world: World = emptyWorld) => compile(folded(text))({ record, world });
  test('says what is missing', () => {
    expect(decide('owner.name == "Ada"').missing).toEqual([{ kind: 'record', collection: 'users', id: ada }]);
    expect(decide('comments.size() == 0').missing).toEqual([{ kind: 'list', collection: 'posts', field: 'comments', id: '1' }]);
    expect(decide('collections.teams.size() == 0').missing).toEqual([{ kind: 'all', collection: 'teams' }]);
  });
  test.each([
    ['owner.name == "Ada" || title == "x"', true],
    ['owner.name == "Ada" && title == "y"', false],
    ['title == "x" || owner.name == "Ada"', true],
    ['!(owner.name == "Ada" && title == "y")', true],
    ['auth.id in members', true],
    ['members.size() == 1', true],
  ])('does not ask for what decides nothing: %s', (text, holds) => {
    expect(decide(text)).toEqual({ holds, missing: [] });
  });
  test('one step at a time', () => {
    const known = new Map([['users', { id: ada, team: ada, name: null }]]);
    const world: World = { ...emptyWorld, record: (collection) => known.get(collection) };
    expect(decide('owner.team.active', world).missing).toEqual([{ kind: 'record', collection: 'teams', id: ada }]);
    expect(decide('owner.name == "x"', world)).toEqual({ holds: false, missing: [] });
  });
  test('an item that is uncertain decides nothing', () => {
    const world: World = { ...emptyWorld, record: (collection) => (collection === 'users' ? { id: ada, age: 5 } : undefined) };
    const subject = { record: { ...record, members: [ada] }, world };
    expect(compile(folded('members.exists(m, m.age > 3)'))(subject)).toEqual({ holds: true, missing: [] });
    expect(compile(folded('members.exists(m, m.age > 3)'), { ...open, guard: () => [missingHop] })(subject).missing).not.toEqual([]);
  });
});

/** A guard that looks at a record nobody knows. */
const missingHop: Ir = {
  op: 'absent',
  of: {
    op: 'column',
    row: {
      id: 1,
      collection: 'teams',
      origin: { kind: 'hop', row: { id: 0, collection: 'users', origin: { kind: 'record' } }, field: 'id' },
    },
    field: 'name',
    ty: { kind: 'text' },
    start: 0,
    end: 0,
  },
  ty: { kind: 'bool' },
  start: 0,
  end: 0,
};
