/** Random rules and requests of which many speak of the row and the caller alone, as what is followed mostly does. */
import { randomExpandOf, randomRead } from './asking.ts';
import { randomRule } from './generate.ts';
import type { Random } from './random.ts';
import * as edge from './values.ts';
import { idOf } from './world.ts';

const ids = [idOf('users', 0), idOf('users', 1), idOf('teams', 0), idOf('posts', 3), idOf('staff', 1)];

const plain: Readonly<Record<string, readonly string[]>> = {
  posts: [
    ...[
      'pub',
      'pub || owner == auth.id',
      'owner == auth.id',
      'owner == auth.id || reviewer == auth.id',
      'status != "draft"',
      'pin != true',
    ],
    ...[
      'n > 0 || pin',
      'title != auth.name',
      'score < auth.level',
      'owner in auth.follows || pub',
      'clerk == auth.id',
      'meta.a != auth.prefs.a',
    ],
  ],
  users: ['id == auth.id', 'team == auth.team', 'level != 1.5', '"editor" in roles || id == auth.id', 'roles.exists(x, x in auth.roles)'],
  notes: ['author == auth.id', 'rank > 0', 'rank != auth.level', 'author == auth.id || author == auth.boss', 'text >= "a"'],
  teams: ['active', 'id == auth.team', 'quota != 1'],
  staff: ['auth != null', 'level != 1.5', 'id == auth.id', 'roles.all(x, x != "admin")'],
};

export const randomPlain = (random: Random, collection: string): string => {
  const one = (): string => random.pick(plain[collection] ?? ['true']);
  return random.branch([
    [4, one],
    [1, () => `${one()} && !(${one()})`],
    [1, () => `(${one()}) || ${one()}`],
    [3, () => 'true'],
  ]);
};

/** What a rule says; now and then of other records too. */
export const randomFollowed = (random: Random, collection: string): string | null =>
  random.chance(0.85) ? randomPlain(random, collection) : randomRead(random, collection);

export const followed = ['posts', 'users', 'notes', 'teams', 'staff'] as const;

const shown: Readonly<Record<string, readonly string[]>> = {
  posts: [
    ...['title', 'body', 'status', 'about', 'memo', 'score', 'n', 'price', 'cost', 'pub', 'pin', 'due', 'at', 'upd', 'meta', 'place'],
    ...['owner', 'reviewer', 'clerk', 'created', 'updated', 'version'],
  ],
  users: ['name', 'email', 'verified', 'roles', 'motto', 'age', 'level', 'wallet', 'born', 'prefs', 'home', 'team', 'boss', 'created'],
  notes: ['text', 'rank', 'about', 'post', 'author', 'created'],
  teams: ['name', 'active', 'quota', 'founded', 'base', 'updated'],
  staff: ['name', 'level', 'email', 'roles', 'verified'],
};
const unordered = new Set(['meta', 'place', 'roles', 'prefs', 'home', 'base']);

const equal: Readonly<Record<string, readonly ((random: Random) => string)[]>> = {
  posts: [
    (random) => `status == "${random.pick(edge.statuses)}"`,
    (random) => `n in [${random.pick(edge.integers)}, ${random.pick(edge.integers)}]`,
    (random) => `owner == "${idOf('users', random.below(14))}"`,
    (random) => `pub == ${random.chance(0.5)} && status in ["draft", "published"]`,
    (random) => `owner == auth.id || reviewer == "${idOf('users', random.below(14))}" || pin`,
    (random) => `score == ${random.pick(edge.numbers)} && !(pub)`,
    (random) => `title == ${JSON.stringify(random.pick(edge.texts))} || body == ${JSON.stringify(random.pick(edge.texts))}`,
    (random) => `body != ${JSON.stringify(random.pick(edge.texts))}`,
    (random) => `price > ${random.pick(edge.decimals)}`,
    (random) => `due == day("${random.pick(edge.days)}")`,
    () => 'owner == null',
  ],
  users: [(random) => `age == ${random.pick([5, 17, 18])}`, () => 'team == auth.team', () => 'boss == null', () => '"a" in roles'],
  notes: [
    (random) => `author == "${idOf('users', random.below(14))}"`,
    (random) => `rank == ${random.pick([0, 0.1, 5])}`,
    () => 'text != null',
  ],
  teams: [() => 'active', () => 'quota in [0, 2]', () => 'founded != null'],
  staff: [() => 'level == 3', () => 'verified'],
};

export interface Followed {
  readonly collection: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export function randomFollowing(random: Random, isPlain: boolean): Followed {
  const collection = random.pick(['posts', 'posts', 'posts', 'users', 'notes', 'teams', 'staff']);
  const names = shown[collection] ?? [];
  const ordered = names.filter((name) => !unordered.has(name));
  const key = (): string => `${random.chance(0.5) ? '-' : ''}${random.pick(ordered)}${random.chance(0.3) ? ':last' : ''}`;
  const sort = random.chance(0.85)
    ? [...new Map([key(), key(), key()].slice(random.below(3)).map((one) => [one.replace(/^-|:last$/g, ''), one])).values()]
    : undefined;
  const filter = random.branch<string | undefined>([
    [2, () => undefined],
    [4, () => random.pick(equal[collection] ?? [() => 'true'])(random)],
    [2, () => `(${random.pick(equal[collection] ?? [() => 'true'])(random)}) && ${randomPlain(random, collection)}`],
    [3, () => randomRule({ random, scope: 'filter', ids }, collection, random.pick([0, 0, 1]))],
  ]);
  const fields = isPlain || random.chance(0.7) ? names.filter(() => random.chance(0.5)) : undefined;
  const expand = isPlain || random.chance(0.6) ? undefined : randomExpandOf(random, collection);
  const some = { filter, sort, fields: fields?.length === 0 ? undefined : fields, expand };
  return { collection, body: Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)) };
}

const ways: readonly (readonly [string, object])[] = [
  ['posts', { sort: ['owner.name'] }],
  ['posts', { filter: 'owner.level != null' }],
  ['posts', { filter: 'reviewer.team.active' }],
  ['posts', { filter: 'notes.exists(v, v.rank >= 0)' }],
  ['posts', { expand: { owner: { fields: ['name'] } } }],
  ['posts', { expand: { notes: { fields: ['rank'], limit: 10 } } }],
  ['notes', { sort: ['-post.n'] }],
  ['notes', { filter: 'post.pub' }],
  ['notes', { expand: { post: { fields: ['n'] }, author: { fields: ['level'] } } }],
  ['teams', { filter: 'people.exists(v, v.level != 1)' }],
  ['teams', { expand: { people: { fields: ['name'], limit: 14 } } }],
];
/** Little of the collection itself, so that what parts two callers lies behind a relation. */
export function randomThrough(random: Random): Followed {
  const [collection, body] = random.pick(ways);
  return { collection, body: { sort: ['id'], fields: ['id'], ...body } };
}
