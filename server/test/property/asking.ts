/** Random rules for the collections of the suite, and random requests, as text for HTTP and as data for the judge. */
import { query } from '../support/app.ts';
import type { Format } from './exporting.ts';
import { randomRule } from './generate.ts';
import type { AggregateRequest, Expands, Group, ListRequest, Sort, Where } from './owed.ts';
import type { Random } from './random.ts';
import { printSearch, randomSearch } from './searching.ts';
import { shapes } from './shapes.ts';
import { units } from './together.ts';
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

/** Where a field is searchable its rule asks for the caller alone. */
export const randomReadOfSearched = (random: Random): string | null =>
  random.pick([...momentary.slice(0, 2), 'auth != null', 'auth.collection == "users"', 'auth.level != 1.5', 'auth.team != null', null]);

/** What a collection asks at every door, on top of its rules. */
export function randomGuard(random: Random, collection: string): string {
  const at = random.pick(usual[collection] ?? ['true']);
  return random.chance(0.5) ? at : `(${randomRule({ random, scope: 'read', ids }, collection, random.pick([0, 1]))}) || ${at}`;
}

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
const summed: Readonly<Record<string, readonly string[]>> = {
  posts: ['owner.age', 'price', 'cost', 'cost', 'owner.wallet'],
  users: ['age', 'level', 'wallet', 'boss.wallet'],
  notes: ['rank', 'author.wallet'],
  teams: ['quota'],
};
const timed: Readonly<Record<string, readonly string[]>> = {
  posts: ['at', 'due', 'created', 'owner.born', 'owner.team.founded'],
  users: ['born', 'created', 'team.founded'],
  notes: ['created', 'post.at', 'post.due'],
  teams: ['founded', 'created'],
};
const wheres: Readonly<Record<string, readonly (readonly [Where['object'], string])[]>> = {
  posts: [
    [(x) => ({ score: { gte: x } }), 'score >= $x'],
    [(x) => ({ or: [{ pub: true }, { n: { lt: x } }] }), 'pub == true || n < $x'],
    [() => ({ owner: { team: { active: true } } }), 'owner.team.active == true'],
    [() => ({ not: { status: { in: ['draft', 'archived'] } } }), '!(status in ["draft", "archived"])'],
    [() => ({ notes: { some: { rank: { gt: 0 } } } }), 'notes.exists(v, v.rank > 0)'],
    [() => ({ members: { none: { age: { gt: 17 } } } }), '!members.exists(v, v.age > 17)'],
    [() => ({ owner: null }), 'owner == null'],
    [() => ({ body: { contains: 'a' } }), 'body.contains("a")'],
  ],
  users: [
    [(x) => ({ level: { lt: x } }), 'level < $x'],
    [(x) => ({ boss: { level: { gte: x } } }), 'boss.level >= $x'],
    [() => ({ team: { active: true }, name: { ne: 'a' } }), 'team.active == true && name != "a"'],
    [() => ({ joined: { every: { pub: true } } }), 'joined.all(v, v.pub == true)'],
  ],
  notes: [
    [(x) => ({ rank: { between: [-1, x] } }), 'rank >= -1 && rank <= $x'],
    [() => ({ post: { pub: true } }), 'post.pub == true'],
    [(x) => ({ author: { team: { quota: { gte: x } } } }), 'author.team.quota >= $x'],
  ],
  teams: [
    [(x) => ({ quota: { ne: x } }), 'quota != $x'],
    [() => ({ people: { some: { age: { gt: 17 } } } }), 'people.exists(v, v.age > 17)'],
  ],
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

function randomWhere(random: Random, collection: string): Where {
  const [object, text] = random.pick(wheres[collection] ?? [[(x: unknown) => ({ level: { ne: x } }), 'level != $x'] as const]);
  return { object, text };
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

/** The same as it stands in a body. */
export const randomExpandOf = (random: Random, collection: string): unknown => bodyOf(randomExpand(random, collection, 1));

export const randomCollection = (random: Random): string =>
  random.pick(['posts', 'posts', 'posts', 'users', 'notes', 'notes', 'teams', 'staff']);

export function randomList(random: Random): ListRequest {
  const collection = randomCollection(random);
  const limit = random.pick([3, inUrl, 80]);
  return {
    collection,
    ...(random.chance(0.6) ? { filter: randomFilter(random, collection) } : {}),
    ...(limit !== inUrl && random.chance(0.3) ? { where: randomWhere(random, collection) } : {}),
    params: { x: 0 },
    sort: random.chance(0.8) ? randomSort(random, collection) : [{ path: 'created', descending: true, last: false }],
    ...(random.chance(0.25) ? { fields: [random.pick(sortable[collection] ?? ['id']).split('.')[0] ?? ''] } : {}),
    expand: random.chance(0.6) ? randomExpand(random, collection, 1) : {},
    limit,
  };
}
/** Of so many records is asked in the address, where the words themselves are remembered; else in a body. */
const inUrl = 30;

export function randomFinding(random: Random): ListRequest {
  const { filter: _filter, where: _where, ...rest } = randomList(random);
  const collection = random.pick(['posts', 'posts', 'users', 'notes']);
  return {
    ...rest,
    collection,
    ...(random.chance(0.2) ? { filter: randomFilter(random, collection) } : {}),
    search: randomSearch(random),
    sort: randomSort(random, collection),
    expand: {},
    ...(rest.fields ? { fields: [random.pick(sortable[collection] ?? []).split('.')[0] ?? ''] } : {}),
  };
}

export interface ExportRequest extends ListRequest {
  readonly format: Format;
}
/** Everything that there is, of some words or of some fields; a table has no place for related records. */
export function randomExport(random: Random, format: Format): ExportRequest {
  const { where: _where, filter, ...one } = random.chance(0.3) ? randomFinding(random) : randomList(random);
  const isTable = format === 'csv';
  return {
    ...one,
    ...(filter !== undefined && random.chance(0.5) ? { filter } : {}),
    ...(one.search === undefined ? {} : { search: { ...one.search, highlight: false } }),
    expand: isTable ? {} : one.expand,
    // Of records that bring others along the product takes no more at once.
    limit: random.pick([7, isTable ? 1000 : 80]),
    format,
  };
}

export function randomAggregate(random: Random): AggregateRequest {
  const collection = random.pick(['posts', 'posts', 'users', 'notes', 'teams']);
  const paths = sortable[collection] ?? [];
  const some = (): string => random.pick(paths);
  const ordered = paths.filter((path) => !['pub', 'active', 'owner', 'team'].includes(path));
  return {
    collection,
    group: randomGroups(random, some, timed[collection] ?? []),
    select: {
      k: ['count', ''],
      c: ['count', some()],
      d: ['countDistinct', some()],
      s: ['sum', random.pick(summed[collection] ?? [])],
      v: ['avg', random.pick(summed[collection] ?? [])],
      a: ['min', random.pick(ordered)],
      z: ['max', random.pick(ordered)],
    },
    ...(random.chance(0.4) ? { filter: randomFilter(random, collection) } : {}),
    ...(random.chance(0.5) ? { where: randomWhere(random, collection) } : {}),
    params: { x: 0 },
    atLeast: random.chance(0.4) ? 2 : undefined,
  };
}

function randomGroups(random: Random, some: () => string, times: readonly string[]): readonly Group[] {
  const plain = [...new Set(Array.from({ length: random.below(3) }, some))].map((path) => ({ path }));
  if (random.chance(0.5)) return plain;
  const path = random.pick(times);
  const part = { by: random.pick(units), zone: random.pick(['UTC', 'Asia/Tokyo', 'America/Los_Angeles', 'Europe/Berlin']) };
  return [...plain.slice(0, 1).filter((one) => one.path !== path), { path, part }];
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

export function spellList({ collection, filter, where, params, search, sort, fields, expand, limit }: ListRequest): Spelled {
  const found = search === undefined ? {} : { search: printSearch(search), highlight: search.highlight };
  const common = {
    limit,
    count: 'exact',
    sort: sort.map(printSort),
    ...(fields ? { fields } : {}),
    ...(filter ? { filter } : {}),
    ...found,
  };
  const asObject = where === undefined ? {} : { where: where.object(params['x']) };
  if (limit !== inUrl)
    return { request: `POST /records/${collection}/query`, body: { ...common, ...asObject, params, expand: bodyOf(expand) } };
  return { request: `GET /records/${collection}${query({ ...textsOf(common), ...optionsOf(expand, ''), 'p.x': String(params['x']) })}` };
}
export function spellExport({ collection, filter, params, search, sort, fields, expand, limit, format }: ExportRequest): string {
  const found = search === undefined ? {} : { search: printSearch(search) };
  const common = { format, limit, sort: sort.map(printSort), ...(fields ? { fields } : {}), ...(filter ? { filter } : {}), ...found };
  return `GET /records/${collection}/export${query({ ...textsOf(common), ...optionsOf(expand, ''), 'p.x': String(params['x']) })}`;
}
const textsOf = (parameters: object): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));

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
export const spellAggregate = ({ collection, group, select, filter, where, params, atLeast }: AggregateRequest): Spelled => ({
  request: `POST /records/${collection}/aggregate`,
  body: {
    group: group.map(({ path, part }) => ({
      field: path,
      ...(path.includes('.') ? { as: path.replaceAll('.', '_') } : {}),
      ...(part === undefined ? {} : { by: part.by, ...(part.zone === 'UTC' ? {} : { tz: part.zone }) }),
    })),
    select: Object.fromEntries(Object.entries(select).map(([name, [how, field]]) => [name, `${how}(${field})`])),
    ...(filter === undefined ? {} : { filter }),
    ...(where === undefined ? {} : { where: where.object(params['x']) }),
    params,
    ...(atLeast === undefined ? {} : { having: `k >= ${atLeast}` }),
    limit: 1000,
  },
});
