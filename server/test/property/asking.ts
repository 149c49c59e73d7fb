/** Random rules for the collections of the suite, and random requests, as text for HTTP and as data for the judge. */
import { query } from '../support/app.ts';
import { randomRule } from './generate.ts';
import type { AggregateRequest, Expands, ListRequest, Sort } from './owed.ts';
import type { Random } from './random.ts';
import { shapes } from './shapes.ts';
import { idOf } from './world.ts';

const ids = [idOf('users', 0), idOf('users', 1), idOf('teams', 0), idOf('posts', 3), idOf('staff', 1)];
/** Before and after this moment some rules say different things. */
export const turn = Date.UTC(2026, 10, 21, 23, 44);
const soon = JSON.stringify(new Date(turn).toISOString());

const usual: Readonly<Record<string, readonly string[]>> = {
  posts: ['pub', 'owner == auth.id', 'auth.id in members', 'owner.team == auth.team', 'status != "draft"'],
  users: ['id == auth.id', 'team == auth.team', 'level != 1.5', 'auth.id in follows'],
  notes: ['author == auth.id', 'post.pub', 'rank > 0', 'post.owner == auth.id'],
  teams: ['active', 'id == auth.team', 'quota != 1'],
  staff: ['auth != null', 'level != 1.5', 'id == auth.id'],
};
const momentary = [
  `now < timestamp(${soon})`,
  `now >= timestamp(${soon})`,
  `created < now`,
  `created + duration("36h") > now && now < timestamp(${soon})`,
];

export function randomRead(random: Random, collection: string): string | null {
  const at = random.pick(usual[collection] ?? ['true']);
  const any = (): string => randomRule({ random, scope: 'read', ids }, collection, random.pick([0, 0, 1]));
  return random.branch<string | null>([
    [5, () => 'true'],
    [4, () => at],
    [2, () => `(${any()}) || ${at}`],
    [2, any],
    [2, () => `(${random.pick(momentary)}) || ${at}`],
    [1.5, () => random.pick(momentary)],
    [1, () => 'auth != null'],
    [0.3, () => null],
  ]);
}

const sortable: Readonly<Record<string, readonly string[]>> = {
  posts: ['title', 'body', 'status', 'score', 'n', 'pub', 'due', 'at', 'created', 'owner', 'owner.name', 'owner.age', 'owner.team.founded'],
  users: ['name', 'age', 'level', 'born', 'team', 'team.quota', 'boss.age', 'created'],
  notes: ['text', 'rank', 'post.title', 'post.owner.name', 'created'],
  teams: ['name', 'active', 'quota', 'founded'],
  staff: ['name', 'level', 'created'],
};
const relations: Readonly<Record<string, readonly (readonly [string, string, 'one' | 'many'])[]>> = Object.fromEntries(
  Object.entries(shapes).map(([name, { one, many }]) => [
    name,
    [...one.map(([field, to]) => [field, to, 'one'] as const), ...many.map(([field, to]) => [field, to, 'many'] as const)],
  ]),
);
const sums: Readonly<Record<string, readonly string[]>> = {
  posts: ['owner.age'],
  users: ['age', 'level'],
  notes: ['rank'],
  teams: ['quota'],
};

const printSort = ({ path, descending, last }: Sort): string => `${descending ? '-' : ''}${path}${last ? ':last' : ''}`;

const randomSort = (random: Random, collection: string, most = 3): readonly Sort[] =>
  [...new Set(Array.from({ length: 1 + random.below(most) }, () => random.pick(sortable[collection] ?? ['created'])))].map((path) => ({
    path,
    descending: random.chance(0.5),
    last: random.chance(0.3),
  }));

/** Filters in which only a constant changes from asking to asking are of one shape. */
function randomFilter(random: Random, collection: string): string {
  const asks: Readonly<Record<string, string>> = { posts: 'score >= $x', users: 'level < $x', notes: 'rank > $x', teams: 'quota != $x' };
  return random.branch([
    [2, () => asks[collection] ?? 'level != $x'],
    [1, () => `now < timestamp(${soon}) || ${asks[collection] ?? 'level != $x'}`],
    [4, () => randomRule({ random, scope: 'filter', ids }, collection, random.pick([0, 0, 1]))],
  ]);
}

function randomExpand(random: Random, collection: string, depth: number): Expands {
  const picked = new Map((relations[collection] ?? []).filter(() => random.chance(0.35)).map((one) => [one[0], one]));
  return Object.fromEntries(
    [...picked.values()].slice(0, depth > 0 ? 2 : 1).map(([field, to, how]) => [
      field,
      {
        ...(random.chance(0.2) ? { fields: [random.pick(sortable[to] ?? ['created']).split('.')[0] ?? ''] } : {}),
        ...(how === 'many' && random.chance(0.5) ? { limit: 1 + random.below(4) } : { ...(how === 'many' ? { limit: 10 } : {}) }),
        ...(how === 'many' && random.chance(0.4) ? { sort: randomSort(random, to, 2) } : {}),
        ...(how === 'many' && random.chance(0.4) ? { filter: randomFilter(random, to) } : {}),
        ...(depth > 0 && random.chance(0.5) ? { expand: randomExpand(random, to, depth - 1) } : {}),
      },
    ]),
  );
}

