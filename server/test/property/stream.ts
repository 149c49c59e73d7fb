/** A collection of which nothing is stored: rows as the change log would tell them, and random transactions on them. */
import type { Change, Image, Relation } from '../../src/changes/change.ts';
import { Cache } from '../../src/kit/cache.ts';
import type { Ctx } from '../../src/ctx.ts';
import { parseList } from '../../src/records/parse/list.ts';
import { callerOf, type Caller } from '../../src/records/policy.ts';
import { groupOf, type Group } from '../../src/realtime/groups/group.ts';
import type { Local } from '../../src/realtime/matching/local.ts';
import { Row, toRowChange, type RowChange } from '../../src/realtime/matching/row.ts';
import { buildCollection } from '../../src/schema/collection.ts';
import { makeSchema } from '../../src/schema/load.ts';
import type { Random } from './random.ts';

const things = buildCollection({
  id: '00000000-0000-4000-8000-000000000001',
  name: 'things',
  kind: 'base',
  indexes: [],
  fields: [
    { id: 'f1', name: 'word', type: 'text' },
    { id: 'f2', name: 'width', type: 'number' },
    { id: 'f3', name: 'flag', type: 'bool' },
    { id: 'f4', name: 'due', type: 'day' },
    { id: 'f5', name: 'hidden', type: 'number', integer: true, rules: { read: 'flag == true' } },
    { id: 'f6', name: 'room', type: 'text' },
  ],
  rules: { list: 'width != 3' },
});
const schema = makeSchema(1, [things]);
export const columns = things.fields.map(({ name }) => name);
export const relation: Relation = { oid: 1, schema: 'public', name: 'things', columns, identity: 'full' };
const byKey: Relation = { ...relation, oid: 2, identity: 'key' };
const isKey = columns.map((name) => name === 'id');

/** Nobody, of an installation with this secret that has just started. */
export function nobodyOf(secret: string): Caller {
  const base: Pick<Ctx, 'cache' | 'secret' | 'now' | 'request' | 'actor'> = {
    cache: new Cache(),
    secret,
    now: 0,
    request: { ip: '127.0.0.1', method: 'GET' },
    actor: { kind: 'anonymous', address: '127.0.0.1' },
  };
  // cast: what is made here asks a ctx for no more than this.
  return callerOf(base as Ctx, schema);
}
const nobody = nobodyOf('a secret');

export function anyGroupFor(input: Readonly<Record<string, unknown>>, limit?: number, caller = nobody): Group {
  const asked = parseList(caller, things, { read: () => ({ ...input, text: false }) });
  return groupOf(caller, { collection: things, asked, limit });
}
export function groupFor(input: Readonly<Record<string, unknown>>, limit?: number): Group & { readonly local: Local } {
  const group = anyGroupFor(input, limit);
  if (group.local === undefined) throw new Error('it takes a query');
  return { ...group, local: group.local };
}
const rows = new WeakMap<Image, Row>();
export function rowOf(image: Image): Row {
  const row = rows.get(image) ?? new Row(things, relation, image);
  rows.set(image, row);
  return row;
}
export const changesOf = (changes: readonly Change[]): readonly RowChange[] => changes.map((change) => toRowChange(things, change));

const words = ['', 'a', 'A', 'aB', 'é', '😀', '\uFFFD', '\uE000', '\u{10FFFF}', 'z', '"'];
export const filters = [
  undefined,
  ...['room == "a"', 'room in ["a", "b"]', 'flag == true', 'hidden > 1', 'hidden == null', 'word >= "é"', 'room == "b" || width == 1'],
  ...['!(flag == true) && room == "a"', 'due != null', 'word == "😀" || room == "a" && flag == false'],
];
const paths = ['word', 'width', 'flag', 'due', 'hidden', 'room'] as const;
export type Key = { readonly path: (typeof paths)[number]; readonly descending: boolean; readonly last: boolean };
export const randomSort = (random: Random): readonly Key[] =>
  [...new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(paths)))].map((path) => ({
    path,
    descending: random.chance(0.5),
    last: random.chance(0.4),
  }));
export const printSort = (sort: readonly Key[]): string =>
  sort.map(({ path, descending, last }) => `${descending ? '-' : ''}${path}${last ? ':last' : ''}`).join();

/** All that is stored, by id. */
export type Table = Map<string, Image>;
const idOf = (n: number): string => `01a20080-0000-7000-8000-${String(n).padStart(12, '0')}`;

