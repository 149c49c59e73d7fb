/** A world of rows at the edges, in tables that the product made, and those who ask about it. */
import type { Stored } from '@underpin/sdk/expr/findings';
import type { World } from '@underpin/sdk/expr/world';
import { systemCtx } from '../../src/ctx.ts';
import type { Actor } from '../../src/kit/actor.ts';
import { ident } from '../../src/kit/sql.ts';
import { callerOf, type Caller } from '../../src/records/policy.ts';
import { rowColumns, storedRow } from '../../src/records/rules/memory.ts';
import { schemaOf, type Schema } from '../../src/schema/load.ts';
import { naming } from '../../src/schema/model.ts';
import type { TestApp } from '../support/app.ts';
import { collections, open, userFields } from './collections.ts';
import type { Random } from './random.ts';
import * as edge from './values.ts';

export async function defineWorld(up: TestApp): Promise<void> {
  const must = async (request: string, body: unknown): Promise<void> => {
    const answer = await up.send(request, { token: up.owner, body });
    if (answer.status >= 300) throw new Error(`${request}: ${answer.text}`);
  };
  // First the tables and then the rules, which go through relations both ways.
  for (const { rules: _rules, fields, ...rest } of collections.slice(0, 2))
    await must('POST /collections', { ...rest, fields: fields.map(unguarded) });
  const users = (await up.send('GET /collections/users', { token: up.owner })).body;
  await must('PATCH /collections/users', { fields: [...users.fields.map(optional), ...userFields.map(unguarded)] });
  for (const { rules: _rules, fields, ...rest } of collections.slice(2))
    await must('POST /collections', { ...rest, fields: fields.map(unguarded) });
  const ruled = [
    ...collections,
    { name: 'users', fields: userFields, rules: { ...open, list: 'level != 1.5 || id == auth.id || team == auth.team' } },
  ];
  for (const { name, fields, rules } of ruled) {
    const stored = (await up.send(`GET /collections/${name}`, { token: up.owner })).body.fields;
    const rulesOf = (field: { name: string }): object => {
      const own: object | undefined = fields.find((one) => one.name === field.name);
      return own !== undefined && 'rules' in own ? { ...field, rules: own.rules } : field;
    };
    await must(`PATCH /collections/${name}`, { fields: stored.map(rulesOf), rules });
  }
}
/** Other guards for every collection; what the product does not take is tried again with others. */
export async function guardWorld(up: TestApp, guardOf: (collection: string) => string): Promise<void> {
  for (const { name } of [...collections, { name: 'users' }]) {
    let status = 0;
    for (let tries = 0; tries < 20 && status !== 200; tries += 1)
      ({ status } = await up.send(`PATCH /collections/${name}`, { token: up.owner, body: { guard: guardOf(name) } }));
    if (status !== 200) throw new Error(`no guard for ${name}`);
  }
}
const unguarded = (field: object): object => ({ ...field, rules: undefined });
const optional = (field: object): object => ({ ...field, required: false });

const counts = { teams: 5, users: 14, staff: 4, posts: 60, notes: 50 };
export const idOf = (collection: keyof typeof counts, index: number): string => {
  // The first of staff has the id of the first of users: ids are unique in their collection only.
  const group = collection === 'staff' && index === 0 ? 'users' : collection;
  return `${String(Object.keys(counts).indexOf(group)).padStart(8, '0')}-0000-4000-8000-${String(index).padStart(12, '0')}`;
};

/** The null of JSON is the absence of a value, and stored as such. */
const jsonText = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
const point = ({ lat, lon }: { lat: number; lon: number }): string => `(${lon},${lat})`;

