/** To-many relations and back-relations: how they are stored, written, judged and asked through. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { query, startTestApp, type TestApp } from '../support/app.ts';

let up: TestApp;
let ann: { token: string; id: string };
let bob: { token: string; id: string };
const tag: Record<string, string> = {};

beforeAll(async () => {
  up = await startTestApp();
  ann = await up.account('ann');
  bob = await up.account('bob');
  const make = async (body: unknown): Promise<void> =>
    expect((await up.send('POST /collections', { token: up.owner, body })).status).toBe(201);
  await make({
    name: 'tags',
    fields: [
      { name: 'name', type: 'text' },
      { name: 'open', type: 'bool', default: true },
    ],
    rules: { list: 'open == true' },
  });
  await make({
    name: 'posts',
    fields: [
      { name: 'title', type: 'text' },
      { name: 'author', type: 'relation', to: 'users', default: { expr: 'auth.id' }, inverse: 'posts' },
      { name: 'tags', type: 'relation', to: 'tags', many: true, onDelete: 'set null', inverse: 'tagged' },
      { name: 'members', type: 'relation', to: 'users', many: true },
    ],
    rules: {
      list: 'author == auth.id || auth.id in members',
      create: 'author == auth.id && tags.size() <= 3',
      update: 'author == auth.id && next.tags.all(t, t.name != "banned") && (!changed.members || next.members.size() <= 2)',
      delete: 'author == auth.id',
    },
  });
  for (const [name, open] of [
    ['a', true],
    ['b', true],
    ['c', true],
    ['d', true],
    ['hidden', false],
    ['banned', true],
  ] as const) {
    tag[name] = (await up.send('POST /records/tags', { token: up.owner, body: { name, open } })).body.id;
  }
});
afterAll(() => up.close());

const ids = (...names: string[]): string[] => names.map((name) => tag[name] ?? name);
const create = (body: Record<string, unknown>, token = ann.token) => up.send('POST /records/posts', { token, body });
const change = (id: string, body: unknown, token = ann.token) => up.send(`PATCH /records/posts/${id}`, { token, body });
const find = async (filter: string, token = ann.token): Promise<string[]> => {
  const { status, body, text } = await up.send(`GET /records/posts${query({ filter, sort: 'title' })}`, { token });
  if (status !== 200) throw new Error(text);
  return body.data.map(({ title }: { title: string }) => title);
};

describe('a list', () => {
  test('keeps its order, empties by [], and bumps the version', async () => {
    const made = await create({ title: 'order', tags: ids('c', 'a', 'b') });
    expect([made.status, made.body.tags, made.body.members]).toEqual([201, ids('c', 'a', 'b'), []]);
    const turned = await change(made.body.id, { tags: ids('b', 'c') });
    expect([turned.body.tags, turned.body.version]).toEqual([ids('b', 'c'), 2]);
    expect((await up.send(`GET /records/posts/${made.body.id}`, { token: ann.token })).body.tags).toEqual(ids('b', 'c'));
    const emptied = await change(made.body.id, { tags: [] });
    expect([emptied.body.tags, emptied.body.version]).toEqual([[], 3]);
    expect(Object.keys(emptied.body)).not.toContain('_more');
  });

  test('$add and $remove change what is there, and say so once', async () => {
    const { body } = await create({ title: 'change', tags: ids('a') });
    expect((await change(body.id, { tags: { $add: ids('b', 'c', 'a') } })).body.tags).toEqual(ids('a', 'b', 'c'));
    expect((await change(body.id, { tags: { $add: ids('d'), $remove: ids('a', 'c') } })).body.tags).toEqual(ids('b', 'd'));
    expect((await change(body.id, { title: 'changed' })).body.tags).toEqual(ids('b', 'd'));
  });

  test.each<[string, unknown, number, string]>([
    ['null', null, 422, '/tags'],
    ['a single id', '{a}', 422, '/tags'],
    ['an id twice', ['{a}', '{a}'], 422, '/tags'],
    ['what is no id', ['nope'], 422, '/tags/0'],
    ['an id of nothing', ['01a20080-0000-7000-8000-000000000000'], 422, '/tags'],
    ['a record that is not seen', ['{hidden}'], 422, '/tags'],
    ['101 ids', Array.from({ length: 101 }, (_, n) => `01a20080-0000-7000-8000-${String(n).padStart(12, '0')}`), 422, '/tags'],
    ['an unknown operator', { $set: [] }, 422, '/tags/$set'],
    ['add and remove of one', { $add: ['{a}'], $remove: ['{a}'] }, 422, '/tags/$remove'],
  ])('of %s is refused, and nothing changes', async (_name, value, status, pointer) => {
    const { body } = await create({ title: 'refused', tags: ids('b') });
    const sent = JSON.parse(JSON.stringify(value).replace(/\{(\w+)\}/g, (_whole, name: string) => tag[name] ?? ''));
    const answer = await change(body.id, { tags: sent });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([status, pointer]);
    expect((await up.send(`GET /records/posts/${body.id}`, { token: ann.token })).body).toMatchObject({ tags: ids('b'), version: 1 });
  });

  test('a record that it names already may stay, seen or not', async () => {
    const { body } = await create({ title: 'stays', tags: ids('d') });
    await up.send(`PATCH /records/tags/${tag['d']}`, { token: up.owner, body: { open: false } });
    expect((await change(body.id, { tags: ids('d', 'a') })).body.tags).toEqual(ids('d', 'a'));
    await up.send(`PATCH /records/tags/${tag['d']}`, { token: up.owner, body: { open: true } });
  });

  test('rules see the list that is to be', async () => {
    expect((await create({ title: 'four', tags: ids('a', 'b', 'c', 'd') })).status).toBe(403);
    const { body } = await create({ title: 'rules', tags: ids('a') });
    expect((await change(body.id, { tags: { $add: ids('banned') } })).status).toBe(403);
    expect((await change(body.id, { members: [ann.id] })).status).toBe(200);
    expect((await up.sql('SELECT count(*) AS n FROM posts WHERE title = $1', ['four']))[0]).toEqual({ n: '0' });
    const [{ n } = {}] = await up.sql(
      `SELECT count(*) AS n FROM underpin.many_${(await fieldId('tags')).replaceAll('-', '')} WHERE source = $1`,
      [body.id],
    );
    expect(n).toBe('1');
  });

  test('of two writers at once the list is that of one of them', async () => {
    const { body } = await create({ title: 'race', tags: ids('a') });
    for (let round = 0; round < 10; round++) {
      await Promise.all([change(body.id, { tags: ids('b') }), change(body.id, { tags: ids('c') })]);
      const { body: now } = await up.send(`GET /records/posts/${body.id}`, { token: ann.token });
      expect([ids('b'), ids('c')]).toContainEqual(now.tags);
    }
    const adds = await Promise.all(ids('a', 'd').map((id) => change(body.id, { tags: { $add: [id] } })));
    expect(adds.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set((await up.send(`GET /records/posts/${body.id}`, { token: ann.token })).body.tags).size).toBe(3);
  });

  test('a record that goes leaves the lists it was in, and their records have another version', async () => {
    const gone = (await up.send('POST /records/tags', { token: up.owner, body: { name: 'gone' } })).body.id;
    const { body } = await create({ title: 'left', tags: [gone, ...ids('a')] });
    expect((await up.send(`DELETE /records/tags/${gone}`, { token: up.owner })).status).toBe(204);
    expect((await up.send(`GET /records/posts/${body.id}`, { token: ann.token })).body).toMatchObject({ tags: ids('a'), version: 2 });
  });

  test('a record that a list holds fast cannot go', async () => {
    const { body } = await create({ title: 'holds', members: [ann.id] });
    const refused = await up.send(`DELETE /records/users/${ann.id}`, { token: up.owner });
    expect([refused.status, refused.body.code]).toEqual([409, 'reference_violation']);
    expect((await change(body.id, { members: [] })).status).toBe(200);
  });

  test('beyond a hundred is null, and _more says which', async () => {
    const { body } = await create({ title: 'long' });
    await up.sql(`INSERT INTO tags (id, name) SELECT gen_random_uuid(), 'many ' || i FROM generate_series(1, 101) i`);
    await up.sql(
      `INSERT INTO underpin.many_${(await fieldId('tags')).replaceAll('-', '')} (source, target, position) SELECT $1, id, row_number() OVER () FROM tags WHERE name LIKE 'many %'`,
      [body.id],
    );
    const read = await up.send(`GET /records/posts/${body.id}`, { token: ann.token });
    expect([read.body.tags, read.body._more, read.body.version]).toEqual([null, ['tags'], 2]);
  });
});

const fieldId = async (name: string): Promise<string> => {
  const { body } = await up.send('GET /collections/posts', { token: up.owner });
  return body.fields.find((field: { name: string }) => field.name === name).id;
};

describe('filters', () => {
  beforeEach(async () => {
    await up.sql('DELETE FROM posts');
    await create({ title: '1', tags: ids('a', 'b') });
    await create({ title: '2', tags: ids('b', 'hidden').slice(0, 1) });
    await create({ title: '3', tags: [] });
    await create({ title: 'bob’s', tags: ids('a') }, bob.token);
  });

  test.each<[string, string[]]>([
    ['tags.size() == 2', ['1']],
    ['size(tags) == 0', ['3']],
    ['tags.exists(t, t.name == "a")', ['1']],
    ['tags.exists(t, t.name == "b")', ['1', '2']],
    ['tags.all(t, t.name == "b")', ['2', '3']],
    ['!tags.all(t, t.name == "b")', ['1']],
    ['tags.exists_one(t, t.name.startsWith("a") || t.name == "b")', ['2']],
    ['!tags.exists(t, t.name == "b")', ['3']],
    ['tags.exists(t, t.tagged.exists(p, p.title == "1"))', ['1', '2']],
    ['author.posts.exists(p, p.title == "3")', ['1', '2', '3']],
    ['author.posts.size() == 3', ['1', '2', '3']],
  ])('%s', async (filter, titles) => {
    expect(await find(filter)).toEqual(titles);
  });

  test('by an id that stands in the list', async () => {
    const { body } = await up.send(`GET /records/posts${query({ filter: '$tag in tags', 'p.tag': tag['a'] ?? '', sort: 'title' })}`, {
      token: ann.token,
    });
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['1']);
    const posted = await up.send('POST /records/posts/query', {
      token: ann.token,
      body: { where: { tags: { some: { name: 'b' } } }, sort: ['title'] },
    });
    expect(posted.body.data.map(({ title }: { title: string }) => title)).toEqual(['1', '2']);
  });

  test('go through records only where the caller may list them', async () => {
    const { body } = await create({ title: '4' });
    await up.send(`PATCH /records/posts/${body.id}`, { token: up.owner, body: { tags: ids('hidden') } });
    expect(await find('tags.exists(t, t.name == "hidden")')).toEqual([]);
    expect(await find('tags.exists(t, true)')).toEqual(['1', '2']);
    expect(await find('tags.size() == 1 && tags.all(t, t.name == "nothing")')).toEqual(['4']);
    expect(
      (await up.send(`GET /records/tags${query({ filter: 'tagged.exists(p, p.title == "bob’s")' })}`, { token: ann.token })).body.data,
    ).toEqual([]);
    expect(
      (await up.send(`GET /records/tags${query({ filter: 'tagged.exists(p, p.title == "bob’s")' })}`, { token: bob.token })).body.data,
    ).toHaveLength(1);
  });

  test('rules about lists let the right ones in', async () => {
    const { body } = await create({ title: 'shared', members: [] });
    expect((await up.send(`GET /records/posts/${body.id}`, { token: bob.token })).status).toBe(404);
    await up.send(`PATCH /records/posts/${body.id}`, { token: up.owner, body: { members: [bob.id] } });
    expect((await up.send(`GET /records/posts/${body.id}`, { token: bob.token })).status).toBe(200);
  });
});

describe('definitions', () => {
  const define = (field: Record<string, unknown>) =>
    up.send('POST /collections', { token: up.owner, body: { name: 'x', fields: [{ name: 'f', type: 'relation', to: 'tags', ...field }] } });
  test.each<[string, Record<string, unknown>, string]>([
    ['a back-relation with a name that is taken', { inverse: 'name' }, '/fields/0/inverse'],
    ['a back-relation with another’s name', { inverse: 'tagged' }, '/fields/0/inverse'],
    ['a back-relation with a reserved name', { inverse: 'id' }, '/fields/0/inverse'],
    ['a list that is required', { many: true, required: true }, '/fields/0/required'],
    ['a list that cascades', { many: true, onDelete: 'cascade' }, '/fields/0/onDelete'],
  ])('%s is refused', async (_name, field, pointer) => {
    const { status, body } = await define(field);
    expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
  });

  test('a renamed back-relation is followed by the rules that mention it', async () => {
    await up.send('PATCH /collections/tags', {
      token: up.owner,
      body: { rules: { view: 'tagged.exists(p, p.title == "1") || open == true' } },
    });
    const { body } = await up.send('GET /collections/posts', { token: up.owner });
    const fields = body.fields.map((field: { name: string }) =>
      field.name === 'tags' ? { ...field, name: 'labels', inverse: 'labelled' } : field,
    );
    const renamed = await up.send('PATCH /collections/posts', { token: up.owner, body: { fields } });
    expect(renamed.status).toBe(200);
    expect(renamed.body.rules.create).toBe('author == auth.id && labels.size() <= 3');
    expect((await up.send('GET /collections/tags', { token: up.owner })).body.rules.view).toBe(
      'labelled.exists(p, p.title == "1") || open == true',
    );
    expect((await find('labels.exists(t, t.name == "a")')).length).toBeGreaterThan(0);
  });

  test('a list that is dropped takes its junction with it', async () => {
    const id = (await fieldId('labels')).replaceAll('-', '');
    await up.send('PATCH /collections/tags', { token: up.owner, body: { rules: { view: 'true' } } });
    const { body } = await up.send('GET /collections/posts', { token: up.owner });
    const without = {
      fields: body.fields.filter(({ name }: { name: string }) => name !== 'labels'),
      rules: { create: 'true', update: 'true' },
    };
    const asked = await up.send('PATCH /collections/posts', { token: up.owner, body: without });
    expect(asked.body.plan.operations.find(({ kind }: { kind: string }) => kind === 'drop_field').counts.deleted).toBeGreaterThan(0);
    expect(
      (await up.send('PATCH /collections/posts', { token: up.owner, body: { ...without, confirm: asked.body.plan.hash } })).status,
    ).toBe(200);
    expect(await up.sql(`SELECT to_regclass('underpin.many_${id}') AS there`)).toEqual([{ there: null }]);
  });
});
