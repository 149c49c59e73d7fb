/** What the suites of the language share: a small world to check against, and randomness that can be repeated. */
import { ExprError, ruleLimits } from '../src/expr/ast.ts';
import { check } from '../src/expr/check.ts';
import type { Checked } from '../src/expr/check.ts';
import type { CollectionModel, FieldModel, SchemaModel, Ty } from '../src/expr/model.ts';
import { parse } from '../src/expr/parse.ts';
import type { CheckOptions } from '../src/expr/state.ts';

const text: Ty = { kind: 'text' };
const id = (of: string): Ty => ({ kind: 'id', of });

function collection(name: string, fields: Readonly<Record<string, Ty>>, many: Readonly<Record<string, string>> = {}): CollectionModel {
  const all: FieldModel[] = [
    { name: 'id', ty: id(name) },
    { name: 'created', ty: { kind: 'time' } },
    ...Object.entries(fields).map(([field, ty]) => ({ name: field, ty })),
    ...Object.entries(many).map(([field, to]) => ({ name: field, ty: { kind: 'list', of: id(to) } as const, many: { to } })),
  ];
  return { name, fields: new Map(all.map((field) => [field.name, field])) };
}

const collections: ReadonlyMap<string, CollectionModel> = new Map(
  [
    collection(
      'posts',
      {
        title: text,
        status: { kind: 'text', values: ['draft', 'published', 'archived'] },
        score: { kind: 'number' },
        views: { kind: 'int' },
        price: { kind: 'decimal' },
        pinned: { kind: 'bool' },
        due: { kind: 'day' },
        tags: { kind: 'list', of: text },
        meta: { kind: 'json' },
        place: { kind: 'geo' },
        owner: id('users'),
        reviewer: id('users'),
      },
      { members: 'users', comments: 'comments' },
    ),
    collection('users', { name: text, age: { kind: 'int' }, team: id('teams'), boss: id('users') }, { posts: 'posts' }),
    collection('teams', { name: text, active: { kind: 'bool' } }, { users: 'users' }),
    collection('comments', { post: id('posts'), author: id('users'), body: text }),
    collection('memberships', { user: id('users'), post: id('posts') }),
  ].map((model) => [model.name, model]),
);
export const schema: SchemaModel = { collection: (name) => collections.get(name), names: () => [...collections.keys()] };

export const baseOptions: CheckOptions = {
  schema,
  collection: 'posts',
  scope: 'read',
  auth: new Map<string, Ty>([
    ['name', text],
    ['team', id('teams')],
    ['born', { kind: 'time' }],
    ['prefs', { kind: 'json' }],
  ]),
  limits: ruleLimits,
};

export const checkText = (source: string, options: Partial<CheckOptions> = {}): Checked =>
  check(parse(source, ruleLimits), { ...baseOptions, ...options });

/** The error that `run` throws; anything but an ExprError is thrown on, and no error is one too. */
export function refusal(run: () => unknown): ExprError {
  try {
    run();
  } catch (error) {
    if (error instanceof ExprError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** Repeatable randomness (mulberry32). `SEED=…` repeats a run. */
export function randomness(name: string): Random {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`${name}: seed ${seed}\n`);
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { seed, below, chance: (share) => next() < share, pick: (items) => pickAt(items, below(items.length)) };
}
export interface Random {
  readonly seed: number;
  readonly below: (limit: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
}
function pickAt<T>(items: readonly T[], index: number): T {
  for (const item of items.slice(index, index + 1)) return item;
  throw new Error('nothing to pick from');
}

/** A tree without its places, to compare what two texts mean. */
export function bare(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => (key === 'start' || key === 'end' || key === 'nameStart' ? undefined : item)),
  );
}