/** Fills the tables as superuser, past every rule. */
export async function fillWorld(up: TestApp, random: Random): Promise<void> {
  const some = <T>(absent: number, values: readonly T[]): T | null => (random.chance(absent) ? null : random.pick(values));
  const one = (absent: number, collection: keyof typeof counts): string | null =>
    random.chance(absent) ? null : idOf(collection, random.below(counts[collection]));
  const time = (absent: number): string | null =>
    some(
      absent,
      edge.times.map((ms) => new Date(ms).toISOString()),
    );
  const put = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> => {
    const names = Object.keys(row);
    const places = names.map((_name, index) => `$${index + 1}`).join(', ');
    await up.sql(`INSERT INTO ${table} (${names.map(ident).join(', ')}) VALUES (${places})`, Object.values(row)).catch((error: unknown) => {
      throw new Error(`${table} ${JSON.stringify(row)}`, { cause: error });
    });
  };
  const each = async (collection: keyof typeof counts, row: (index: number) => Readonly<Record<string, unknown>>): Promise<void> => {
    for (let index = 0; index < counts[collection]; index += 1)
      await put(`public.${collection}`, { id: idOf(collection, index), ...stamps(), ...row(index) });
  };
  const stamps = () => ({ created: time(0), updated: time(0), version: 1 });
  await each('teams', (index) => ({
    name: some(0.2, edge.texts),
    active: [true, false, null, true, false][index],
    quota: some(0.2, [0, 1, 2]),
    founded: some(0.2, edge.days),
    base: point(random.pick(edge.points)),
  }));
  const account = (index: number) => ({
    email: `account${index}@example.com`,
    verified: random.chance(0.5),
    disabled: false,
    roles: random.chance(0.3) ? [] : [random.pick(['editor', 'a', 'admin']), random.pick(['a', 'staff', 'B'])],
    name: index === 9 ? null : some(0.2, edge.texts),
    level: index === 9 ? null : some(0.2, [0, 1, 1.5, 3]),
  });
  await each('staff', account);
  await each('users', (index) => ({
    ...account(index),
    ...(index === 9
      ? {}
      : {
          age: some(0.2, [5, 17, 18, 40]),
          motto: some(0.2, edge.prose),
          wallet: some(0.2, edge.decimals),
          born: time(0.2),
          prefs: jsonText(edge.json(random)),
          home: some(0.3, edge.points.map(point)),
          team: idOf('teams', index % 3),
          boss: index > 0 && random.chance(0.7) ? idOf('users', random.below(index)) : null,
        }),
  }));
  await each('posts', () => ({
    title: some(0.2, edge.texts),
    body: some(0.2, edge.texts),
    status: some(0.15, edge.statuses),
    about: some(0.2, edge.prose),
    memo: some(0.2, edge.prose),
    score: some(0.2, edge.numbers),
    n: some(0.2, edge.integers),
    price: some(0.2, edge.decimals),
    cost: some(0.2, edge.decimals),
    pub: some(0.25, [true, false]),
    pin: some(0.25, [true, false]),
    due: some(0.2, edge.days),
    at: time(0.2),
    upd: time(0.2),
    meta: random.chance(0.1) ? null : jsonText(edge.json(random)),
    place: some(0.25, edge.points.map(point)),
    owner: one(0.25, 'users'),
    reviewer: one(0.4, 'users'),
    clerk: one(0.4, 'staff'),
  }));
  await each('notes', () => ({
    text: some(0.2, edge.texts),
    rank: some(0.2, [-1, 0, 0.1, 5]),
    about: some(0.2, edge.prose),
    post: one(0.1, 'posts'),
    author: one(0.3, 'users'),
  }));
  await fillLists(up, random, 'posts', 'members');
  await fillLists(up, random, 'users', 'follows');
}

async function fillLists(up: TestApp, random: Random, name: 'posts' | 'users', field: string): Promise<void> {
  const junction = (await schemaOf(systemCtx(up.app.base))).byName.get(name)?.byName.get(field)?.junction;
  for (let index = 0; index < counts[name]; index += 1) {
    const users = new Set(Array.from({ length: random.below(4) }, () => random.below(counts.users)));
    let position = 0;
    for (const user of users) {
      await up.sql(`INSERT INTO ${junction} (source, target, position) VALUES ($1, $2, $3)`, [
        idOf(name, index),
        idOf('users', user),
        position++,
      ]);
    }
  }
}

/** Everything that is stored, read through the driver as the server reads it. */
export interface Known {
  readonly schema: Schema;
  readonly rows: ReadonlyMap<string, readonly Stored[]>;
  readonly world: World;
  readonly callers: readonly { readonly name: string; readonly caller: Caller }[];
}

export async function readWorld(up: TestApp): Promise<Known> {
  const ctx = systemCtx(up.app.base);
  const schema = await schemaOf(ctx);
  const rows = new Map<string, readonly Stored[]>();
  const raw = new Map<string, Readonly<Record<string, unknown>>>();
  for (const collection of schema.collections) {
    if (collection.system) continue;
    const read = await ctx.db.run({ text: `SELECT ${rowColumns(collection, 't')} FROM ${collection.table} t ORDER BY t."id"` });
    rows.set(
      collection.name,
      read.rows.map((row) => storedRow(collection, row)),
    );
    for (const row of read.rows) raw.set(`${collection.name}/${String(row['id'])}`, row);
  }
  const account = (collection: string, index: number): Actor => {
    const id = idOf(collection === 'staff' ? 'staff' : 'users', index);
    return { kind: 'account', address: '127.0.0.1', collection, id, session: '', record: raw.get(`${collection}/${id}`) ?? {} };
  };
  const asking: readonly (readonly [string, Actor])[] = [
    ['anonymous', { kind: 'anonymous', address: '127.0.0.1' }],
    ['an owner', account('users', 0)],
    ['of another team', account('users', 1)],
    ['of another collection, with the same id as an owner', account('staff', 0)],
    ['with null fields', account('users', 9)],
  ];
  const callers = asking.map(([name, actor]) => ({ name, caller: callerOf({ ...ctx, actor, now: edge.now }, schema) }));
  return { schema, rows, world: memoryWorld(schema, rows), callers };
}

function memoryWorld(schema: Schema, rows: ReadonlyMap<string, readonly Stored[]>): World {
  const byId = new Map([...rows].flatMap(([name, list]) => list.map((row) => [`${name}/${String(row['id'])}`, row] as const)));
  const idsOf = (list: readonly Stored[]): readonly string[] => list.map((row) => String(row['id']));
  const lists = new Map<string, readonly string[]>();
  const list = (name: string, field: string, id: string): readonly string[] => {
    const key = `${name}.${field}/${id}`;
    const link = naming(schema).many(name, field);
    const found = lists.get(key) ?? idsOf((rows.get(link.owner) ?? []).filter((row) => pointsAt(row[link.field], id)));
    lists.set(key, found);
    return found;
  };
  return { record: (name, id) => byId.get(`${name}/${id}`) ?? null, list, all: (name) => idsOf(rows.get(name) ?? []) };
}

const pointsAt = (value: unknown, id: string): boolean => value === id || (Array.isArray(value) && value.includes(id));