export const randomCollection = (random: Random): string =>
  random.pick(['posts', 'posts', 'posts', 'users', 'notes', 'notes', 'teams', 'staff']);

export function randomList(random: Random): ListRequest {
  const collection = randomCollection(random);
  return {
    collection,
    ...(random.chance(0.6) ? { filter: randomFilter(random, collection) } : {}),
    params: { x: 0 },
    sort: random.chance(0.8) ? randomSort(random, collection) : [{ path: 'created', descending: true, last: false }],
    ...(random.chance(0.25) ? { fields: [random.pick(sortable[collection] ?? ['id']).split('.')[0] ?? ''] } : {}),
    expand: random.chance(0.6) ? randomExpand(random, collection, 1) : {},
    limit: random.pick([3, 30, 80]),
  };
}

export function randomAggregate(random: Random): AggregateRequest {
  const collection = random.pick(['posts', 'posts', 'users', 'notes', 'teams']);
  const paths = sortable[collection] ?? [];
  const some = (): string => random.pick(paths);
  const ordered = paths.filter((path) => !['pub', 'active', 'owner', 'team'].includes(path));
  return {
    collection,
    group: [...new Set(Array.from({ length: random.below(3) }, some))],
    select: {
      k: ['count', ''],
      c: ['count', some()],
      d: ['countDistinct', some()],
      s: ['sum', random.pick(sums[collection] ?? [])],
      a: ['min', random.pick(ordered)],
      z: ['max', random.pick(ordered)],
    },
    ...(random.chance(0.6) ? { filter: randomFilter(random, collection) } : {}),
    params: { x: 0 },
    atLeast: random.chance(0.4) ? 2 : undefined,
  };
}

interface Spelled {
  readonly request: string;
  readonly body?: unknown;
}
const bodyOf = (expand: Expands): unknown =>
  Object.fromEntries(
    Object.entries(expand).map(([name, one]) => [
      name,
      { ...one, ...(one.sort ? { sort: one.sort.map(printSort) } : {}), ...(one.expand ? { expand: bodyOf(one.expand) } : {}) },
    ]),
  );

/** As a body, or in the address, where the words themselves are remembered. */
export function spellList({ collection, filter, params, sort, fields, expand, limit }: ListRequest): Spelled {
  const common = { limit, count: 'exact', sort: sort.map(printSort), ...(fields ? { fields } : {}), ...(filter ? { filter } : {}) };
  if (limit !== 30) return { request: `POST /records/${collection}/query`, body: { ...common, params, expand: bodyOf(expand) } };
  const texts: Record<string, string> = Object.fromEntries(Object.entries(common).map(([name, value]) => [name, String(value)]));
  const inUrl = query({ ...texts, ...optionsOf(expand, ''), 'p.x': String(params['x']) });
  return { request: `GET /records/${collection}${inUrl}` };
}
function optionsOf(expand: Expands, prefix: string): Record<string, string> {
  const found: Record<string, string> = {};
  const paths: string[] = [];
  const walk = (tree: Expands, above: string): void => {
    for (const [name, one] of Object.entries(tree)) {
      const path = above + name;
      paths.push(path);
      if (one.fields) found[`expand.${path}.fields`] = one.fields.join();
      if (one.limit !== undefined) found[`expand.${path}.limit`] = String(one.limit);
      if (one.sort) found[`expand.${path}.sort`] = one.sort.map(printSort).join();
      if (one.filter !== undefined) found[`expand.${path}.filter`] = one.filter;
      walk(one.expand ?? {}, `${path}.`);
    }
  };
  walk(expand, prefix);
  return paths.length === 0 ? {} : { ...found, expand: paths.join() };
}
export const spellAggregate = ({ collection, group, select, filter, params, atLeast }: AggregateRequest): Spelled => ({
  request: `POST /records/${collection}/aggregate`,
  body: {
    group: group.map((field) => ({ field, ...(field.includes('.') ? { as: field.replaceAll('.', '_') } : {}) })),
    select: Object.fromEntries(Object.entries(select).map(([name, [how, field]]) => [name, `${how}(${field})`])),
    ...(filter === undefined ? {} : { filter }),
    params,
    ...(atLeast === undefined ? {} : { having: `k >= ${atLeast}` }),
    limit: 1000,
  },
});