function randomImage(random: Random, id: string): Image {
  const some = (values: readonly (string | number)[]): string | null => (random.chance(0.25) ? null : String(random.pick(values)));
  const values: Readonly<Record<string, string | null>> = {
    id,
    word: some(words),
    width: some([0, 1, 2, 3, 0.1, 1e300, -1e-7]),
    flag: some(['t', 'f']),
    due: some(['0001-01-01', '2026-11-22', '9999-12-31']),
    hidden: some([1, 2, 3]),
    room: some(['a', 'b', 'c']),
  };
  return columns.map((name) => values[name] ?? (name === 'version' ? '1' : name === 'id' ? id : values[name] === null ? null : moment));
}
const moment = '2026-01-02 03:04:05+00';

export function randomTable(random: Random, most: number): Table {
  return new Map(Array.from({ length: random.below(most) }, () => idOf(random.below(400))).map((id) => [id, randomImage(random, id)]));
}

/** One transaction, done to the table and told of. `tells`: the whole of old rows, or their keys alone. */
export function randomTxn(random: Random, table: Table, tells: 'full' | 'key'): readonly Change[] {
  const of = tells === 'full' ? relation : byKey;
  const old = (image: Image): Image => (tells === 'full' ? image : image.map((text, at) => (isKey[at] ? text : undefined)));
  const changes: Change[] = [];
  const some = (): readonly [string, Image] | undefined => (table.size === 0 ? undefined : random.pick([...table].slice(0, 60)));
  const step = random.branch<() => void>([
    [0.06, () => () => (table.clear(), changes.push({ op: 'truncate', relation: of }))],
    [
      3,
      () => () => {
        const id = idOf(random.below(400));
        if (table.has(id)) return;
        const row = randomImage(random, id);
        table.set(id, row);
        changes.push({ op: 'insert', relation: of, row });
      },
    ],
    [3, () => () => remove(some())],
    [5, () => () => update(some())],
    [
      2,
      () => () => {
        // Many at once, as by a range.
        for (const one of [...table].slice(0, 1 + random.below(40))) if (random.chance(0.7)) remove(one);
      },
    ],
  ]);
  const remove = (one: readonly [string, Image] | undefined): void => {
    if (one === undefined) return;
    table.delete(one[0]);
    changes.push({ op: 'delete', relation: of, old: old(one[1]) });
  };
  const update = (one: readonly [string, Image] | undefined): void => {
    if (one === undefined) return;
    const [id, before] = one;
    const moved = random.chance(0.1) ? idOf(random.below(400)) : id;
    if (moved !== id && table.has(moved)) return;
    const fresh = randomImage(random, moved);
    const row = random.chance(0.15)
      ? before.map((text, at) => (isKey[at] ? moved : text))
      : fresh.map((text, at) => (random.chance(0.6) && !isKey[at] ? before[at] : text));
    table.delete(id);
    table.set(moved, row);
    // A long value that stayed is not told again; the old row tells it.
    const told =
      tells === 'full' ? row.map((text, at) => (text === before[at] && !isKey[at] && random.chance(0.3) ? undefined : text)) : row;
    changes.push({ op: 'update', relation: of, row: told, ...(tells === 'full' || moved !== id ? { old: old(before) } : {}) });
  };
  for (let steps = 1 + random.below(5); steps > 0; steps -= 1) step();
  return changes;
}

/** The order that is owed, told apart from the product's: by the bytes of texts, absent values where the list has them. */
export function sortedBy(sort: readonly Key[], rows: readonly Image[]): readonly Image[] {
  const value = (image: Image, name: string): string | null => image[columns.indexOf(name)] ?? null;
  const seen = (image: Image, path: Key['path']): string | null =>
    path === 'hidden' && value(image, 'flag') !== 't' ? null : value(image, path);
  const keys = [...sort, { path: 'id' as const, descending: sort[0]?.descending === true, last: false }];
  return rows.toSorted((a, b) => {
    for (const { path, descending, last } of keys) {
      const [left, right] = path === 'id' ? [value(a, 'id'), value(b, 'id')] : [seen(a, path), seen(b, path)];
      if (left === null && right === null) continue;
      if (left === null || right === null) return (left === null ? 1 : -1) * (descending && !last ? -1 : 1);
      const order =
        path === 'width' || path === 'hidden' ? Number(left) - Number(right) : Buffer.compare(Buffer.from(left), Buffer.from(right));
      if (order !== 0) return order * (descending ? -1 : 1);
    }
    return 0;
  });
}
